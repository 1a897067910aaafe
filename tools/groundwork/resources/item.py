"""What list calls find: the resources of a project, by kind and name, and their contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from groundwork.resources.listing import Listing


@dataclass(frozen=True, order=True)
class Item:
    """A resource in the project: its kind and its name as the service returns it; `body` is its entry in the list."""

    kind: str
    name: str
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    row: Listing | None = field(default=None, compare=False, repr=False)

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    @property
    def location(self) -> str:
        """The location, region or zone in the name, "" where there is none."""
        steps = self.name.split("/")
        places = ("locations", "regions", "zones")
        return next((steps[at + 1] for at, step in enumerate(steps[:-1]) if step in places), "")


@dataclass(frozen=True)
class Contents:
    """The contents of a resource in words, and whether there are any; not `whole` if there were too many pages to count."""

    item: Item
    text: str
    holds: bool
    whole: bool = True


def field_of(item: Item, path: str) -> Any:
    """A field of an item by its path ("creationRecord/mutateTime"); None where there is none."""
    value: Any = item.body
    for step in path.split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
