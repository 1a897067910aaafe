"""Empty answers for lists of resources that nobody can create here, because no method that creates them is implemented."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.engine import paging
from localcloud.engine.exchange import Reply
from localcloud.engine.router import absent
from localcloud.engine.service import Call, Handler
from localcloud.spec.discovery import Document, Method, document

MARK = {"x-local-cloud": "simulated: nothing of this kind can be made here"}
_CONTAINERS = frozenset({"projects", "locations", "zones", "regions"})
_MAKING = frozenset({"POST", "PUT"})


def handler(method: Method, written: Callable[[str], bool]) -> Handler | None:
    """A handler that answers a list with an empty page; None for other methods, and where such resources may exist.

    `written(method id)` says whether the local cloud has a method. A kind that Google's document has no way to make (zones, machine
    types) is a catalogue, which is not empty.
    """
    described = document(method.api, method.version)
    if not _is_list(described, method):
        return None
    makers = list(_makers(described, method.collection))
    if not makers and f"{method.id.rpartition('.')[0]}.delete" in described.methods:
        makers = list(
            _makers(described, method.collection.rpartition(".")[0])
        )  # what its parent makes, as a service its revisions
    if not makers or any(map(written, makers)):
        return None
    return lambda call: _page(call, described)


def _is_list(described: Document, method: Method) -> bool:
    """Whether the method's shape is that of a list: a GET whose path ends with its collection, and that answers many of a kind."""
    if method.http != "GET" or method.verb not in {"list", "aggregatedList"}:
        return False
    if method.flat_path.rpartition("/")[2] != method.collection.rpartition(".")[2]:
        return False
    fields: Mapping[str, Any] = described.schemas.get(method.response, {}).get("properties", {})
    return any("$ref" in field.get("items", field.get("additionalProperties", {})) for field in fields.values())


def _makers(described: Document, collection: str) -> Iterator[str]:
    """The methods that create a resource in the collection: a POST or PUT to the collection, or a create with a name in it."""
    siblings = [one for one in described.methods.values() if one.collection == collection]
    paths = {one.flat_path for one in siblings if one.verb == "list"}
    for one in siblings:
        at_collection = one.http == "POST" and one.flat_path.rpartition(":")[0] in paths
        if one.http in _MAKING and (one.verb in {"create", "insert"} or one.flat_path in paths or at_collection):
            yield one.id


def _page(call: Call, described: Document) -> Reply:
    """An empty page for callers who may list; 501 for a missing parent, and outside of projects, where permissions are unknown."""
    if call.project is None or not _may_hold(call):
        raise absent(call.method)
    paging.after(call.params.get("pageToken", ""), "this list has no page tokens")
    kind = described.schemas[call.method.response]["properties"].get("kind", {}).get("default")
    return Reply(200, {"kind": kind} if kind else {}, MARK)


def _may_hold(call: Call) -> bool:
    """Whether the list's parent is a location, a wildcard ("-"), or an existing resource."""
    words = call.path.split("/")
    pairs = zip(words[:-1:2], words[1:-1:2], strict=False)
    things = [name for kind, name in pairs if kind not in _CONTAINERS and "aggregated" not in {kind, name}]
    return all(name == "-" for name in things) or call.cloud.store.get(call.service.api, call.parent) is not None
