"""What a team's job file for Vertex AI says: machine, image, and where it saves its model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.environment import foreign_yaml
from groundwork.secrets.names import is_of_a_secret, suggested
from groundwork.start import addresses
from groundwork.start.clue import Clue

_WHAT = "Vertex AI job"
_POOLS = re.compile(
    r"(?m)^(?:(?:jobSpec|job_spec):[ \t]*\n(?:(?:[ \t].*)?\n)*?[ \t]+)?(?:workerPoolSpecs|worker_pool_specs):"
)
_MACHINE = re.compile(r"(?m)^[ \t-]*(?:machineType|machine_type):\s*['\"]?([a-z0-9]+-[a-z]+-[0-9]+)\b")
_IMAGE = re.compile(r"(?m)^[ \t-]*(?:imageUri|image_uri):\s*['\"]?([^\s'\"#]+)")
_SAVED_IN = re.compile(r"(?m)^[ \t]*(?:outputUriPrefix|output_uri_prefix):\s*['\"]?gs://([^/\s'\"]+)")


def clues(file_name: str, text: str) -> Iterator[Clue]:
    """Every clue in a YAML file that describes a job; none in others."""
    if not _POOLS.search(text):
        return
    image, machine = _IMAGE.search(text), _MACHINE.search(text)
    address = image[1] if image else ""
    yield Clue(
        _WHAT,
        file_name,
        "train",
        "training train, as identity train; `groundwork jobs submit` reads the file itself, too",
        "training",
        image=addresses.image(address),
        machine=machine[1] if machine else "",
        region=addresses.region(text),
        project=addresses.project(text),
    )
    for bucket in dict.fromkeys(_SAVED_IN.findall(text)):
        yield Clue(_WHAT, file_name, bucket, f"gs://{bucket} is a bucket that identity train writes to", "buckets")
    for name in dict.fromkeys(_keys(_values(text))):
        becomes = (
            f"{name} has its value in this file: replace the key, and store the new one with `groundwork secrets set`"
        )
        yield Clue(_WHAT, file_name, "", becomes)


def _values(text: str) -> Any:
    try:
        return foreign_yaml.values(text.encode())
    except ValueError:
        return None


def _keys(value: Any) -> Iterator[str]:
    """The names of variables that look like secrets and have a value."""
    if isinstance(value, Mapping):
        name, given = str(value.get("name", "")), str(value.get("value") or "")
        if is_of_a_secret(name) and given and not given.startswith("$") and suggested(name):
            yield name
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _keys(one)
