"""A record of the reviewed plan that holds no values; the later apply refuses a different plan."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import Refused, UsageProblem
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session

FORMAT = 1
# Written by Google: may differ between two reads of an unchanged resource.
_VOLATILE = frozenset(
    {"create_time", "effective_time", "etag", "generation", "metageneration", "time_created", "update_time", "updated"}
)
_NOTHING = (["no-op"], ["read"])
# The state bucket is created before any plan can be applied, then imported, so it does not have to be in the review.
_STATE_BUCKET = "module.state_bucket.google_storage_bucket.bucket"


@dataclass(frozen=True)
class Record:
    """The changes of a reviewed plan: by layer, each address ("output NAME" for an output) with a digest of its change."""

    environment: str
    layers: Mapping[str, Mapping[str, str]]

    @property
    def text(self) -> str:
        """The record's file content: addresses and digests."""
        content = {"format": FORMAT, "environment": self.environment, "layers": self.layers}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def record(environment: str, plans: Mapping[str, Mapping[str, Any]]) -> Record:
    """The record of some plans, given by layer as Terraform's JSON."""
    return Record(environment, {layer: dict(_changes(plan)) for layer, plan in plans.items()})


def read(path: Path) -> Record:
    """Reads a record from its file. Raises UsageProblem."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        layers = {FORMAT: content["layers"]}[content["format"]]
        return Record(str(content["environment"]), {layer: dict(changes) for layer, changes in layers.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageProblem(
            f"{path} is not the record of a review: write one with `groundwork review --record {shlex.quote(str(path))}` when the change is reviewed."
        ) from None


def differences(reviewed: Record, now: Record) -> list[str]:
    """What the current plan would do that was not reviewed, and the reverse, one line each."""
    found = []
    for layer in sorted({*reviewed.layers, *now.layers}):
        before, after = reviewed.layers.get(layer, {}), now.layers.get(layer, {})
        found += [f"{layer}: not reviewed: {address}" for address in sorted(after.keys() - before.keys())]
        found += [f"{layer}: no longer needed: {address}" for address in sorted(before.keys() - after.keys())]
        both = sorted(before.keys() & after.keys())
        found += [f"{layer}: changed since: {address}" for address in both if before[address] != after[address]]
    return found


def only_this(path: Path) -> Callable[[Session, Sequence[LayerPlan]], None]:
    """A check for `up`: raises Refused unless the plan is the reviewed one. Raises UsageProblem for an unreadable record."""
    reviewed = read(path)

    def refuse(session: Session, layer_plans: Sequence[LayerPlan]) -> None:
        if reviewed.environment != session.environment.name:
            raise Refused(f"{path} records a review of {reviewed.environment}, not of {session.environment.name}.")
        lines = differences(reviewed, record(session.environment.name, plan_documents(session, layer_plans)))
        if lines:
            raise Refused(
                f"The plan of {session.environment.name} is not the one that was reviewed: nothing was changed. Open a new "
                "pull request, so that the plan as it is now can be reviewed.",
                lines,
            )

    return refuse


def plan_documents(session: Session, layer_plans: Sequence[LayerPlan]) -> dict[str, dict[str, Any]]:
    """The saved plans as Terraform's JSON, by layer. They may contain secrets: do not store them."""
    return {plan.layer: session.plan_json(plan.layer, plan.file) for plan in layer_plans}


def _changes(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in plan.get("resource_changes", []):
        change = one["change"]
        if one["address"] == _STATE_BUCKET and (change["actions"] == ["create"] or change.get("importing")):
            continue
        if change["actions"] not in _NOTHING or change.get("importing"):
            yield one["address"], _digest(change)
    for name, change in plan.get("output_changes", {}).items():
        if change["actions"] not in _NOTHING:
            yield f"output {name}", _digest(change)


def _digest(change: Mapping[str, Any]) -> str:
    kept = {part: _lasting(change.get(part)) for part in ("actions", "before", "after", "after_unknown", "importing")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(item) for name, item in value.items() if name not in _VOLATILE}
    return [_lasting(item) for item in value] if isinstance(value, list) else value
