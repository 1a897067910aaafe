"""The contents of resources: objects, including old and soft-deleted ones, active versions of secrets, and so on."""

from __future__ import annotations

from collections.abc import Iterable

from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import given
from groundwork.resources.registry import kinds


def look_into(cloud: GoogleCloud, items: Iterable[Item]) -> tuple[list[Contents], dict[str, str]]:
    """The contents of all items that can have any, and why some are unknown."""
    found: list[Contents] = []
    unknown: dict[str, str] = {}
    for item in items:
        look = given(kinds()[item.kind].inside)
        if look is None:
            continue
        try:
            found.append(look(cloud, item))
        except CloudProblem as problem:
            unknown[f"contents of {item.kind} {item.short}"] = problem.message
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            unknown[f"contents of {item.kind} {item.short}"] = f"the response could not be understood ({problem!r})"
    return found, unknown


def bytes_text(size: int) -> str:
    """A size in bytes with a fitting unit."""
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"
