"""Resource names of Vertex AI: stored with the project's id, shown with its number."""

from __future__ import annotations

from localcloud.engine import labels, places
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, not_found

API = "aiplatform"
HOST = "aiplatform.googleapis.com"
_LONGEST = 128
_REFERENCES = frozenset({"name", "model", "tensorboard", "parentModel", "backingCustomJob"})


def project(name: str) -> str:
    """The project of a resource name."""
    return name.split("/")[1]


def region(name: str) -> str:
    """The region of a resource name."""
    return name.split("/")[3]


def shown(cloud: Cloud, body: Body) -> Body:
    """A resource as clients see it: project numbers in its own name and in those that it refers to."""
    return {
        key: cloud.projects.numbered(value) if key in _REFERENCES and isinstance(value, str) else value
        for key, value in body.items()
    }


def check_place(call: Call) -> None:
    """403 for an unknown region."""
    location = region(call.path)
    if location not in places.REGIONS:
        raise places.unknown(call, location)


def check_described(body: Body, kind: str, field: str, *, needed: bool = True) -> None:
    """400 for a display name or labels that Google does not accept."""
    name = body.get("displayName", "")
    if needed and not name:
        raise invalid(f"{field}.display_name: The display name is required.", f"{field}.display_name")
    if len(name) > _LONGEST:
        raise invalid(f"{field}.display_name may have at most {_LONGEST} characters.", f"{field}.display_name")
    if problem := labels.problem(body.get("labels", {}), kind):
        raise invalid(problem, f"{field}.labels")


def seen(call: Call, name: str, permission: str) -> bool:
    """Whether a caller may use another resource that a request refers to: in the same project, or one that it may read."""
    owner = name.split("/")[1] if name.startswith("projects/") else ""
    return owner == call.project or call.cloud.iam.allowed(
        call.principal, permission, API, name.partition("@")[0], owner
    )


def absent(cloud: Cloud, kind: str, name: str) -> CloudError:
    """The 404 for a missing resource."""
    return not_found(f'The {kind} "{cloud.projects.numbered(name)}" does not exist.')
