"""Soft-deleted resources that still occupy their names: `up` undeletes them instead of creating new ones."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.google.cloud import CloudProblem
from groundwork.google.operations import finish
from groundwork.resources.kind import Kind
from groundwork.resources.registry import imported, kind_of, listings, provisionings
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.talk import Talk


def revive(session: Session, plan: LayerPlan, talk: Talk) -> frozenset[str]:
    """Undeletes what the plan would create but is only soft-deleted, and imports it into the state; returns the addresses."""
    undeleted = {
        address: path for address, kind, path in _candidates(session, plan) if _undelete(session, kind, path, talk)
    }
    for address, path in undeleted.items():
        session.terraform(plan.layer).adopt(address, path)
    return frozenset(undeleted)


def _candidates(session: Session, plan: LayerPlan) -> Iterator[tuple[str, Kind, str]]:
    """What may have to be undeleted: its address, its kind, its full name; parents come before children."""
    if not any(change.action == "create" and _is_revived(change.type) for change in plan.changes):
        return
    project = session.environment.project
    entries = session.plan_json(plan.layer, plan.file).get("resource_changes", ())
    found = [
        (
            str(entry["address"]),
            str(entry["type"]),
            imported(entry["type"], entry["change"].get("after") or {}, project),
        )
        for entry in entries
        if entry["change"]["actions"] == ["create"] and _is_revived(entry["type"])
    ]
    for address, kind, path in sorted(found, key=lambda one: one[2]):
        owner = kind_of(kind)
        if owner and path:
            yield address, owner, path


def _is_revived(resource_type: str) -> bool:
    how = provisionings().get(resource_type)
    return how is not None and how.revived


def _undelete(session: Session, kind: Kind, path: str, talk: Talk) -> bool:
    """Undeletes the resource at a path if it is soft-deleted; returns whether it was."""
    row = next(row for row in listings() if row.kind == kind.name)
    try:
        found = session.cloud.request("GET", row.api, f"{row.version}/{path}")
    except CloudProblem as problem:
        if problem.code in (403, 404):
            return False
        raise
    if found.get("state") != "DELETED":
        return False
    talk.say(f"{path.rpartition('/')[2]}: restoring what was deleted less than 30 days ago ({path})")
    begun = session.cloud.request("POST", row.api, f"{row.version}/{path}:undelete", json={})
    finish(session.cloud, row.api, row.version, begun, f"undelete {path}")
    return True
