"""Resource Manager, v1 and v3: projects, their life and their policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from localcloud import fields, filters, paging
from localcloud.call import Call
from localcloud.clock import parse
from localcloud.errors import already_exists, failed_precondition, invalid
from localcloud.service import Body, Resource, Service

API = "cloudresourcemanager"
ID_RULE = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
FIRST_NUMBER = 100_000_000_001
DEFAULT_APIS = (
    "bigquery",
    "bigquerymigration",
    "bigquerystorage",
    "cloudapis",
    "cloudtrace",
    "datastore",
    "logging",
    "monitoring",
    "servicemanagement",
    "serviceusage",
    "sql-component",
    "storage",
    "storage-api",
    "storage-component",
)
"""What Google enables in a new project (https://cloud.google.com/service-usage/docs/enabled-service)."""
_GRACE_DAYS = 30
_KIND = "google.cloud.resourcemanager.v3.Project"
_V1_KIND = "google.cloudresourcemanager.v1.Project"


def create(call: Call) -> Body:
    """Makes a project; who makes it owns it. The operation is done at once."""
    identity = call.body.get("projectId", "")
    if not ID_RULE.fullmatch(identity):
        raise invalid(
            f"Project id '{identity}' is not valid: 6 to 30 lower-case letters, digits and hyphens, beginning with a letter.",
            "project_id",
        )
    name = f"projects/{identity}"
    store, now = call.cloud.store, call.cloud.clock.rfc3339()
    if store.get(API, name) is not None:
        raise already_exists("Requested entity already exists")
    body = {
        "projectId": identity,
        "projectNumber": str(store.next("project_number", FIRST_NUMBER)),
        "displayName": call.body.get("displayName") or call.body.get("name") or identity,
        "state": "ACTIVE",
        "createTime": now,
        "updateTime": now,
    }
    body |= {key: call.body[key] for key in ("labels", "parent", "tags") if call.body.get(key)}
    store.insert(API, name, body)
    for api in DEFAULT_APIS:
        store.put("serviceusage", f"{name}/services/{api}.googleapis.com", {"state": "ENABLED"})
    call.cloud.iam.write(API, name, {"bindings": [{"role": "roles/owner", "members": [call.principal]}]})
    return _finished(call, body)


def get(call: Call) -> Body:
    """The project by id or number."""
    return _shown(call, _found(call))


def list_(call: Call) -> Body:
    """The projects that the caller may see: v1 by filter, v3 by parent."""
    wanted = call.params.get("parent")
    every = (body for body in _visible(call) if wanted is None or body.get("parent") == wanted)
    if call.method.version == "v3" and not call.params.get("showDeleted"):
        every = (body for body in every if body["state"] == "ACTIVE")
    return _page(call, every, call.params.get("filter", ""))


def search(call: Call) -> Body:
    """v3: the projects that the caller may see and that match a query."""
    return _page(call, _visible(call), call.params.get("query", ""))


def update(call: Call) -> Body:
    """v1 PUT: name, labels and parent anew."""
    old = _active(call)
    new = {key: value for key, value in old.items() if key not in {"labels", "parent"}}
    new |= {key: call.body[key] for key in ("labels", "parent") if call.body.get(key)}
    new["displayName"] = call.body.get("name") or old["displayName"]
    return _shown(call, _saved(call, new))


def patch(call: Call) -> Body:
    """v3: displayName and labels by mask."""
    old = _active(call)
    mask = call.params.get("updateMask") or ",".join(key for key in ("displayName", "labels") if key in call.body)
    new = fields.updated(old, call.body, mask, call.document.schemas, "Project")
    return _finished(call, _saved(call, new))


def delete(call: Call) -> Body:
    """Marks the project; its resources stay for 30 days, but nothing in it answers."""
    body = _active(call) | {"state": "DELETE_REQUESTED", "deleteTime": call.cloud.clock.rfc3339()}
    _saved(call, body)
    return {} if call.method.version == "v1" else _finished(call, body)


def undelete(call: Call) -> Body:
    """Brings a marked project back."""
    body = _found(call)
    if body["state"] != "DELETE_REQUESTED":
        raise failed_precondition(
            f"Project {body['projectId']} is not marked for deletion; there is nothing to undelete."
        )
    body = {key: value for key, value in body.items() if key != "deleteTime"} | {"state": "ACTIVE"}
    _saved(call, body)
    return {} if call.method.version == "v1" else _finished(call, body)


def get_ancestry(call: Call) -> Body:
    """v1: the project itself, then its parent when it has one."""
    body = _found(call)
    chain = [{"resourceId": {"type": "project", "id": body["projectId"]}}]
    if isinstance(body.get("parent"), Mapping):
        chain.append({"resourceId": body["parent"]})
    return {"ancestor": chain}


def _found(call: Call) -> Body:
    body = call.cloud.store.get(API, call.name)
    if body is None or _gone(call, body):
        raise call.cloud.iam.refusal(call, "resourcemanager.projects.get", call.name)
    return body


def _active(call: Call) -> Body:
    body = _found(call)
    if body["state"] != "ACTIVE":
        raise failed_precondition(f"Project {body['projectId']} is marked for deletion; undelete it first.")
    return body


def _gone(call: Call, body: Body) -> bool:
    deleted = body.get("deleteTime")
    return deleted is not None and (call.cloud.clock.now() - parse(deleted)).days >= _GRACE_DAYS


def _saved(call: Call, body: Body) -> Body:
    body["updateTime"] = call.cloud.clock.rfc3339()
    call.cloud.store.put(API, call.name, body)
    return body


def _visible(call: Call) -> Iterator[Body]:
    allowed = call.cloud.iam.allowed
    for name, body in call.cloud.store.list(API, "", "projects"):
        if not _gone(call, body) and allowed(
            call.principal, "resourcemanager.projects.get", API, name, body["projectId"]
        ):
            yield body


def _page(call: Call, every: Iterator[Body], wanted: str) -> Body:
    question = f"{call.path}?{wanted}&{call.params.get('parent', '')}"
    after = paging.after(call.params.get("pageToken", ""), question)
    size = paging.size(call.params.get("pageSize"), 500, 1000)
    test = filters.compiled(_field_names(wanted))
    shown = [_shown(call, body) for body in every if body["projectId"] > after]
    found = [body for body in shown if test(body)]
    page: Body = {"projects": found[:size]} if found else {}
    return page | ({"nextPageToken": paging.token(found[size - 1]["projectId"], question)} if len(found) > size else {})


def _field_names(query: str) -> str:
    """Queries say id where the resource says projectId."""
    return re.sub(r"(?<![.\w])id(?=[:=])", "projectId", query)


def _shown(call: Call, body: Body) -> Body:
    if call.method.version == "v3":
        rest = {key: value for key, value in body.items() if key != "projectNumber"}
        return {
            "name": f"projects/{body['projectNumber']}",
            **rest,
            "etag": f'W/"{int(parse(body["updateTime"]).timestamp() * 1_000_000):x}"',
        }
    shown = {
        "projectNumber": body["projectNumber"],
        "projectId": body["projectId"],
        "lifecycleState": body["state"],
        "name": body["displayName"],
        "createTime": body["createTime"],
    }
    return shown | {key: body[key] for key in ("labels", "parent") if key in body}


def _finished(call: Call, body: Body) -> Body:
    version = call.method.version
    message = (
        "cloud.resourcemanager.v3.CreateProjectMetadata"
        if version == "v3"
        else "cloudresourcemanager.v1.ProjectCreationStatus"
    )
    metadata: Body = {"@type": f"google.{message}", "createTime": body["createTime"], "gettable": True, "ready": True}
    kind = _KIND if version == "v3" else _V1_KIND
    return call.cloud.operations.finished(call, _shown(call, body), kind=kind, metadata=metadata, parent="")


def _refusal(call: Call, permission: str, resource: str) -> str:
    """Version 1 does not say what was missing; the details do."""
    if call.method.version == "v1":
        return "The caller does not have permission"
    return f"Permission '{permission}' denied on resource '//{API}.googleapis.com/{resource}' (or it may not exist)."


_MAY = "resourcemanager.projects."

SERVICE = Service(
    api=API,
    versions=("v1", "v3"),
    title="Cloud Resource Manager API",
    always_enabled=True,
    refusal=_refusal,
    resources={"projects": Resource(kind="Project", iam=True)},
    methods={
        "cloudresourcemanager.projects.create": create,
        "cloudresourcemanager.projects.get": get,
        "cloudresourcemanager.projects.list": list_,
        "cloudresourcemanager.projects.search": search,
        "cloudresourcemanager.projects.update": update,
        "cloudresourcemanager.projects.patch": patch,
        "cloudresourcemanager.projects.delete": delete,
        "cloudresourcemanager.projects.undelete": undelete,
        "cloudresourcemanager.projects.getAncestry": get_ancestry,
    },
    permissions={
        "cloudresourcemanager.projects.create": None,
        "cloudresourcemanager.projects.list": None,
        "cloudresourcemanager.projects.search": None,
        "cloudresourcemanager.projects.get": _MAY + "get",
        "cloudresourcemanager.projects.getAncestry": _MAY + "get",
        "cloudresourcemanager.projects.update": _MAY + "update",
        "cloudresourcemanager.projects.patch": _MAY + "update",
        "cloudresourcemanager.projects.delete": _MAY + "delete",
        "cloudresourcemanager.projects.undelete": _MAY + "undelete",
        "cloudresourcemanager.projects.getIamPolicy": _MAY + "getIamPolicy",
        "cloudresourcemanager.projects.setIamPolicy": _MAY + "setIamPolicy",
    },
)
