"""Long-running operations in the form of google.longrunning: how a method starts one, and get, list, wait, cancel and delete."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.engine import operation_access, paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply, Wait
from localcloud.engine.jobs import Job
from localcloud.engine.operations import Operation, State, topic
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import CloudError, cancelled, failed_precondition, rpc_code
from localcloud.spec import conformance

EMPTY = "google.protobuf.Empty"
_LONGEST_WAIT = 60.0
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d+)?)s")


def started(
    call: Call,
    worker: str = "",
    body: Mapping[str, Any] | None = None,
    *,
    kind: str = EMPTY,
    metadata: Mapping[str, Any] | None = None,
    parent: str | None = None,
    identity: str = "",
    target: str = "",
) -> Body:
    """Stores and returns a pending operation, and queues the job that will end it.

    `worker` is one of Service.workers, which gets `body`. `kind` is the response's message ("Repository" in Service.proto, or a
    whole name), `metadata` replaces the default metadata (with its own "@type"), `parent` is the prefix of the name
    ("projects/p/locations/l"; "" = "operations/…"), `identity` its last word. `target` is the resource that it is about, where the URL
    names only what that lies in.
    """
    operation = _begun(call, "PENDING", kind, metadata, parent, identity, target)
    call.cloud.operations.keep(call.service.api, operation)
    if worker:
        call.cloud.jobs.start(call.service.api, worker, body or {}, operation.name)
    return shown(operation)


def finished(
    call: Call,
    response: Mapping[str, Any] | None = None,
    *,
    kind: str = EMPTY,
    metadata: Mapping[str, Any] | None = None,
    parent: str | None = None,
    identity: str = "",
    target: str = "",
) -> Body:
    """Stores and returns an operation that is done at once; the arguments are those of `started`."""
    operation = _begun(call, "RUNNING", kind, metadata, parent, identity, target)
    operations, api = call.cloud.operations, call.service.api
    operations.keep(api, operation)
    return shown(operations.done(api, operation.name, response or {}))


def failed(call: Call, problem: CloudError, *, parent: str | None = None) -> Body:
    """Stores and returns an operation that has failed."""
    operation = _begun(call, "RUNNING", EMPTY, None, parent, "", "")
    operations, api = call.cloud.operations, call.service.api
    operations.keep(api, operation)
    return shown(operations.failed(api, operation.name, problem))


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends a job's operation with the problem that ended the job: the default `cut` of a worker with nothing to clean up."""
    if job.operation:
        cloud.operations.failed(job.api, job.operation, problem)


def shown(operation: Operation) -> Body:
    """The operation as google.longrunning.Operation."""
    body: Body = {"name": operation.name}
    if operation.metadata:
        body["metadata"] = dict(operation.metadata)
        if operation.over and operation.end_field:
            body["metadata"][operation.end_field] = operation.ended
    if not operation.over:
        return body
    if operation.state == "DONE":
        return body | {"done": True, "response": {"@type": operation.kind} | operation.response}
    error = operation.error
    status = {"code": rpc_code(error["status"]), "message": error["message"]}
    return body | {"done": True, "error": status | ({"details": error["details"]} if error["details"] else {})}


def _begun(
    call: Call,
    state: State,
    kind: str,
    metadata: Mapping[str, Any] | None,
    parent: str | None,
    identity: str,
    target: str,
) -> Operation:
    where = _parent(call) if parent is None else parent
    target = target or call.name
    about, end_field = _metadata(call, metadata, target)
    return Operation(
        name=f"{where}/operations/{identity or uuid.uuid4()}".removeprefix("/"),
        state=state,
        verb=call.method.verb,
        target=target,
        principal=call.principal,
        begun=call.cloud.clock.rfc3339(),
        kind=type_url(call, kind),
        metadata=about,
        end_field=end_field,
    )


