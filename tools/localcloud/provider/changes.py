"""Plans a change from the prior state and the proposed values: the planner, the provider's additions, and a type's own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.provider import additions, normal
from localcloud.provider.additions import PlanDraft
from localcloud.provider.planner import Planner, Scope
from localcloud.provider.rows import ResourceType
from localcloud.provider.schema import Block
from localcloud.provider.settings import Settings
from localcloud.provider.values import UNKNOWN, Object, Path, Value

OwnRules = Callable[[PlanDraft], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Planned values, the paths that force replacement, and whether anything differs from the state at all."""

    values: Object
    replaced: tuple[Path, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """What Terraform asks to plan: the state (None: nothing exists), what is wanted, and what was written."""

    prior: Object | None
    proposed: Object
    config: Object


def plan(row: ResourceType, settings: Settings, asked: Change, own: OwnRules | None = None) -> Plan:
    """The plan of a create or an update; `own` are the type's own rules."""
    prior, proposed = asked.prior, asked.proposed
    root = row.schema.root
    before = normal.filled(root, prior) if prior is not None else None
    planner = Planner(prior is None, before or row.schema.null, proposed, settings)
    planned = planner.objects(root, before, proposed, Scope())
    draft = PlanDraft(row.schema, settings, planner, asked.config, planned)
    additions.apply(draft, row.additions)
    if own:
        own(draft)
    retimed = planner.quiet > 0 and prior is not None and proposed.get("timeouts") != prior.get("timeouts")
    if not planner.changed and not retimed and prior is not None:
        return Plan(dict(prior), changed=False)
    values = normal.objects(root, draft.planned, proposed, "plan")
    if prior is None:
        values = _create(root, values)
    replaced = [*planner.replaced, ("id",)] if planner.replaced else []
    return Plan(_with_timeouts(row, values, proposed), tuple(dict.fromkeys(replaced)))


def _create(root: Block, values: Object) -> Object:
    return {name: UNKNOWN if _left_open(root, name, value) else value for name, value in values.items()}


def _left_open(root: Block, name: str, value: Value) -> bool:
    return value is None and root.children[name].computed


def _with_timeouts(row: ResourceType, values: Object, proposed: Object) -> Object:
    return values | ({"timeouts": proposed.get("timeouts")} if row.schema.timeouts else {})
