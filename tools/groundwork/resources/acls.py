"""Access control lists of buckets whose access is not uniform: those of their objects, and the default one for new objects.

A bucket's own list needs no reading: its policy says the same in legacy roles
(https://cloud.google.com/storage/docs/access-control/iam#acls).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from groundwork.errors import GroundworkError
from groundwork.google.cloud import GoogleCloud
from groundwork.resources.bindings import Binding
from groundwork.resources.item import Item

OBJECT = "object"
NEW_OBJECTS = "new objects of bucket"
_PAGES = 100
_FIELDS = "items(name,generation,acl(entity,role,projectTeam)),nextPageToken"


class TooMany(GroundworkError):
    """There are more lists than we read."""


def has_lists(item: Item) -> bool:
    """Whether an item also has access control lists, as buckets without uniform access do."""
    if item.kind != "bucket":
        return False
    uniform = (item.body.get("iamConfiguration") or {}).get("uniformBucketLevelAccess") or {}
    return not uniform.get("enabled")


def read(cloud: GoogleCloud, bucket: Item) -> tuple[Binding, ...]:
    """Every entry, as a binding with the entry's role ("READER"). Raises CloudProblem, TooMany."""
    return tuple(_entries(cloud, bucket.name))


def _entries(cloud: GoogleCloud, bucket: str) -> Iterator[Binding]:
    answer = cloud.request("GET", "storage", f"v1/b/{bucket}/defaultObjectAcl")
    yield from _bindings(Item(NEW_OBJECTS, bucket), answer.get("items", ()))
    params = {"projection": "full", "versions": "true", "maxResults": 1000, "fields": _FIELDS}
    for number, page in enumerate(cloud.whole_pages("storage", f"v1/b/{bucket}/o", params)):
        for entry in page.get("items", ()):
            # A list that the caller may not see is left out.
            yield from _bindings(Item(OBJECT, f"{bucket}/{entry['name']}#{entry['generation']}"), entry["acl"])
        if number + 1 >= _PAGES and page.get("nextPageToken"):
            raise TooMany(f"it has more than {_PAGES * 1000} objects with their own lists; switch on uniform access")


def _bindings(item: Item, rows: Any) -> Iterator[Binding]:
    for row in rows:
        yield Binding(item, str(row["role"]), (member(row),))


def member(row: Mapping[str, Any]) -> str:
    """An entry's entity as a policy member: "user-a@example.com" is user:a@example.com."""
    kind, dash, rest = str(row["entity"]).partition("-")
    if kind == "project":
        team = row.get("projectTeam") or {}
        return f"project{str(team.get('team', '')).removesuffix('s').title()}:{team.get('projectNumber', '')}"
    return f"{kind}:{rest}" if dash else kind


def drop(cloud: GoogleCloud, item: Item, entry: str) -> None:
    """Removes a member from a list. Raises CloudProblem, also for the owner of an object, who cannot be removed."""
    entity = quote(entry.replace(":", "-", 1), safe="")
    if item.kind == NEW_OBJECTS:
        cloud.request("DELETE", "storage", f"v1/b/{item.name}/defaultObjectAcl/{entity}")
        return
    bucket, _, rest = item.name.partition("/")
    name, _, generation = rest.rpartition("#")
    path = f"v1/b/{bucket}/o/{quote(name, safe='')}/acl/{entity}"
    cloud.request("DELETE", "storage", path, params={"generation": generation})


def drop_members(cloud: GoogleCloud, binding: Binding, leaves: Callable[[str], bool]) -> None:
    """Removes the members that match `leaves` from an entry's list. Raises CloudProblem."""
    for entry in binding.members:
        if leaves(entry):
            drop(cloud, binding.item, entry)
