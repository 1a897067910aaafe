"""What would stop the deletions of a plan, and what would be lost with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from groundwork.errors import Refused
from groundwork.google.cloud import CloudProblem
from groundwork.resources import registry
from groundwork.resources.contents import look_into
from groundwork.resources.item import Item
from groundwork.resources.kind import given
from groundwork.resources.words import component
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.state import UnreadableState, read_state, states_in


def refuse(session: Session, layer_plans: Sequence[LayerPlan], beginning: str) -> None:
    """Raises Refused with everything that would make the plans fail half-way."""
    found = reasons(session, layer_plans)
    if found:
        raise Refused(f"{beginning} would fail half-way, so it was not started:", found)


def reasons(session: Session, layer_plans: Sequence[LayerPlan]) -> list[str]:
    """Everything that would make the plans fail half-way, and what to do about it."""
    going = _going(session, layer_plans)
    stopped = [f"{name}: {why}" for name, kind, values in going for why in _why(session, kind, values)]
    return [*_held_by_others(session, layer_plans), *stopped]


def losses(session: Session, layer_plans: Sequence[LayerPlan]) -> list[str]:
    """The contents of what the plans delete, one line each; empty things lose nothing."""
    names = {}
    for name, kind, values in _going(session, layer_plans):
        owner, how = registry.kind_of(kind), registry.provisionings().get(kind)
        if owner and how and given(owner.inside) and not how.again:
            names[Item(owner.name, str(values[how.named]))] = name
    found, unknown = look_into(session.cloud, names)
    lines = [f"{names[one.item]}: {one.text}" for one in found if one.holds]
    return lines + [f"{what}: unknown ({why})" for what, why in unknown.items()]


def _held_by_others(session: Session, layer_plans: Sequence[LayerPlan]) -> Iterator[str]:
    """Which other environment has what the bootstrap plan would create a second time, as after its file was renamed."""
    wanted = {
        change.address
        for plan in layer_plans
        for change in plan.changes
        if plan.layer == "bootstrap" and change.action == "create" and not change.type.endswith(_SHARED)
    }
    environment = session.environment
    # Without a bucket there is no state; of one that cannot be read nothing is claimed.
    with suppress(CloudProblem, UnreadableState):
        for place in states_in(session.cloud, environment.state_bucket) if wanted else ():
            other, _, layer = place.prefix.partition("/")
            if (
                layer == "bootstrap"
                and other != environment.name
                and wanted & read_state(session.cloud, place).addresses
            ):
                yield (
                    f"environment {other} has project {environment.project}, and its bootstrap layer, which `down` keeps, is in {place.address}: "
                    f"name the file envs/{other}.yaml again, or remove that layer with `groundwork down --all --env {other}` while it has this name"
                )


_SHARED = ("_iam_member", "_project_service")
"""The ends of types of which it does no harm to create one twice."""


def _going(session: Session, layer_plans: Sequence[LayerPlan]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Everything that is deleted or replaced: its component in the team's words, its type, its values."""
    for plan in layer_plans:
        if not any(change.action in ("delete", "replace") for change in plan.changes):
            continue
        for entry in session.plan_json(plan.layer, plan.file).get("resource_changes", ()):
            if "delete" in entry["change"]["actions"]:
                name = component(str(entry.get("module_address", "")))
                yield name, str(entry["type"]), entry["change"].get("before") or {}


def _why(session: Session, kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Why a resource with these values cannot be deleted, with what to do."""
    how = registry.provisionings().get(kind)
    obstacle = given(how.obstacle) if how else None
    why = obstacle(session.cloud, session.environment, values) if obstacle else ""
    if why:
        yield why
    if values.get("deletion_protection") is True:
        yield f"deletion_protection is on; set it to false, {_THEN}"
    if values.get("deletion_policy") == "PREVENT":
        yield f"deletion_policy is PREVENT; set it to DELETE, {_THEN}"


_THEN = "run `up`, then do this again"
