"""What plans would change, as data: every resource with its values before and after, secrets masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from groundwork.resources.words import component
from groundwork.terraform import plans
from groundwork.terraform.differences import before_after
from groundwork.terraform.plans import LayerPlan


def as_data(layer_plans: Sequence[LayerPlan], documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and resources of plans; `documents` are the same as Terraform's JSON, by layer."""
    total = plans.counts(layer_plans)
    return {
        "pending": any(plan.pending for plan in layer_plans),
        "changes": {"create": total.create, "update": total.update, "delete": total.delete},
        "imports": total.imported,
        "resources": [resource for plan in layer_plans for resource in _resources(plan, documents[plan.layer])],
    }


def _resources(plan: LayerPlan, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    changes = {one["address"]: one["change"] for one in document.get("resource_changes", [])}
    found = []
    for change in plan.changes:
        before, after = before_after(changes.get(change.address, {}))
        found.append(
            {
                "layer": plan.layer,
                "address": change.address,
                "component": component(change.module),
                "action": change.action,
                "before": before,
                "after": after,
            }
        )
    return found
