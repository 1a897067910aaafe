"""What a team's job file for Vertex AI says: machine, image, and where it saves its model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.environment.foreign_yaml import camel
from groundwork.secrets.names import is_of_a_secret, suggested
from groundwork.start import addresses, needs
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile

_WHAT = "Vertex AI job"
_POOLS = re.compile(r"(?m)^[ \t]*(?:workerPoolSpecs|worker_pool_specs):")
_MACHINE = re.compile(r"[a-z0-9]+-[a-z]+-[0-9]+")
_BUCKET = re.compile(r"gs://([^/\s]+)")


def clues(file: CodeFile) -> Iterator[Clue]:
    """Every clue in a YAML file that describes a job; none in others."""
    if not _POOLS.search(file.text):
        return
    parts = list(file.parts)
    if not parts:
        yield Clue(_WHAT, file.shown, "cannot be read: it is not a job in YAML")
    elif _is_job(parts[0]):
        yield from _in_job(file, parts)


def _is_job(values: Mapping[str, Any]) -> bool:
    spec = values.get("jobSpec", values)
    return isinstance(spec, dict) and any(camel(str(key)) == "workerPoolSpecs" for key in spec)


def _in_job(file: CodeFile, parts: Sequence[Mapping[str, Any]]) -> Iterator[Clue]:
    images = (str(one["imageUri"]) for one in parts if one.get("imageUri"))
    machines = (str(one["machineType"]) for one in parts if _MACHINE.fullmatch(str(one.get("machineType"))))
    region, project = addresses.region(file.text), addresses.project(file.text)
    becomes = "training train, as identity train; `groundwork jobs submit` reads the file itself, too"
    needed = needs.NeededTraining(addresses.image(next(images, "")), next(machines, ""))
    yield Clue(_WHAT, file.shown, becomes, needed, region, project)
    saved = (_BUCKET.match(str(one.get("outputUriPrefix"))) for one in parts)
    for bucket in dict.fromkeys(found[1] for found in saved if found):
        becomes = f"gs://{bucket} is a bucket that identity train writes to"
        yield Clue(_WHAT, file.shown, becomes, needs.NeededBucket(bucket, "training"))
    given = {str(one.get("name", "")): str(one.get("value") or "") for one in parts if one.get("value")}
    for name, value in given.items():
        if is_of_a_secret(name) and not value.startswith("$") and suggested(name):
            becomes = f"{name} has its value in this file: replace the key, and store the new one with `groundwork secrets set`"
            yield Clue(_WHAT, file.shown, becomes)
