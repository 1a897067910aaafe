"""The methods of builds (create, get, list, approve, cancel and retry), and the operations that represent builds."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.engine import gate, lro, paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import failed_precondition, invalid, not_found, rpc_code
from localcloud.services.cloudbuild import accounts, announcing, drafts, names, queue, sources
from localcloud.services.cloudbuild.drafts import Origin
from localcloud.services.cloudbuild.names import API
from localcloud.spec import filters

OVER = {
    "SUCCESS": "",
    "FAILURE": "UNKNOWN",
    "INTERNAL_ERROR": "INTERNAL",
    "TIMEOUT": "DEADLINE_EXCEEDED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "DEADLINE_EXCEEDED",
}
"""The final states of a build, and the status of the operation's error for each."""
_TYPES = "type.googleapis.com/google.devtools.cloudbuild.v1."
_AGAIN = (
    "steps", "source", "images", "artifacts", "timeout", "queueTtl", "logsBucket", "options", "substitutions", "tags",
    "availableSecrets", "serviceAccount",
)  # fmt: skip


def create(call: Call) -> Body:
    """builds.create: returns the operation that ends with the build."""
    return operation(call.cloud, begin(call.cloud, names.place(call), call.body, Origin(call.principal)))


def begin(cloud: Cloud, place: str, sent: Body, origin: Origin) -> Body:
    """Creates a build, and queues it unless it needs approval first; 400 or 403 if it is not valid or not allowed."""
    if place.endswith("/-"):
        raise invalid("A build must be created in a specific location.", "parent")
    body = drafts.completed(cloud, place, str(uuid.uuid4()), sent, origin)
    body |= sources.resolved(cloud, body, "" if origin.trigger else origin.principal)
    cloud.store.insert(API, body["name"], body)
    announcing.announce(cloud, body)
    if body["status"] == "QUEUED":
        _enqueue(cloud, body, origin.principal, origin.trigger_name)
    return body


def unstarted(cloud: Cloud, place: str, why: str, sent: Body, origin: Origin) -> Body:
    """Records a build that its trigger could not start, as one that has failed: the history shows it, and it is tried again."""
    identity, now = str(uuid.uuid4()), cloud.clock.rfc3339()
    body = {
        **sent,
        "id": identity,
        "name": f"{place}/builds/{identity}",
        "projectId": place.split("/")[1],
        "status": "FAILURE",
        "statusDetail": f"Failed to trigger build: {why}",
        "createTime": now,
        "finishTime": now,
        "buildTriggerId": origin.trigger,
        "substitutions": {**origin.known},
    }
    cloud.store.insert(API, body["name"], body)
    announcing.announce(cloud, body)
    return body


def get(call: Call) -> Body:
    """builds.get"""
    return shown(call.cloud, find(call))


def list_(call: Call) -> Body:
    """builds.list: a page of the builds that match the filter, newest first."""
    place, text = names.place(call), call.params.get("filter", "")
    test = filters.compiled(text)
    size = paging.size(call.params.get("pageSize"), 50, 1000)
    after = paging.after(call.params.get("pageToken", ""), f"{place} {text}")
    rows = [body for _, body in call.cloud.store.list(API, place, "builds")]
    rows.sort(key=lambda body: (body["createTime"], body["name"]), reverse=True)
    if after:
        rows = [body for body in rows if f"{body['createTime']} {body['name']}" < after]
    matching = [body for body in rows if test({**body, "triggerId": body.get("buildTriggerId", "")})]
    page: Body = {"builds": [shown(call.cloud, body) for body in matching[:size]]} if matching else {}
    if len(matching) > size:
        last = matching[size - 1]
        page["nextPageToken"] = paging.token(f"{last['createTime']} {last['name']}", f"{place} {text}")
    return page


def cancel(call: Call) -> Body:
    """builds.cancel: returns the cancelled build; 400 if it has already finished."""
    body = find(call)
    if body["status"] in OVER:
        raise failed_precondition(f"build {body['id']} is already finished with the status {body['status']}")
    return shown(call.cloud, _call_off(call.cloud, body["name"]))


def retry(call: Call) -> Body:
    """builds.retry: creates a new build with the same settings and source."""
    body = find(call)
    if body["status"] not in OVER:
        raise failed_precondition(f"build {body['id']} is not finished; it is {body['status']}")
    sent = {key: body[key] for key in _AGAIN if key in body}
    if body.get("logsBucket", "").endswith("cloudbuild-logs.googleusercontent.com"):
        del sent["logsBucket"]
    substitutions = body.get("substitutions", {})
    origin = Origin(
        call.principal, body.get("buildTriggerId", ""), substitutions.get("TRIGGER_NAME", ""), substitutions
    )
    return operation(call.cloud, begin(call.cloud, body["name"].rpartition("/builds/")[0], sent, origin))


