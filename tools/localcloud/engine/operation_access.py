"""Access to long-running operations: callers need Google's permission for the API, on the operation's project.

Some APIs have no permission for their operations, or none to read one by its name. There it is who began one, and who may see its
project.
"""

from __future__ import annotations

from localcloud.engine import gate
from localcloud.engine.iam import PROJECTS
from localcloud.engine.operations import Operation
from localcloud.engine.service import Call

_WORDS = {"wait": "get"}


def admit(call: Call) -> None:
    """Refuses (403) a call on operations that its caller may not make; 404 for an unknown operation.

    A list that is of no project is let through: it holds what its caller may see.
    """
    verb = _WORDS.get(call.method.verb, call.method.verb)
    if verb == "list":
        if call.project is not None and not _may(call, verb, None):
            raise _refusal(call, verb)
        return
    operation = call.cloud.operations.get(call.service.api, call.path)
    if not _may(call, verb, operation):
        raise _refusal(call, verb)


def visible(call: Call, operation: Operation) -> bool:
    """Whether a list shows an operation to the caller."""
    return _may(call, "get", operation)


def _may(call: Call, verb: str, operation: Operation | None) -> bool:
    where = call.path.rpartition("/operations")[0] or (operation.target if operation is not None else "")
    words = where.split("/")
    project = words[1] if words[0] == "projects" and len(words) > 1 else None
    iam = call.cloud.iam
    permission = _permission(call, verb)
    if permission and (permission in iam.roles.permissions or operation is None):
        return iam.allowed(call.principal, permission, call.service.api, where, project)
    if operation is not None and operation.principal == call.principal:
        return True
    return (
        not (permission and verb != "get")
        and project is not None
        and iam.allowed(call.principal, "resourcemanager.projects.get", PROJECTS, f"projects/{project}", project)
    )


def _permission(call: Call, verb: str) -> str:
    declared = call.service.permissions.get(call.method.id)
    if isinstance(declared, str):
        return declared
    collection = f"{call.service.api}.operations"
    return f"{collection}.{verb}" if collection in call.cloud.iam.roles.collections else ""


def _refusal(call: Call, verb: str) -> Exception:
    return gate.refusal(call, _permission(call, verb) or "resourcemanager.projects.get", call.path)