def _metadata(call: Call, given: Mapping[str, Any] | None, target: str) -> tuple[Body, str]:
    """The metadata and which of its fields is to say when the operation ended, "" for none."""
    if given is not None:
        return {**given, "@type": type_url(call, given["@type"])}, ""
    if not call.service.operation_metadata:
        return {}, ""
    if not isinstance(call.service.operation_metadata, str):
        return call.service.operation_metadata(call), ""
    known = {
        "createTime": call.cloud.clock.rfc3339(),
        "target": target,
        "verb": call.method.verb,
        "apiVersion": call.method.version,
    }
    described = call.schema(call.service.operation_metadata.rpartition(".")[2]).get("properties", {})
    fields = {key: value for key, value in known.items() if key in described}
    metadata = {"@type": type_url(call, call.service.operation_metadata)} | fields
    return metadata, "endTime" if "endTime" in described else ""


def _parent(call: Call) -> str:
    if call.service.operation_parent is not None:
        return call.service.operation_parent(call)
    words = call.path.split("/")
    return "/".join(words[:4]) if words[2:3] == ["locations"] else ""


def type_url(call: Call, kind: str) -> str:
    """A message's @type as Google writes it: "GoogleCloudRunV2Service" is google.cloud.run.v2.Service.

    Clients refuse an answer whose @type they do not know, or whose version is another than they called.
    """
    if kind.startswith("type.googleapis.com/"):
        return kind
    package, version = call.service.proto, call.service.versions[0]
    if package.endswith(f".{version}"):
        package = package.removesuffix(version) + call.method.version
    full = kind if "." in kind or not package else f"{package}.{conformance.message(kind)}"
    return f"type.googleapis.com/{full}"


def handler(method_id: str) -> Handler | None:
    """The function for a method of an operations collection, None for any other."""
    collection, _, verb = method_id.rpartition(".")
    return _VERBS.get(verb) if collection.endswith(".operations") else None


def get(call: Call) -> Body:
    """The operation as it is now."""
    operation_access.admit(call)
    return shown(call.cloud.operations.get(call.service.api, call.path))


def wait(call: Call) -> Reply:
    """The operation once it is done, or its current state after the caller's timeout."""
    operation_access.admit(call)
    api, name = call.service.api, call.path
    operation = call.cloud.operations.get(api, name)
    if operation.over:
        return Reply(body=shown(operation))
    timeout = _SECONDS.fullmatch(str(call.body.get("timeout") or call.params.get("timeout") or ""))
    seconds = min(float(timeout[1]), _LONGEST_WAIT) if timeout else _LONGEST_WAIT
    return Reply(body=shown(operation), wait=Wait(topic(api, name), seconds))


def list_(call: Call) -> Body:
    """A page of operations below a parent, or of the global ones."""
    operation_access.admit(call)
    parent = call.path.rpartition("operations")[0].rstrip("/")
    size = paging.size(call.params.get("pageSize"), 100, 1000)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    operations = call.cloud.operations.list(call.service.api, parent, after, size + 1)
    visible = [shown(one) for one in operations[:size] if operation_access.visible(call, one)]
    page: Body = {"operations": visible} if visible else {}
    return page | (
        {"nextPageToken": paging.token(operations[size - 1].name, call.path)} if len(operations) > size else {}
    )


def cancel(call: Call) -> Body:
    """Cancels the work on an operation; refused for one that is over."""
    operation_access.admit(call)
    api, operations = call.service.api, call.cloud.operations
    if operations.get(api, call.path).over:
        raise failed_precondition(f"The operation {call.path} is done; it can no longer be cancelled.")
    if not call.cloud.jobs.call_off(api, call.path):
        operations.failed(api, call.path, cancelled())
    return {}


def delete(call: Call) -> Body:
    """Deletes the operation."""
    operation_access.admit(call)
    call.cloud.operations.delete(call.service.api, call.path)
    return {}


_VERBS: Mapping[str, Handler] = {"get": get, "list": list_, "wait": wait, "cancel": cancel, "delete": delete}
