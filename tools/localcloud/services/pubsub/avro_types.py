"""The types of an Avro schema, measured before a message is read: Avro's reader trusts a schema, and works on the server's own stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_PARTS, _MOST_EMPTY = 5000, 20
_NOBODY: frozenset[str] = frozenset()
Size = tuple[int, int]
"""How many parts a value has, and how many of them take no bytes."""


@dataclass
class AvroTypes:
    """Types of a parsed schema. `measure` raises ValueError for one with too many parts, or that holds itself without an end."""

    named: Mapping[str, Any]
    recursive: bool = False
    """Whether a record can hold another one of its kind, so that a message may be as deep as it is long."""
    _sizes: dict[str, Size] = field(default_factory=dict)

    def measure(self, kind: Any, around: frozenset[str] = _NOBODY, within: frozenset[str] = _NOBODY) -> Size:
        """A type's size. `around` names the records that it is in, `within` those of them that always hold it."""
        if isinstance(kind, list):
            return self._sum(((1, 0) if one == "null" else self.measure(one, around)) for one in kind)
        if isinstance(kind, str):
            return self._of_name(kind, around, within)
        if kind["type"] in {"array", "map"}:
            return self._sum([self.measure(kind.get("items", kind.get("values")), around)])
        if kind["type"] == "record":
            name = str(kind["name"])
            if name not in self._sizes:
                inside, always = around | {name}, within | {name}
                sizes = (self.measure(one["type"], inside, always) for one in kind["fields"])
                self._sizes[name] = self._sum(sizes, empty=not kind["fields"])
            return self._sizes[name]
        if kind["type"] in {"enum", "fixed"}:
            return 1, int(kind.get("size") == 0)
        return self.measure(kind["type"], around, within)

    def _of_name(self, name: str, around: frozenset[str], within: frozenset[str]) -> Size:
        if name not in self.named:
            return 1, int(name == "null")
        if name in within:
            raise ValueError(f"the record {name} always holds another {name}")
        if name in around:
            self.recursive = True
            return 1, 0
        return self.measure(self.named[name], around, within)

    def _sum(self, sizes: Iterable[Size], *, empty: bool = False) -> Size:
        parts, without = 1, int(empty)
        for more, none in sizes:
            parts, without = parts + more, without + none
            if parts > _MOST_PARTS or without > _MOST_EMPTY:
                raise ValueError(
                    f"the local cloud takes a record of at most {_MOST_PARTS} parts, {_MOST_EMPTY} of them empty"
                )
        return parts, without
