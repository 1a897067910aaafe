"""What lies around projects on Google Cloud and not here: organizations, folders, liens, tags, policies of organizations.

Projects of the local cloud have no organization, like those of most people: the lists are empty, what is named is refused.
"""

from __future__ import annotations

from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import invalid, permission_denied
from localcloud.services.cloudresourcemanager import projects

_ENFORCED = frozenset(
    {"constraints/iam.disableServiceAccountKeyCreation", "constraints/iam.disableServiceAccountKeyUpload"}
)
"""The constraints that the local cloud holds every project to: see services/iam/accounts.py."""
_CONSTRAINT = "constraints/"


def none(_: Call) -> Body:
    """An empty list."""
    return {}


def unknown(call: Call) -> Body:
    """An organization or folder that is named: Google does not tell whether it is missing or somebody else's."""
    if call.method.version == "v1":
        raise permission_denied("The caller does not have permission")
    permission = f"resourcemanager.{call.collection}.{call.method.verb}"
    where = f"//cloudresourcemanager.googleapis.com/{call.name}"
    raise permission_denied(f"Permission '{permission}' denied on resource '{where}' (or it may not exist).")


def policy(call: Call) -> Body:
    """projects.getOrgPolicy: no project has one of its own."""
    projects.get(call)
    return {"constraint": _constraint(call)}


def effective_policy(call: Call) -> Body:
    """projects.getEffectiveOrgPolicy: keys of service accounts are not made here, everything else is allowed."""
    projects.get(call)
    constraint = _constraint(call)
    return {"constraint": constraint, "booleanPolicy": {"enforced": True} if constraint in _ENFORCED else {}}


def policies(call: Call) -> Body:
    """projects.listOrgPolicies: none is set on any project."""
    projects.get(call)
    return {}


def _constraint(call: Call) -> str:
    constraint: str = call.body.get("constraint", "")
    if not constraint:
        raise invalid("The request names no constraint.", "constraint")
    return constraint if constraint.startswith(_CONSTRAINT) else _CONSTRAINT + constraint


def methods() -> dict[str, Handler]:
    """Handlers by method id."""
    empty = ("organizations.search", "folders.search", "folders.list", "liens.list", "tagBindings.list", "tagKeys.list")
    found: dict[str, Handler] = {f"{projects.API}.{name}": none for name in (*empty, "effectiveTags.list")}
    for kind in ("organizations", "folders"):
        for verb in ("get", "getIamPolicy", "setIamPolicy"):
            found[f"{projects.API}.{kind}.{verb}"] = unknown
    return found | {
        f"{projects.API}.projects.getOrgPolicy": policy,
        f"{projects.API}.projects.getEffectiveOrgPolicy": effective_policy,
        f"{projects.API}.projects.listOrgPolicies": policies,
    }
