"""Projects: their life cycle, and who can see them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.engine import gate, lro, paging, standard
from localcloud.engine.iam import identities
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, aborted, already_exists, failed_precondition, invalid
from localcloud.spec import fields, filters
from localcloud.spec.discovery import camel
from localcloud.spec.timestamps import parse

API = "cloudresourcemanager"
ID_RULE = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
DISPLAY_RULE = re.compile(r"[\w '\"!-]+")
_LONGEST = 30
_NAMED = {"v1": "name", "v3": "display_name"}
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
_PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_POLICY = Resource(kind="Project", iam=True)
_CHANGEABLE = ("displayName", "labels")
_GRACE_DAYS = 30
_KIND = "google.cloud.resourcemanager.v3.Project"
_V1_KIND = "google.cloudresourcemanager.v1.Project"


def create(call: Call) -> Body:
    """Makes a project; who makes it owns it. The operation is done at once."""
    identity = call.body.get("projectId", "")
    _check("project_id", identity, ID_RULE, 6)
    display_name = call.body.get("displayName") or call.body.get("name") or identity
    _check(_NAMED[call.method.version], display_name, DISPLAY_RULE, 4)
    name = f"projects/{identity}"
    store, now = call.cloud.store, call.cloud.clock.rfc3339()
    if store.get(API, name) is not None:
        raise already_exists("Requested entity already exists")
    body = {
        "projectId": identity,
        "projectNumber": str(store.next("project_number", FIRST_NUMBER)),
        "displayName": display_name,
        "state": "ACTIVE",
        "createTime": now,
        "updateTime": now,
    }
    body |= {key: call.body[key] for key in ("labels", "parent", "tags") if call.body.get(key)}
    store.insert(API, name, body)
    for api in DEFAULT_APIS:
        call.cloud.projects.enable(identity, api)
    call.cloud.iam.write(
        API, name, {"bindings": [{"role": "roles/owner", "members": [identities.member(call.principal)]}]}
    )
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
    """v1 PUT: replaces name, labels and parent."""
    old = _active(call)
    new = {key: value for key, value in old.items() if key not in {"labels", "parent"}}
    new |= {key: call.body[key] for key in ("labels", "parent") if call.body.get(key)}
    new["displayName"] = call.body.get("name") or old["displayName"]
    _check("name", new["displayName"], DISPLAY_RULE, 4)
    return _shown(call, _saved(call, new))


def patch(call: Call) -> Body:
    """v3: displayName and labels by mask, which may name nothing else."""
    old = _active(call)
    if call.body.get("etag", _etag(old)) != _etag(old):
        raise aborted(f"Project {old['projectId']} has changed since it was read; read it again and retry.")
    mask = call.params.get("updateMask") or ",".join(key for key in _CHANGEABLE if key in call.body)
    for path in fields.paths(mask):
        if camel(path.partition(".")[0]) not in {*_CHANGEABLE, "*"}:
            raise invalid(f"Invalid update mask: {path} of a project cannot be changed.", "update_mask")
    sent = _only_changeable(call.body)
    kept = {key: value for key, value in old.items() if key not in _CHANGEABLE}
    new = kept | fields.updated(_only_changeable(old), sent, mask, call.document.schemas, "Project")
    new["displayName"] = new.get("displayName") or old["projectId"]
    _check("display_name", new["displayName"], DISPLAY_RULE, 4)
    return _finished(call, _saved(call, new))


def _only_changeable(body: Mapping[str, Any]) -> Body:
    return {key: body[key] for key in _CHANGEABLE if key in body}


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


def set_policy(call: Call) -> Body:
    """setIamPolicy: rejects public members, policies without an owner, and new owners who were not invited.

    In a project without an organization, a person becomes an owner by accepting an invitation in Google's console.
    Source: https://cloud.google.com/resource-manager/reference/rest/v1/projects/setIamPolicy.
    """
    public = {
        member for binding in _bindings(call.body.get("policy", {})) for member in binding.get("members", ())
    } & _PUBLIC
    if public:
        raise _refused_policy(min(public), "", f"{min(public)} cannot be granted a role on a project.")
    before = _owners(call.cloud.iam.policy(API, call.name))
    new = {member for member in _owners(call.body.get("policy", {})) - before if member.startswith("user:")}
    if new and "parent" not in _found(call):
        text = "People are invited to be owners in Google's console; no API grants them this role."
        raise _refused_policy(min(new), "SOLO_MUST_INVITE_OWNERS", text)
    policy = standard.set_iam_policy(call, _POLICY)
    if before and not _owners(call.cloud.iam.policy(API, call.name)):
        raise _refused_policy(min(before), "SOLO_REQUIRE_TOS_ACCEPTOR", "A project must keep an owner.")
    return policy


def _bindings(policy: Body) -> list[Body]:
    bindings: list[Body] = policy.get("bindings", [])
    return bindings


def _owners(policy: Body) -> set[str]:
    return {
        member
        for binding in _bindings(policy)
        if binding.get("role") == "roles/owner" and "condition" not in binding
        for member in binding.get("members", ())
    }


def _refused_policy(member: str, kind: str, text: str) -> CloudError:
    """Google's refusal: an argument is invalid; which one the details say."""
    problem = invalid(f"Request contains an invalid argument. {text}")
    detail = {"@type": "type.googleapis.com/google.cloudresourcemanager.v1.ProjectIamPolicyError", "member": member}
    problem.details = [detail | ({"type": kind, "role": "roles/owner"} if kind else {})]
    return problem


