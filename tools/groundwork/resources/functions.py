"""What Google creates for a function: its service, its trigger with topic and subscription, and copies of its code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.resources.item import Item, field_of

# Names are those that Google gives; a known name lacks its project.
_FUNCTION = re.compile(r"(?:projects/[^/]+/)?locations/(?P<region>[^/]+)/functions/(?P<name>[^/]+)")

_COPIES = re.compile(r"gcf-v2-(?:sources|uploads)-\d+-(?P<region>[a-z0-9-]+)")


def _known(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    yield from ((found["region"], found["name"]) for name in names if (found := _FUNCTION.fullmatch(name)))


def is_function(name: str) -> bool:
    """Whether a name is that of a function, for which Google creates more."""
    return _FUNCTION.fullmatch(name) is not None


def is_its_service(item: Item, names: frozenset[str]) -> bool:
    """Whether a service is that of a function among `names`, by Google's label."""
    managed = (item.body.get("labels") or {}).get("goog-managed-by") == "cloudfunctions"
    return managed and (item.location, item.short) in _known(names)


def is_its_trigger(item: Item, names: frozenset[str]) -> bool:
    """Whether a trigger starts a function among `names`."""
    target = _FUNCTION.fullmatch(str(field_of(item, "destination/cloudFunction") or ""))
    return target is not None and (target["region"], target["name"]) in _known(names)


def carries_its_events(item: Item, names: frozenset[str]) -> bool:
    """Whether a topic or subscription carries the events of a function among `names`."""
    return any(
        re.fullmatch(rf"eventarc-[a-z0-9-]+-{re.escape(name)}-\d+(-sub)?-\d+", item.short) for _, name in _known(names)
    )


def is_copy(item: Item) -> bool:
    """Whether a bucket holds Google's copies of the code of functions, by its name."""
    return _COPIES.fullmatch(item.short) is not None


def copies_its_code(item: Item, names: frozenset[str]) -> bool:
    """The same, in a region that has a function among `names`."""
    found = _COPIES.fullmatch(item.short)
    return found is not None and found["region"] in {region for region, _ in _known(names)}
