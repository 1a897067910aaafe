"""The methods of operations, the same in every API: get, list, wait, cancel, delete."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.engine import paging
from localcloud.engine.call import Call
from localcloud.engine.service import Body, Handler
from localcloud.errors import failed_precondition


def handler(method_id: str) -> Handler | None:
    """The function for a method of an operations collection, None for any other."""
    collection, _, verb = method_id.rpartition(".")
    return _VERBS.get(verb) if collection.endswith(".operations") else None


def get(call: Call) -> Body:
    """The operation as it is now."""
    return call.cloud.operations.get(call.service.api, call.path)


def list_(call: Call) -> Body:
    """A page of operations below a parent, or of the global ones."""
    parent = call.path.rpartition("operations")[0].rstrip("/")
    size = paging.size(call.params.get("pageSize"), 100, 1000)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    found = call.cloud.operations.list(call.service.api, parent, after, size + 1)
    page: Body = {"operations": found[:size]} if found else {}
    return page | ({"nextPageToken": paging.token(found[size - 1]["name"], call.path)} if len(found) > size else {})


def cancel(call: Call) -> Body:
    """Refuses: every operation here is done before anybody could cancel it."""
    get(call)
    raise failed_precondition(f"The operation {call.path} is done; it can no longer be cancelled.")


def delete(call: Call) -> Body:
    """Forgets the operation."""
    call.cloud.operations.delete(call.service.api, call.path)
    return {}


_VERBS: Mapping[str, Handler] = {"get": get, "list": list_, "wait": get, "cancel": cancel, "delete": delete}
