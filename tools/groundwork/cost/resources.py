"""How each resource type is priced, or why it is free, as declared by the kinds."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.resources.kind import Free
from groundwork.resources.needs import Planner
from groundwork.resources.registry import GRANT, made


def priced() -> Mapping[str, Planner]:
    """What a month of each type that costs something needs."""
    return {name: how.price for name, how in sorted(made().items()) if not isinstance(how.price, Free)}


def free() -> Mapping[str, str]:
    """Why each type that costs nothing does so."""
    return {name: how.price.reason for name, how in sorted(made().items()) if isinstance(how.price, Free)}


def why_free(resource_type: str) -> str | None:
    """Why a type costs nothing, or None when that is not known."""
    if not resource_type.startswith("google_"):
        return "nothing of Google Cloud's"
    if GRANT.fullmatch(resource_type):
        return "access rules are free"
    return free().get(resource_type)