def get_ancestry(call: Call) -> Body:
    """v1: the project itself, then its parent when it has one."""
    body = _found(call)
    chain = [{"resourceId": {"type": "project", "id": body["projectId"]}}]
    if isinstance(body.get("parent"), Mapping):
        chain.append({"resourceId": body["parent"]})
    return {"ancestor": chain}


def _check(field: str, value: str, rule: re.Pattern[str], shortest: int) -> None:
    """Refuses (400) an id or a name that is too short, too long, or holds what it must not."""
    issue = ""
    if len(value) < shortest:
        issue = f"must be at least {shortest} characters long"
    elif len(value) > _LONGEST:
        issue = f"must be at most {_LONGEST} characters long"
    elif not rule.fullmatch(value):
        issue = "contains invalid characters"
    if issue:
        raise invalid(f"field [{field}] has issue [{field} {issue}]", field)


def _found(call: Call) -> Body:
    body = call.cloud.store.get(API, call.name)
    if body is None or _gone(call, body):
        raise gate.refusal(call, "resourcemanager.projects.get", call.name)
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


def _page(call: Call, every: Iterator[Body], query: str) -> Body:
    question = f"{call.path}?{query}&{call.params.get('parent', '')}"
    after = paging.after(call.params.get("pageToken", ""), question)
    size = paging.size(call.params.get("pageSize"), 500, 1000)
    # Queries say id where the resource says projectId.
    test = filters.compiled(re.sub(r"(?<![.\w])id(?=[:=])", "projectId", query))
    shown = [_shown(call, body) for body in every if body["projectId"] > after]
    matching = [body for body in shown if test(body)]
    page, more = paging.cut(matching, size, lambda body: str(body["projectId"]), question)
    return {"projects": page, **more} if page else {}


def _shown(call: Call, body: Body) -> Body:
    if call.method.version == "v3":
        rest = {key: value for key, value in body.items() if key != "projectNumber"}
        return {
            "name": f"projects/{body['projectNumber']}",
            **rest,
            "etag": _etag(body),
        }
    shown = {
        "projectNumber": body["projectNumber"],
        "projectId": body["projectId"],
        "lifecycleState": body["state"],
        "name": body["displayName"],
        "createTime": body["createTime"],
    }
    return shown | {key: body[key] for key in ("labels", "parent") if key in body}


def _etag(body: Body) -> str:
    return f'W/"{int(parse(body["updateTime"]).timestamp() * 1_000_000):x}"'


def _finished(call: Call, body: Body) -> Body:
    verb = {"patch": "Update"}.get(call.method.verb, call.method.verb.title())
    metadata: Body = {"@type": f"google.cloud.resourcemanager.v3.{verb}ProjectMetadata"}
    if call.method.version == "v1":
        metadata["@type"] = "google.cloudresourcemanager.v1.ProjectCreationStatus"
    if verb == "Create":
        metadata |= {"createTime": body["createTime"], "gettable": True, "ready": True}
    kind = _KIND if call.method.version == "v3" else _V1_KIND
    identity = f"{verb.lower()}_project.global.{secrets.randbelow(10**19):019d}"
    return lro.finished(call, _shown(call, body), kind=kind, metadata=metadata, parent="", identity=identity)
