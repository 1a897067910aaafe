"""A file of a team's code."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from groundwork.display import on_one_line
from groundwork.environment import foreign_yaml

_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class CodeFile:
    """A file and the folder that all of the code is in."""

    root: Path
    path: Path

    @cached_property
    def shown(self) -> str:
        """Its path from the root, as text that can stand in a line."""
        return on_one_line(self.path.relative_to(self.root).as_posix())

    @property
    def typed(self) -> str:
        """Its path as a word of a command, from the current folder."""
        return shlex.quote(on_one_line(os.path.relpath(self.path)))

    @cached_property
    def text(self) -> str:
        """Its beginning; "" if it cannot be read: it is only a clue."""
        try:
            with self.path.open("rb") as stream:
                return stream.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""

    @cached_property
    def values(self) -> dict[str, Any] | None:
        """What it says as YAML or JSON; None if it cannot be read, or is no mapping."""
        try:
            found = foreign_yaml.values(self.text.encode())
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    @property
    def parts(self) -> Iterator[dict[str, Any]]:
        """Every mapping in it, the outermost first, with keys in camel case, but for those in capitals."""
        return _mappings(self.values)


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield {foreign_yaml.camel(str(key)): inner for key, inner in value.items()}
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(inner)
