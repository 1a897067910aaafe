"""Plans a change from prior state and proposed values: the planner, then the provider's additions, then the type's plan hook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.provider import additions, normal
from localcloud.provider.additions import PlanDraft
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.rows import ResourceType
from localcloud.provider.settings import Settings
from localcloud.provider.values import UNKNOWN, Object, Path

PlanHook = Callable[[PlanDraft], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The planned values, the paths that force replacement, and whether anything differs from the state."""

    values: Object
    replaced: tuple[Path, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """A change to plan: the prior state (None if nothing exists), the proposed values and the configuration."""

    prior: Object | None
    proposed: Object
    config: Object


def plan(row: ResourceType, settings: Settings, change: Change, hook: PlanHook | None = None) -> Plan:
    """The plan for a create or an update."""
    prior, proposed = change.prior, change.proposed
    root = row.schema.root
    before = normal.filled(root, prior) if prior is not None else None
    planner = Planner(prior is None, before or row.schema.null, proposed, settings)
    planned = planner.objects(root, before, proposed, Scope())
    draft = PlanDraft(row.schema, settings, planner, change.config, planned)
    additions.apply(draft, row.additions)
    if hook:
        hook(draft)
    retimed = planner.quiet > 0 and prior is not None and proposed.get("timeouts") != prior.get("timeouts")
    if not planner.changed and not retimed and prior is not None:
        return Plan(dict(prior), changed=False)
    values = normal.objects(root, draft.planned, proposed, "plan")
    if prior is None:
        computed = [name for name, value in values.items() if value is None and root.children[name].computed]
        values |= dict.fromkeys(computed, UNKNOWN)
    if row.schema.timeouts:
        values["timeouts"] = proposed.get("timeouts")
    replaced = [*planner.replaced, ("id",)] if planner.replaced else []
    return Plan(values, tuple(dict.fromkeys(replaced)))
