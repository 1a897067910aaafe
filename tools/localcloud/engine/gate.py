"""Admission: checks that the API is enabled and the caller permitted before a handler sees the call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from localcloud import errors
from localcloud.engine import places, tokens
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import identities
from localcloud.engine.projects import USAGE, Project
from localcloud.engine.service import Call

_OPEN_VERBS = {"testIamPermissions"}
_WORDS = {"patch": "update", "insert": "create", "aggregatedList": "list", "wait": "get"}
_SEES_PROJECT = "resourcemanager.projects.get"
_MISSING = "?"


def admit(call: Call) -> None:
    """Raises 401 or 403 unless the caller may make this call.

    Google looks at the API and the location before it asks for a permission.
    """
    if not call.cloud.iam.active(call.principal):
        raise inactive(call.principal)
    if call.method.id in call.service.anonymous:
        return
    needs = needed(call)
    if not needs and not call.principal:
        raise errors.unauthenticated()
    if not call.service.always_enabled:
        _enabled(call)
    places.check(call)
    for permission, resource in needs:
        check(call, permission, resource)


def identified(principal: str) -> str:
    """The canonical principal of a token; 401 if it does not name one."""
    try:
        return identities.canonical(principal)
    except identities.NoIdentity:
        raise tokens.refused() from None


def caller(cloud: Cloud, headers: Mapping[str, str]) -> str:
    """The principal of a request that is no call of an API, "" without a token; 401 for a token that is no longer good."""
    principal = identified(cloud.tokens.principal(headers, cloud.clock.seconds()))
    if not cloud.iam.active(principal):
        raise inactive(principal)
    return principal


def needed(call: Call) -> Sequence[tuple[str, str]]:
    """The permissions that a call needs, each with the resource it is needed on."""
    declared = call.service.permissions.get(call.method.id, _MISSING)
    if declared is None:
        return ()
    if not isinstance(declared, str):
        return declared(call)
    known = call.cloud.iam.roles.permissions
    permission = usual(call.method.id, known) if declared == _MISSING else declared
    if declared == _MISSING and permission and permission not in known and call.method.http == "GET":
        permission = _SEES_PROJECT  # for an API without role tables, reading needs this one; changes stay forbidden
    return ((permission, call.name),) if permission else ()


def usual(method_id: str, known: Collection[str]) -> str:
    """The permission that a method id implies: "secretmanager.projects.secrets.patch" → "secretmanager.secrets.update"; "" = none.

    Places have one only where it is among the known ones.
    """
    words = method_id.split(".")
    verb = words[-1]
    if verb in _OPEN_VERBS or len(words) < 3 or words[-2] == "operations":  # of these see operation_access
        return ""
    permission = f"{words[0]}.{words[-2]}.{_WORDS.get(verb, verb)}"
    return "" if words[-2] == "locations" and permission not in known else permission


def check(call: Call, permission: str, resource: str) -> None:
    """Refuses (403, or 401 without a token) a call whose principal lacks a permission on a resource."""
    if not call.cloud.iam.allowed(call.principal, permission, call.service.api, resource, call.project):
        raise refusal(call, permission, resource)


def check_creation(call: Call) -> None:
    """Refuses a patch that creates what it names (allowMissing) to callers who may change such a thing, but not create it."""
    permission = usual(f"{call.method.id.rpartition('.')[0]}.create", call.cloud.iam.roles.permissions)
    check(call, permission, call.parent)


def refusal(call: Call, permission: str, resource: str) -> errors.CloudError:
    """The 403 with the service's message, or the 401 for a call without a token."""
    if call.principal or call.method.id in call.service.anonymous:
        problem = _denied(call, permission, resource)
    else:
        problem = errors.unauthenticated()
    problem.lacking = {"permission": permission, "resource": resource}
    return problem


def _denied(call: Call, permission: str, resource: str) -> errors.CloudError:
    described = {"permission": permission, "resource": resource}
    host = f"{call.service.api}.googleapis.com"
    own = call.service.refusal(call, permission, resource) if call.service.refusal is not None else ""
    if isinstance(own, errors.CloudError):
        return own
    text = own or f"Permission '{permission}' denied on resource '//{host}/{resource}' (or it may not exist)."
    return errors.permission_denied(text, [errors.error_info("IAM_PERMISSION_DENIED", host, described)])


def tested(call: Call, resource: str, permissions: Sequence[str]) -> list[str]:
    """The subset of the permissions that the caller has, in the order asked."""
    api, project = call.service.api, call.project
    return [one for one in permissions if call.cloud.iam.allowed(call.principal, one, api, resource, project)]


def inactive(principal: str) -> errors.CloudError:
    """401 for the token of a service account that was disabled or deleted since, or never existed, or of a pool that was."""
    problem = tokens.refused()
    if principal.startswith("principal:"):
        problem.message = f"The pool of {identities.member(principal)} is disabled or deleted. {problem.message}"
        return problem
    email = principal.partition(":")[2]
    problem.details = [errors.error_info("ACCOUNT_STATE_INVALID", "googleapis.com", {"email": email})]
    problem.message = f"The service account {email} is disabled or deleted, or was never created. {problem.message}"
    return problem


def _enabled(call: Call) -> None:
    project = call.project
    if project is None:
        return
    record = call.cloud.projects.find(project)
    if record is None or not record.active:
        raise unknown_project(call, project, record)
    api = call.service.api
    name = f"projects/{record.id}/services/{api}.googleapis.com"
    not_yet = call.cloud.lateness.fresh(USAGE, name, lambda profile: profile.services)
    if not_yet or not call.cloud.projects.enabled(record.id, api):
        raise disabled(call, record)


def unknown_project(call: Call, project: str, record: Project | None) -> errors.CloudError:
    """403 for a project that does not exist, or was deleted."""
    text = (
        f"Project #{record.number} has been deleted." if record else f"Permission denied on resource project {project}."
    )
    consumer = str(record.number) if record else project
    described = {
        "consumer": f"projects/{consumer}",
        "containerInfo": consumer,
        "service": f"{call.service.api}.googleapis.com",
    }
    return errors.permission_denied(
        text,
        [
            errors.error_info("CONSUMER_INVALID", "googleapis.com", described),
            errors.localized(text),
            errors.help_links("Google developers console", "https://console.developers.google.com"),
        ],
    )


def disabled(call: Call, project: Project) -> errors.CloudError:
    """403 SERVICE_DISABLED: the API is not enabled in the project."""
    host = f"{call.service.api}.googleapis.com"
    title = call.service.title or call.document.title
    url = f"https://console.developers.google.com/apis/api/{host}/overview?project={project.number}"
    described = {
        "service": host,
        "serviceTitle": title,
        "consumer": f"projects/{project.number}",
        "containerInfo": str(project.number),
        "activationUrl": url,
    }
    text = (
        f"{title} has not been used in project {project.number} before or it is disabled. Enable it by visiting {url} then retry. "
        "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    return errors.permission_denied(
        text,
        [
            errors.error_info("SERVICE_DISABLED", "googleapis.com", described),
            errors.localized(text),
            errors.help_links("Google developers console API activation", url),
        ],
    )
