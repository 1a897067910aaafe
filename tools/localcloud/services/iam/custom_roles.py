"""Roles: Google's predefined ones, and a project's custom ones, which can be undeleted within seven days."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import policies, roles
from localcloud.engine.service import Body, Call
from localcloud.errors import aborted, already_exists, failed_precondition, invalid, not_found
from localcloud.spec.discovery import camel

API = "iam"
GONE_DAYS = 37
"""A deleted role is kept 7 days, then purged within 30 more; its id is free after that (https://cloud.google.com/iam/docs/creating-custom-roles)."""
_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_STAGES = ("ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP")
_PERMISSION = re.compile(r"[A-Za-z0-9-]+(?:[./][A-Za-z0-9-]+){2,}")
_NOT_IN_PROJECTS = re.compile(r"resourcemanager\.(folders|organizations)\.|resourcemanager\.projects\.(list|create)\Z")
_FIELDS = ("title", "description", "includedPermissions", "stage")
_DELETED_AT = "_deleted"
PURGE = "role purge"


def shown(body: Body, *, full: bool = True) -> Body:
    """A stored custom role as it is returned."""
    hidden = {_DELETED_AT} if full else {_DELETED_AT, "includedPermissions"}
    return {key: value for key, value in body.items() if key not in hidden}


def predefined(role: roles.Role, *, full: bool = True) -> Body:
    """A predefined role as it is returned."""
    body: Body = {"name": role.name, "title": role.title, "description": role.description}
    if full:
        body["includedPermissions"] = sorted(role.permissions)
    return body | {"stage": role.stage, "etag": "AA=="}


def get_predefined(call: Call) -> Body:
    """One of Google's own roles."""
    role = call.cloud.iam.roles.predefined.get(call.path)
    if role is None:
        raise not_found(f"The role named {call.path} was not found.")
    return predefined(role)


def find(call: Call) -> Body:
    """The stored custom role in the URL, deleted or not; 404 when there is none."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise not_found(f"The role named {call.name} was not found.")
    return body


def get(call: Call) -> Body:
    """One custom role; a deleted one is marked as such."""
    return shown(find(call))


def create(call: Call) -> Body:
    """Creates a custom role from {roleId, role}."""
    role_id = call.body.get("roleId", "")
    name = f"{call.name}/roles/{role_id}"
    if not _ID.fullmatch(role_id):
        raise invalid(
            f'The role ID "{role_id}" is not valid: it takes 3 to 64 letters, digits, underscores and periods.',
            "role_id",
        )
    _check_free(call, name, role_id)
    sent = call.body.get("role", {})
    body = {"name": name} | _settled(call, sent) | {"etag": _etag(call)}
    call.cloud.store.put(API, name, body)
    return shown(body)


def patch(call: Call) -> Body:
    """Changes the fields in updateMask, or all sent ones without it."""
    body = find(call)
    _check_etag(call.body.get("etag"), body)
    if body.get("deleted"):
        raise failed_precondition(f"The role named {call.name} is deleted; undelete it before changing it.")
    mask = [camel(path.removeprefix("role.").strip()) for path in call.params.get("updateMask", "").split(",") if path]
    paths = mask or [field for field in _FIELDS if field in call.body]
    unknown = [path for path in paths if path not in (*_FIELDS, "etag", "name", "deleted")]
    if unknown:
        raise invalid(
            f"update_mask names {unknown[0]}, which is not a field of a role that can be changed.", "update_mask"
        )
    kept = {field: body[field] for field in _FIELDS if field in body and field not in paths}
    sent = {field: call.body[field] for field in paths if field in call.body and field in _FIELDS}
    changed = (
        {"name": body["name"]}
        | _settled(call, kept | sent, body.get("includedPermissions", ()))
        | {"etag": _etag(call)}
    )
    call.cloud.store.put(API, call.name, changed)
    return shown(changed)


def delete(call: Call) -> Body:
    """Marks a role as deleted: bindings remain but grant nothing."""
    body = find(call)
    _check_etag(call.params.get("etag"), body)
    if body.get("deleted"):
        raise failed_precondition(f"The role named {call.name} is deleted already.")
    body |= {"deleted": True, "etag": _etag(call), _DELETED_AT: call.cloud.clock.seconds()}
    call.cloud.due.after(API, PURGE, call.name, GONE_DAYS * 86_400)
    call.cloud.store.put(API, call.name, body)
    return shown(body)


def undelete(call: Call) -> Body:
    """Restores a deleted role within seven days."""
    body = find(call)
    _check_etag(call.body.get("etag"), body)
    if not body.get("deleted"):
        raise failed_precondition(f"The role named {call.name} is not deleted.")
    if call.cloud.clock.seconds() - body[_DELETED_AT] > 7 * 86_400:
        raise failed_precondition(f"The role named {call.name} was deleted more than 7 days ago; it cannot come back.")
    body = {key: value for key, value in body.items() if key not in ("deleted", _DELETED_AT)} | {"etag": _etag(call)}
    call.cloud.due.forget(API, call.name)
    call.cloud.store.put(API, call.name, body)
    return shown(body)


def listed(call: Call) -> list[Body]:
    """The custom roles of the URL's project, in the requested view."""
    full = call.params.get("view") == "FULL"
    bodies = [body for _, body in call.cloud.store.list(API, call.name, "roles")]
    return [shown(body, full=full) for body in bodies if call.params.get("showDeleted") or not body.get("deleted")]


def listed_predefined(call: Call) -> list[Body]:
    """Google's predefined roles, in the requested view."""
    full = call.params.get("view") == "FULL"
    return [predefined(role, full=full) for role in call.cloud.iam.roles.predefined.values()]


def _settled(call: Call, sent: Body, known: Iterable[str] = ()) -> Body:
    """The fields of a role in the order Google writes them, checked; permissions once each, sorted."""
    permissions = sorted(set(sent.get("includedPermissions", ())))
    for permission in permissions:
        if permission not in known and not allowed(call.cloud, permission):
            raise invalid(f"Permission {permission} is not valid.", "role.included_permissions")
    if len(str(sent.get("title", ""))) > 100:
        raise invalid("The title of a role may have 100 characters; this one has more.", "role.title")
    if len(str(sent.get("description", ""))) > 300:
        raise invalid("The description of a role may have 300 characters; this one has more.", "role.description")
    if sent.get("stage", "ALPHA") not in _STAGES:
        raise invalid(f"The stage {sent['stage']} is none of {', '.join(_STAGES)}.", "role.stage")
    body = {field: sent[field] for field in ("title", "description") if sent.get(field)}
    if permissions:
        body["includedPermissions"] = permissions
    # ALPHA is the zero value and is left out, as the API documents it.
    return body | ({"stage": sent["stage"]} if sent.get("stage", "ALPHA") != "ALPHA" else {})


def allowed(cloud: Cloud, permission: str) -> bool:
    """Whether a custom role may hold a permission; all are accepted for services with incomplete tables."""
    known = _PERMISSION.fullmatch(permission) is not None and cloud.iam.roles.may_exist(permission)
    return known and not _NOT_IN_PROJECTS.match(permission)


def _check_free(call: Call, name: str, role_id: str) -> None:
    body = call.cloud.store.get(API, name)
    if body is None:
        return
    if body.get("deleted"):
        raise failed_precondition(
            f"You can't create a role with role_id ({role_id}) where there is an existing role with that role_id in a "
            "deleted state."
        )
    raise already_exists(f"A role named {role_id} in {call.name} already exists.")


def _check_etag(sent: str | None, body: Body) -> None:
    if sent and sent != body["etag"]:
        raise aborted(f"The role named {body['name']} has changed since it was read; read it again and retry.")


def purged(cloud: Cloud, name: str, _moment: float) -> None:
    """Purges a deleted role: its id is free again."""
    cloud.store.delete(API, name)


def _etag(call: Call) -> str:
    return policies.etag(int(call.cloud.clock.seconds() * 1_000_000))
