"""Queries about roles: which ones can be granted on a resource, which permissions can be tested on it."""

from __future__ import annotations

import re

from localcloud.engine import paging
from localcloud.engine.iam import roles
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid
from localcloud.services.iam import custom_roles

# gcloud writes the address that it was pointed at in place of the API's own host name.
_FULL = re.compile(r"//(?:(?P<api>[a-z]+)\.googleapis\.com|[^/]+/(?P<prefix>[a-z]+))/(?P<name>.+)")
_PROJECT = re.compile(r"projects/(?P<project>[^/]+)")
_BUCKETS_ONLY = re.compile(r"roles/storage\.legacy")
_HOLDERS = {"cloudresourcemanager": "resourcemanager"}


def list_predefined(call: Call) -> Body:
    """A page of Google's own roles."""
    return _page(call, "roles", custom_roles.listed_predefined(call), 300)


def list_custom(call: Call) -> Body:
    """A page of a project's own roles."""
    return _page(call, "roles", custom_roles.listed(call), 300)


def grantable_roles(call: Call) -> Body:
    """The roles that can be granted on a resource: all on a project, elsewhere those with permissions of its API."""
    api, name = _resource(call)
    full = call.body.get("view") == "FULL"
    project = _PROJECT.fullmatch(name)
    roles = [
        custom_roles.predefined(role, full=full)
        for role in call.cloud.iam.roles.predefined.values()
        if _fits(role, api, whole=bool(project))
    ]
    if project:
        owner = f"projects/{call.cloud.projects.id_of(project['project'])}"
        own = [body for _, body in call.cloud.store.list("iam", owner, "roles") if not body.get("deleted")]
        roles += [custom_roles.shown(body, full=full) for body in own]
    return _page(call, "roles", roles, 300)


def testable_permissions(call: Call) -> Body:
    """The known permissions that can be tested on a resource."""
    api, name = _resource(call)
    names = sorted(call.cloud.iam.roles.permissions)
    if not _PROJECT.fullmatch(name):
        names = [one for one in names if one.startswith(f"{api}.")]
    permissions = [
        {"name": one, "stage": "GA"}
        | ({} if custom_roles.allowed(call.cloud, one) else {"customRolesSupportLevel": "NOT_SUPPORTED"})
        for one in names
    ]
    return _page(call, "permissions", permissions, 100)


def _fits(role: roles.Role, api: str, *, whole: bool) -> bool:
    if whole:
        return not _BUCKETS_ONLY.match(role.name)
    return any(permission.startswith(f"{api}.") for permission in role.permissions)


def _resource(call: Call) -> tuple[str, str]:
    text = call.body.get("fullResourceName", "")
    match = _FULL.fullmatch(text)
    if match is None:
        raise invalid(
            f"full_resource_name [{text}] is not one such as //cloudresourcemanager.googleapis.com/projects/my-project.",
            "full_resource_name",
        )
    api = match["api"] or match["prefix"]
    return _HOLDERS.get(api, api), match["name"]


def _page(call: Call, field: str, bodies: list[Body], usual: int) -> Body:
    """A page of bodies with names; size and token come from the query or, for POST methods, from the body."""
    params = {**call.params, **call.body}
    question = f"{call.path}?{call.body.get('fullResourceName', '')}"
    after = paging.after(params.get("pageToken", ""), question)
    size = paging.size(params.get("pageSize"), usual, 3000)
    rest = [body for body in sorted(bodies, key=lambda body: str(body["name"])) if body["name"] > after]
    page, more = paging.cut(rest, size, lambda body: str(body["name"]), question)
    return {field: page, **more} if page else {}
