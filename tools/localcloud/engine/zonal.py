"""Operations of the older dialect (compute#operation): zonal, regional or global."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from localcloud.engine import paging, references
from localcloud.engine.exchange import Reply, Wait
from localcloud.engine.operations import Operation, topic
from localcloud.engine.service import Body, Call, Handler
from localcloud.spec import timestamps
from localcloud.spec.discovery import Method

_PLACES = {"zones": "zone", "regions": "region"}
_STATUS = {"PENDING": "PENDING", "RUNNING": "RUNNING"}
_COLLECTIONS = frozenset({"zoneOperations", "regionOperations", "globalOperations"})
_LONGEST_WAIT = 120.0


def finished(call: Call, target: str = "", target_id: str = "") -> Body:
    """Stores and answers an operation that is done at once; `target` is what it was about, by default what the URL names."""
    operation = _begun(call, target, target_id)
    operations, api = call.cloud.operations, call.service.api
    operations.keep(api, operation)
    return shown(call, operations.done(api, operation.name, {}))


def started(call: Call, worker: str, body: Mapping[str, Any], target: str = "", target_id: str = "") -> Body:
    """Stores and answers a pending operation, and orders the job that is to end it."""
    operation = _begun(call, target, target_id)
    call.cloud.operations.keep(call.service.api, operation)
    call.cloud.jobs.start(call.service.api, worker, body, operation.name)
    return shown(call, operation)


def shown(call: Call, operation: Operation) -> Body:
    """The operation as compute#operation."""
    words = operation.name.split("/")
    body: Body = {
        "kind": f"{call.service.api}#operation",
        "id": operation.metadata["id"],
        "name": words[-1],
        "operationType": operation.verb,
        "targetLink": references.whole(call, operation.target),
        "targetId": operation.metadata["targetId"],
        "status": _STATUS.get(operation.state, "DONE"),
        "user": operation.principal.partition(":")[2],
        "progress": 100 if operation.over else operation.progress,
        "insertTime": _pacific(operation.begun),
        "startTime": _pacific(operation.begun),
        "selfLink": references.whole(call, operation.name),
    }
    if words[2] in _PLACES:
        body[_PLACES[words[2]]] = references.whole(call, "/".join(words[:4]))
    if operation.over:
        body["endTime"] = _pacific(operation.ended)
    if operation.error:
        code = operation.error["code"]
        entry = {"code": operation.error["reason"] or operation.error["status"], "message": operation.error["message"]}
        body |= {
            "error": {"errors": [entry]},
            "httpErrorStatusCode": code,
            "httpErrorMessage": operation.error["status"],
        }
    return body


def _pacific(moment: str) -> str:
    return timestamps.pacific(timestamps.parse(moment))


def handler(method: Method) -> Handler | None:
    """The function for a method of a collection of operations, None for any other."""
    return _METHODS.get(method.verb) if method.collection in _COLLECTIONS else None


def _begun(call: Call, target: str, target_id: str) -> Operation:
    number = call.cloud.clock.seconds()
    words = call.path.split("/")
    where = "/".join(words[:4]) if words[2:3] and words[2] in _PLACES else f"{'/'.join(words[:2])}/global"
    return Operation(
        name=f"{where}/operations/operation-{int(number * 1000)}-{secrets.token_hex(7)[:13]}-{secrets.token_hex(4)}-{secrets.token_hex(4)}",
        state="RUNNING",
        verb=call.method.verb,
        target=target or call.name,
        principal=call.principal,
        begun=call.cloud.clock.rfc3339(),
        metadata={"id": str(secrets.randbits(62)), "targetId": target_id or "0"},
    )


def _get(call: Call) -> Body:
    return shown(call, call.cloud.operations.get(call.service.api, call.name))


def _wait(call: Call) -> Reply:
    api, name = call.service.api, call.name
    operation = call.cloud.operations.get(api, name)
    waiting = None if operation.over else Wait(topic(api, name), _LONGEST_WAIT)
    return Reply(body=shown(call, operation), wait=waiting)


def _list(call: Call) -> Body:
    parent = call.path.rpartition("/operations")[0]
    size = paging.size(call.params.get("maxResults"), 500, 500)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    operations = call.cloud.operations.list(call.service.api, parent, after, size + 1)
    page: Body = {
        "kind": f"{call.service.api}#operationList",
        "id": call.path,
        "items": [shown(call, one) for one in operations[:size]],
        "selfLink": references.whole(call, call.path),
    }
    return page | (
        {"nextPageToken": paging.token(operations[size - 1].name, call.path)} if len(operations) > size else {}
    )


def _delete(call: Call) -> Reply:
    call.cloud.operations.delete(call.service.api, call.name)
    return Reply(status=204)


_METHODS: Mapping[str, Handler] = {"get": _get, "wait": _wait, "list": _list, "delete": _delete}
