"""Long-running operations: done at once; and their methods, the same in every API: get, list, wait, cancel, delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.engine import paging
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import CloudError, failed_precondition

EMPTY = "google.protobuf.Empty"


def finished(
    call: Call,
    response: Mapping[str, Any] | None = None,
    *,
    kind: str = EMPTY,
    metadata: Mapping[str, Any] | None = None,
    parent: str | None = None,
) -> Body:
    """Stores and answers a done operation.

    `kind` is the response's message ("google.devtools.artifactregistry.v1.Repository", or a bare name in Service.proto),
    `metadata` replaces the default metadata (with its own "@type"), `parent` is the prefix of the name
    ("projects/p/locations/l"; "" = "operations/…").
    """
    body = _started(call, metadata, parent)
    body |= {"done": True, "response": {"@type": _type(call, kind)} | dict(response or {})}
    return call.cloud.operations.keep(call.service.api, body)


def failed(call: Call, problem: CloudError, *, parent: str | None = None) -> Body:
    """Stores and answers an operation that is done and failed."""
    body = _started(call, None, parent)
    status = {"code": _rpc_code(problem.status), "message": problem.message, "details": problem.details}
    return call.cloud.operations.keep(call.service.api, body | {"done": True, "error": status})


def _started(call: Call, metadata: Mapping[str, Any] | None, parent: str | None) -> Body:
    where = _parent(call) if parent is None else parent
    name = f"{where}/operations/{uuid.uuid4()}".removeprefix("/")
    return {"name": name} | ({"metadata": about} if (about := _metadata(call, metadata)) else {})


def _metadata(call: Call, given: Mapping[str, Any] | None) -> Body:
    if given is not None:
        return {"@type": _type(call, given["@type"])} | {key: value for key, value in given.items() if key != "@type"}
    if not call.service.operation_metadata:
        return {}
    now = call.cloud.clock.rfc3339()
    known = {
        "createTime": now,
        "endTime": now,
        "target": call.name,
        "verb": call.method.verb,
        "apiVersion": call.method.version,
    }
    schema = call.schema(call.service.operation_metadata.rpartition(".")[2])
    fields = {key: value for key, value in known.items() if key in schema.get("properties", {})}
    return {"@type": _type(call, call.service.operation_metadata)} | fields


def _parent(call: Call) -> str:
    if call.service.operation_parent is not None:
        return call.service.operation_parent(call)
    words = call.path.split("/")
    return "/".join(words[:4]) if words[2:3] == ["locations"] else ""


def _type(call: Call, kind: str) -> str:
    if kind.startswith("type.googleapis.com/"):
        return kind
    full = kind if "." in kind or not call.service.proto else f"{call.service.proto}.{kind}"
    return f"type.googleapis.com/{full}"


def _rpc_code(status: str) -> int:
    names = (
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
    )
    return names.split().index(status)


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
