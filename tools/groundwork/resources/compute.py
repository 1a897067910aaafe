"""What Compute Engine's kinds have in common: lists over all zones, links as names, a form of policies of their own."""

from __future__ import annotations

from groundwork.environment.values import Environment
from groundwork.resources.kind import PolicyAccess
from groundwork.resources.listing import Listing


def listing(collection: str, *, everywhere: bool = True) -> Listing:
    """The list call of a collection: in all zones and regions, or global."""
    path = f"v1/projects/{{project}}/{'aggregated' if everywhere else 'global'}/{collection}"
    return Listing("compute", path, f"items/*/{collection}" if everywhere else "items", "selfLink", "creationTimestamp")


def is_used(environment: Environment) -> bool:
    """Whether the file has machines, with their disks and network."""
    return bool(environment.workstations)


def policy_access(words: str, place: str = "", attribute: str = "name") -> PolicyAccess:
    """How a kind's policy is read and written: gcloud's words for it, the flag for its location, and Terraform's attribute."""
    where = f" --{place}={{location}}" if place else ""
    return PolicyAccess(
        "v1/{name}",
        "GET",
        attribute,
        f"compute {words} {{verb}} {{short}} --project={{project}}{where}",
        getter="/getIamPolicy",
        setter="/setIamPolicy",
        version="optionsRequestedPolicyVersion",
    )


def region_of(zone: str) -> str:
    """The region of a zone, given by name or link."""
    return last(zone).rsplit("-", 1)[0]


def last(path: object) -> str:
    """The last part of a name or link."""
    return str(path).rsplit("/", 1)[-1]
