"""Reads a saved plan: the resources before and after it, and which values are not yet known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.resources.needs import Planned

ACTIONS = {
    ("no-op",): "keep",
    ("create",): "create",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
    ("create", "forget"): "replace",
}


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A managed resource in a plan; `before` or `after` is None where it does not exist."""

    address: str
    action: str
    before: Planned | None
    after: Planned | None


def load_plan(path: Path) -> Mapping[str, Any]:
    """The plan in a file written by `terraform show -json PLAN`. Raises UsageProblem when it is something else."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        plan = json.loads(text)
    except OSError as problem:
        raise UsageProblem(
            f"{path} cannot be read: {problem.strerror}. Give the file that `terraform show -json PLAN` wrote."
        ) from problem
    except (ValueError, RecursionError) as problem:
        raise UsageProblem(f"{path} is not JSON. Write it with `terraform show -json PLAN > {path.name}`.") from problem
    changes(plan, str(path))
    return dict(plan)


def changes(plan: object, where: str = "the plan") -> list[ResourceChange]:
    """The managed resources of a plan, in its order. Raises UsageProblem when `plan` is not the JSON of a saved plan."""
    document = _checked(plan, where)
    found = []
    for entry in document.get("resource_changes", []):
        if not isinstance(entry, dict) or not isinstance(entry.get("change"), dict):
            raise UsageProblem(
                f"{where}: an entry of resource_changes has no change; write it again with `terraform show -json`."
            )
        if entry.get("mode", "managed") == "managed":
            found.append(_change(entry, where))
    return found


def _checked(plan: object, where: str) -> Mapping[str, Any]:
    if not isinstance(plan, dict) or "format_version" not in plan:
        raise UsageProblem(
            f"{where} is not a plan: format_version is missing. Write it with `terraform show -json PLAN`."
        )
    if str(plan["format_version"]).split(".")[0] != "1":
        raise UsageProblem(f"{where} has plan format {plan['format_version']}; only format 1 is supported.")
    if "planned_values" not in plan and "resource_changes" not in plan:
        raise UsageProblem(f"{where} is a state, not a plan: there are no resource_changes. Save a plan and show that.")
    return plan


def _change(entry: Mapping[str, Any], where: str) -> ResourceChange:
    change, address = entry["change"], str(entry.get("address", "?"))
    actions = tuple(change.get("actions", ()))
    if actions not in ACTIONS:
        raise UsageProblem(f"{where}: {address} has the actions {list(actions)}, which are unknown.")
    after = change.get("after") if ACTIONS[actions] != "forget" else change.get("before")
    return ResourceChange(
        address=address,
        action=ACTIONS[actions],
        before=_side(entry, change.get("before"), {}),
        after=_side(entry, after, change.get("after_unknown")),
    )


def _side(entry: Mapping[str, Any], values: Mapping[str, Any] | None, unknown: object) -> Planned | None:
    if values is None:
        return None
    marks: Mapping[str, Any] = unknown if isinstance(unknown, dict) else {}
    return Planned(str(entry.get("address", "?")), str(entry.get("type", "")), values, marks)


def as_plans(plan: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One plan or several (a plan per layer) as a list."""
    return [plan] if isinstance(plan, Mapping) else list(plan)
