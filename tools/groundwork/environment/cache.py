"""A cache of validated environment files, kept until the file, its neighbours, the schema or the checks change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from groundwork.environment.content import content

_DIGITS = 32


def recall(path: Path, root: Path) -> dict[str, Any] | None:
    """The cached values of a file that has not changed since it was validated, else None."""
    try:
        return dict(json.loads(_place(path, root).read_text("utf-8")))
    except (OSError, ValueError):
        return None


def keep(path: Path, root: Path, values: Mapping[str, Any]) -> None:
    """Caches the values of a valid file; a failing disk is ignored."""
    with suppress(OSError):
        place = _place(path, root)
        place.parent.mkdir(parents=True, exist_ok=True)
        for old in place.parent.glob(f"{path.stem}-{'?' * _DIGITS}.json"):
            old.unlink(missing_ok=True)
        fresh = place.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(values), "utf-8")
        fresh.replace(place)


def _place(path: Path, root: Path) -> Path:
    found = hashlib.sha256(str(path).encode())
    for file in _looked_at(path, root):
        found.update(os.fsencode(file.name) + b"\0" + content(file) + b"\0")
    return root / ".groundwork" / "checked" / f"{path.stem}-{found.hexdigest()[:_DIGITS]}.json"


def _looked_at(path: Path, root: Path) -> Iterator[Path]:
    """Everything that the validation depends on, including other environment files, which may have the same project."""
    yield path
    yield root / "envs" / "schema.json"
    yield from sorted(other for other in path.parent.glob("*.yaml") if other != path)
    yield from sorted(Path(__file__).parent.glob("*.py"))
