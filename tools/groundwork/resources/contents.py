"""What things that are kept hold, and what that costs: objects, old and soft-deleted ones, active versions of secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.resources.inventory import Item
from groundwork.text import counted

_PAGES = 100


@dataclass(frozen=True)
class Contents:
    """What a thing holds, in words, and whether that is anything; not `whole` when there were too many pages to count."""

    item: Item
    text: str
    holds: bool
    whole: bool = True


def look_into(cloud: Cloud, items: Iterable[Item]) -> tuple[list[Contents], dict[str, str]]:
    """The contents of all buckets and secrets among the items, and per thing that could not be asked why."""
    found: list[Contents] = []
    unknown: dict[str, str] = {}
    for item in items:
        look = _LOOKS.get(item.kind)
        if look is None:
            continue
        try:
            found.append(look(cloud, item))
        except CloudProblem as problem:
            unknown[f"contents of {item.kind} {item.short}"] = problem.message
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            unknown[f"contents of {item.kind} {item.short}"] = f"the answer cannot be read ({problem!r})"
    return found, unknown


def _bucket(cloud: Cloud, item: Item) -> Contents:
    live, noncurrent, gone = _Sum(), _Sum(), _Sum()
    whole, last = True, ""
    for soft in (False, True):
        for number, page in enumerate(_objects(cloud, item.name, soft=soft)):
            for entry in page.get("items", ()):
                size = int(entry.get("size", 0))
                if soft:
                    gone, last = gone.plus(size), max(last, str(entry["hardDeleteTime"]))
                elif "timeDeleted" in entry:
                    noncurrent = noncurrent.plus(size)
                else:
                    live = live.plus(size)
            if number + 1 >= _PAGES and page.get("nextPageToken"):
                whole = False
                break
    parts = [f"{live.text} live", f"{noncurrent.text} old versions", f"{gone.text} soft-deleted, gone by {last[:10]}"]
    sums = (live, noncurrent, gone)
    said = [part for part, total in zip(parts, sums, strict=True) if total.count]
    return Contents(item, ("" if whole else "at least ") + (", ".join(said) or "empty"), bool(said), whole)


def _objects(cloud: Cloud, bucket: str, *, soft: bool) -> Iterator[dict[str, Any]]:
    which = {"softDeleted": "true"} if soft else {"versions": "true"}
    fields = {"fields": "items(name,size,timeDeleted,hardDeleteTime),nextPageToken", "maxResults": 1000}
    return cloud.whole_pages("storage", f"v1/b/{bucket}/o", {**which, **fields})


@dataclass(frozen=True)
class _Sum:
    count: int = 0
    size: int = 0

    def plus(self, size: int) -> _Sum:
        """One more of this size, in bytes."""
        return _Sum(self.count + 1, self.size + size)

    @property
    def text(self) -> str:
        """Number and size, as "3 objects (1.5 MiB)"."""
        return f"{counted(self.count, 'object')} ({bytes_text(self.size)})"


def bytes_text(size: int) -> str:
    """A size in bytes with a fitting unit."""
    value, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"


def _secret(cloud: Cloud, item: Item) -> Contents:
    states: list[str] = [
        str(version.get("state"))
        for page in cloud.whole_pages("secretmanager", f"v1/{item.name}/versions")
        for version in page.get("versions", ())
    ]
    active = sum(state != "DESTROYED" for state in states)
    said = counted(active, "active version") if active else "no active version"
    return Contents(item, said, bool(active))


_LOOKS: Mapping[str, Any] = {"bucket": _bucket, "secret": _secret}
