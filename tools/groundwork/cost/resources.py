"""How each resource type is priced, or why it is free, as declared by the kinds of resources."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.resources.kind import Free
from groundwork.resources.needs import Planner
from groundwork.resources.registry import GRANT, provisionings


def priced() -> Mapping[str, Planner]:
    """The planner of each resource type that costs something."""
    return {name: how.price for name, how in sorted(provisionings().items()) if not isinstance(how.price, Free)}


def free() -> Mapping[str, str]:
    """The reason for each resource type that is free."""
    return {name: how.price.reason for name, how in sorted(provisionings().items()) if isinstance(how.price, Free)}


def why_free(resource_type: str) -> str | None:
    """Why a type is free; None when it is not known to be."""
    if not resource_type.startswith("google_"):
        return "not a Google Cloud resource"
    if GRANT.fullmatch(resource_type):
        return "access rules are free"
    return free().get(resource_type)
