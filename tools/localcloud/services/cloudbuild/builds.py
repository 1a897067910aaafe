"""The methods of builds: create, list, approve, cancel and retry, and the operations that stand for builds."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.engine import gate, lro, paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Call
from localcloud.errors import failed_precondition, invalid, not_found, rpc_code
from localcloud.services.cloudbuild import accounts, announcing, drafts, names, queue, sources
from localcloud.services.cloudbuild.drafts import Origin
from localcloud.services.cloudbuild.names import API
from localcloud.spec import filters

Body = dict[str, Any]
OVER = {
    "SUCCESS": "",
    "FAILURE": "UNKNOWN",
    "INTERNAL_ERROR": "INTERNAL",
    "TIMEOUT": "DEADLINE_EXCEEDED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "DEADLINE_EXCEEDED",
}
"""The states in which a build has ended, and the canonical status by which its operation says so."""
_TYPES = "type.googleapis.com/google.devtools.cloudbuild.v1."
_AGAIN = (
    "steps", "source", "images", "artifacts", "timeout", "queueTtl", "logsBucket", "options", "substitutions", "tags",
    "availableSecrets", "serviceAccount",
)  # fmt: skip


def create(call: Call) -> Body:
    """builds.create: an operation that ends with the build."""
    return operation(call.cloud, begin(call.cloud, names.place(call), call.body, Origin(call.principal)))


def begin(cloud: Cloud, place: str, sent: Body, origin: Origin) -> Body:
    """A new build, in the queue unless it waits for approval; 400 or 403 for one that cannot be."""
    if place.endswith("/-"):
        raise invalid("A build is made in one location; name it.", "parent")
    body = drafts.completed(cloud, place, str(uuid.uuid4()), sent, origin)
    body |= sources.resolved(cloud, body)
    cloud.store.insert(API, body["name"], body)
    announcing.announce(cloud, body)
    if body["status"] == "QUEUED":
        _enqueue(cloud, body, origin.principal, origin.trigger_name)
    return body


def get(call: Call) -> Body:
    """builds.get"""
    return shown(call.cloud, find(call))


def list_(call: Call) -> Body:
    """builds.list: a page of the builds that the filter takes, the newest first."""
    place, text = names.place(call), call.params.get("filter", "")
    test = filters.compiled(text)
    size = paging.size(call.params.get("pageSize"), 50, 1000)
    after = paging.after(call.params.get("pageToken", ""), f"{place} {text}")
    rows = [body for _, body in call.cloud.store.list(API, place, "builds")]
    rows.sort(key=lambda body: (body["createTime"], body["name"]), reverse=True)
    if after:
        rows = [body for body in rows if f"{body['createTime']} {body['name']}" < after]
    found = [body for body in rows if test(_filtered(body))]
    page: Body = {"builds": [shown(call.cloud, body) for body in found[:size]]} if found else {}
    if len(found) > size:
        last = found[size - 1]
        page["nextPageToken"] = paging.token(f"{last['createTime']} {last['name']}", f"{place} {text}")
    return page


def cancel(call: Call) -> Body:
    """builds.cancel: the build as it is now, called off; 400 for one that is over."""
    body = find(call)
    if body["status"] in OVER:
        raise failed_precondition(f"build {body['id']} is already finished with the status {body['status']}")
    return shown(call.cloud, _call_off(call.cloud, body["name"]))


def retry(call: Call) -> Body:
    """builds.retry: the same build again, as another one, from the source that the first had."""
    body = find(call)
    if body["status"] not in OVER:
        raise failed_precondition(f"build {body['id']} is not finished; it is {body['status']}")
    sent = {key: body[key] for key in _AGAIN if key in body}
    if body.get("logsBucket", "").endswith("cloudbuild-logs.googleusercontent.com"):
        del sent["logsBucket"]
    known = body.get("substitutions", {})
    origin = Origin(call.principal, body.get("buildTriggerId", ""), known.get("TRIGGER_NAME", ""), known)
    return operation(call.cloud, begin(call.cloud, body["name"].rpartition("/builds/")[0], sent, origin))


def approve(call: Call) -> Body:
    """builds.approve: lets a build that waits for approval begin, or ends it."""
    body, said = find(call), call.body.get("approvalResult", {})
    if body["status"] != "PENDING":
        raise failed_precondition(f"build {body['id']} does not wait for approval; it is {body['status']}")
    if said.get("decision") not in ("APPROVED", "REJECTED"):
        raise invalid("approval_result.decision must be APPROVED or REJECTED.", "approval_result.decision")
    result = {
        **said,
        "approverAccount": call.principal.partition(":")[2],
        "approvalTime": call.cloud.clock.rfc3339(),
    }
    approval = {**body["approval"], "state": said["decision"], "result": result}
    if said["decision"] == "REJECTED":
        now = call.cloud.clock.rfc3339()
        return operation(
            call.cloud, changed(call.cloud, body["name"], approval=approval, status="CANCELLED", finishTime=now)
        )
    body = changed(call.cloud, body["name"], approval=approval, status="QUEUED")
    _enqueue(call.cloud, body, call.principal, body.get("substitutions", {}).get("TRIGGER_NAME", ""))
    return operation(call.cloud, body)


def get_operation(call: Call) -> Body:
    """operations.get: of a build, or one of those that connections and repositories have."""
    found = names.of_operation(call.cloud, call.path)
    if found is None:
        return lro.get(call)
    _admit(call, "cloudbuild.operations.get", found)
    return operation(call.cloud, _stored(call.cloud, found))


def cancel_operation(call: Call) -> Body:
    """operations.cancel: cancels the build."""
    found = names.of_operation(call.cloud, call.path)
    if found is None:
        return lro.cancel(call)
    _admit(call, "cloudbuild.builds.update", found)
    if _stored(call.cloud, found)["status"] not in OVER:
        _call_off(call.cloud, found)
    return {}


def default_account(call: Call) -> Body:
    """locations.getDefaultServiceAccount"""
    project = call.path.split("/")[1]
    email = accounts.default(call.cloud, project)
    return {"name": call.path, "serviceAccountEmail": names.account_name(project, email)}


def expired(cloud: Cloud, name: str, _moment: float) -> None:
    """A build was in the queue for as long as it may be."""
    if queue.find(cloud, name) is not None and cloud.store.get(API, name) is not None:
        now = cloud.clock.rfc3339()
        changed(cloud, name, status="EXPIRED", finishTime=now, statusDetail="build expired while it was queued")
        queue.leave(cloud, name)


def find(call: Call) -> Body:
    """The build that the URL names; 404 when there is none."""
    return _stored(call.cloud, names.build(call))


def changed(cloud: Cloud, name: str, **changes: Any) -> Body:
    """Stores what is new of a build, and announces a new state."""
    old = _stored(cloud, name)
    body = {**old, **changes}
    cloud.store.put(API, name, body)
    if body["status"] != old["status"]:
        announcing.announce(cloud, body)
    return body


def shown(cloud: Cloud, body: Body) -> Body:
    """A build as it is answered."""
    return body | {"name": cloud.projects.numbered(body["name"])}


def operation(cloud: Cloud, body: Body) -> Body:
    """A build's operation as google.longrunning has it."""
    build = shown(cloud, body)
    found: Body = {
        "name": names.operation(body["name"]),
        "metadata": {"@type": f"{_TYPES}BuildOperationMetadata", "build": build},
    }
    if body["status"] not in OVER:
        return found
    if body["status"] == "SUCCESS":
        return found | {"done": True, "response": {"@type": f"{_TYPES}Build", **build}}
    said = {"CANCELLED": "Build cancelled", "TIMEOUT": "Build timed out", "EXPIRED": "Build expired"}
    text = said.get(body["status"], "Build failed; check build logs for details")
    return found | {"done": True, "error": {"code": rpc_code(OVER[body["status"]]), "message": text}}


def _call_off(cloud: Cloud, name: str) -> Body:
    ended = changed(cloud, name, status="CANCELLED", finishTime=cloud.clock.rfc3339())
    if not cloud.jobs.call_off(API, name):
        queue.leave(cloud, name)
    return ended


def _admit(call: Call, permission: str, build: str) -> None:
    """An operation's path may not say whose it is: its build does."""
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


def _filtered(body: Body) -> Body:
    """What a filter sees: a trigger by both of its names."""
    return {**body, "triggerId": body.get("buildTriggerId", "")}