def approve(call: Call) -> Body:
    """builds.approve: queues or cancels a build that is waiting for approval."""
    body, decision = find(call), call.body.get("approvalResult", {})
    if body["status"] != "PENDING":
        raise failed_precondition(f"build {body['id']} is not waiting for approval; it is {body['status']}")
    if decision.get("decision") not in ("APPROVED", "REJECTED"):
        raise invalid("approval_result.decision must be APPROVED or REJECTED.", "approval_result.decision")
    result = {
        **decision,
        "approverAccount": call.principal.partition(":")[2],
        "approvalTime": call.cloud.clock.rfc3339(),
    }
    approval = {**body["approval"], "state": decision["decision"], "result": result}
    if decision["decision"] == "REJECTED":
        now = call.cloud.clock.rfc3339()
        return operation(
            call.cloud, changed(call.cloud, body["name"], approval=approval, status="CANCELLED", finishTime=now)
        )
    body = changed(call.cloud, body["name"], approval=approval, status="QUEUED")
    _enqueue(call.cloud, body, call.principal, body.get("substitutions", {}).get("TRIGGER_NAME", ""))
    return operation(call.cloud, body)


def get_operation(call: Call) -> Body:
    """operations.get: for a build's operation, or one of a connection or repository."""
    build = names.of_operation(call.cloud, call.path)
    if build is None:
        return lro.get(call)
    _admit(call, "cloudbuild.operations.get", build)
    return operation(call.cloud, _stored(call.cloud, build))


def cancel_operation(call: Call) -> Body:
    """operations.cancel: cancels the build, or another operation."""
    build = names.of_operation(call.cloud, call.path)
    if build is None:
        return lro.cancel(call)
    _admit(call, "cloudbuild.builds.update", build)
    if _stored(call.cloud, build)["status"] not in OVER:
        _call_off(call.cloud, build)
    return {}


def default_account(call: Call) -> Body:
    """locations.getDefaultServiceAccount"""
    project = call.path.split("/")[1]
    email = accounts.default(call.cloud, project)
    return {"name": call.path, "serviceAccountEmail": names.account_name(project, email)}


def expired(cloud: Cloud, name: str, _moment: float) -> None:
    """Due: expires a build that has been queued for as long as its queueTtl."""
    if queue.find(cloud, name) is not None and cloud.store.get(API, name) is not None:
        now = cloud.clock.rfc3339()
        changed(cloud, name, status="EXPIRED", finishTime=now, statusDetail="build expired while it was queued")
        queue.leave(cloud, name)


def find(call: Call) -> Body:
    """The build that the URL refers to; 404 if there is none."""
    return _stored(call.cloud, names.build(call))


def changed(cloud: Cloud, name: str, **changes: Any) -> Body:
    """Stores changes of a build, and publishes a notification if its status changes."""
    old = _stored(cloud, name)
    body = {**old, **changes}
    cloud.store.put(API, name, body)
    if body["status"] != old["status"]:
        announcing.announce(cloud, body)
    return body


def shown(cloud: Cloud, body: Body) -> Body:
    """A stored build as clients see it, with the project's number in its name."""
    return body | {"name": cloud.projects.numbered(body["name"])}


def operation(cloud: Cloud, body: Body) -> Body:
    """A build's google.longrunning.Operation."""
    build = shown(cloud, body)
    result: Body = {
        "name": names.operation(body["name"]),
        "metadata": {"@type": f"{_TYPES}BuildOperationMetadata", "build": build},
    }
    if body["status"] not in OVER:
        return result
    if body["status"] == "SUCCESS":
        return result | {"done": True, "response": {"@type": f"{_TYPES}Build", **build}}
    messages = {"CANCELLED": "Build cancelled", "TIMEOUT": "Build timed out", "EXPIRED": "Build expired"}
    text = messages.get(body["status"], "Build failed; check build logs for details")
    return result | {"done": True, "error": {"code": rpc_code(OVER[body["status"]]), "message": text}}


def _call_off(cloud: Cloud, name: str) -> Body:
    ended = changed(cloud, name, status="CANCELLED", finishTime=cloud.clock.rfc3339())
    if not cloud.jobs.call_off(API, name):
        queue.leave(cloud, name)
    return ended


def _admit(call: Call, permission: str, build: str) -> None:
    """403 unless the caller has the permission on the operation's build."""
    if not call.cloud.iam.allowed(call.principal, permission, API, build, build.split("/")[1]):
        raise gate.refusal(call, permission, build)


def _enqueue(cloud: Cloud, body: Body, submitter: str, component: str) -> None:
    ttl = float(body["queueTtl"].removesuffix("s"))
    queue.enter(cloud, queue.QueuedBuild(body["name"], submitter.partition(":")[2], component), ttl)


def _stored(cloud: Cloud, name: str) -> Body:
    body = cloud.store.get(API, name)
    if body is None:
        raise not_found("Requested entity was not found.")
    return body
