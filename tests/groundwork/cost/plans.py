"""Plans as `terraform show -json` prints them, built from the few lines that a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NO_TIERS = {"free_tier_share": 0}


def change(
    type_: str,
    values: Mapping[str, Any] | None,
    *,
    name: str = "data",
    actions: Sequence[str] = ("create",),
    before: Mapping[str, Any] | None = None,
    unknown: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An entry of resource_changes for module.things["NAME"].TYPE.this."""
    return {
        "address": f'module.things["{name}"].{type_}.this',
        "mode": "managed",
        "type": type_,
        "name": "this",
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {"actions": list(actions), "before": before, "after": values, "after_unknown": unknown or {}},
    }


def plan(*changes: Mapping[str, Any]) -> dict[str, Any]:
    """A plan of these changes."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {},
        "resource_changes": list(changes),
    }


def bucket(location: str = "EUROPE-WEST1", **values: Any) -> dict[str, Any]:
    """A bucket as our module plans it: no soft delete, no versions."""
    return {
        "name": "team-data",
        "location": location,
        "storage_class": "STANDARD",
        "soft_delete_policy": [{"retention_duration_seconds": 0}],
        "versioning": [{"enabled": False}],
        **values,
    }
