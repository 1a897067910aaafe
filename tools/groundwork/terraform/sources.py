"""The inputs of a saved plan, recorded beside it: the Terraform code, the environment file's values, and the code of functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from groundwork.environment.values import Environment
from groundwork.terraform import packing

FOLDERS = ("infra", "modules")
_READ_BY_TERRAFORM = (".tf", ".json")

Sources = Mapping[str, str]
"""Digests by file, as people name it from the clone's root."""


def sources(root: Path, environment: Environment) -> Sources:
    """The inputs from which a plan of this environment would be made now."""
    files = sorted(file for folder in FOLDERS for file in _files(root / folder))
    found = {file.relative_to(root).as_posix(): _digest(file.read_bytes()) for file in files}
    # Costs and policy exceptions do not affect plans.
    relevant = replace(environment, path=Path(), cost={}, assumptions={}, exceptions=())
    return {**found, environment.file: _digest(repr(relevant).encode()), **packing.digests(environment)}


def note(plan: Path, inputs: Sources) -> None:
    """Records the inputs of a saved plan."""
    _beside(plan).write_text(json.dumps(inputs, indent=1), "utf-8")


def changed(plan: Path, root: Path, environment: Environment) -> list[str]:
    """The files that have changed since a plan was saved; for a plan without a record, those that are newer."""
    now = sources(root, environment)
    try:
        before = json.loads(_beside(plan).read_text("utf-8"))
        return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    except (OSError, ValueError, AttributeError):
        saved_at = plan.stat().st_mtime
        return sorted(name for name in now if _modified(root, environment, name) > saved_at)


def _modified(root: Path, environment: Environment, name: str) -> float:
    file = environment.path if name == environment.file else root / name
    return file.stat().st_mtime


def _files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        inside = file.relative_to(folder).parts
        if file.suffix in _READ_BY_TERRAFORM and file.is_file() and not any(part.startswith(".") for part in inside):
            yield file


def _beside(plan: Path) -> Path:
    return plan.with_suffix(".sources.json")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
