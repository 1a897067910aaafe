"""What the deletions of a plan would run into, and what would go with what they delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from groundwork.errors import Refused
from groundwork.google.cloud import Cloud
from groundwork.resources.contents import look_into
from groundwork.resources.inventory import Item
from groundwork.terraform import plans
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session

Obstacle = Callable[[Cloud, Mapping[str, Any]], str]


def refuse(session: Session, made: Sequence[LayerPlan], beginning: str) -> None:
    """Look beforehand for what would make the plans fail half-way; raises Refused with all of it."""
    found = [f"{name}: {why}" for name, kind, values in _going(session, made) for why in _why(session, kind, values)]
    if found:
        raise Refused(f"{beginning} would stop half-way, so it was not begun:", found)


def losses(session: Session, made: Sequence[LayerPlan]) -> list[str]:
    """What is in the buckets and secrets that the plans delete, a line each; an empty one loses nothing."""
    names = {}
    for name, kind, values in _going(session, made):
        if kind in _ITEMS:
            names[_ITEMS[kind](values)] = name
    found, unknown = look_into(session.cloud, names)
    lines = [f"{names[one.item]}: {one.text}" for one in found if one.holds]
    return lines + [f"{what}: not known ({why})" for what, why in unknown.items()]


def _going(session: Session, made: Sequence[LayerPlan]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Whatever is deleted or replaced: whose it is in the team's words, its type, its values."""
    for plan in made:
        if not any(change.action in ("delete", "replace") for change in plan.changes):
            continue
        for entry in session.shown(plan.layer, plan.file).get("resource_changes", ()):
            if "delete" in entry["change"]["actions"]:
                name = plans.component(str(entry.get("module_address", "")))
                yield name, str(entry["type"]), entry["change"].get("before") or {}


def _why(session: Session, kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Why a resource with these values cannot be deleted, with what to do."""
    if kind == "google_storage_bucket" and values.get("name") == session.environment.state_bucket:
        yield (
            f"gs://{values['name']} keeps Terraform's state, and stays in {str(values.get('location', '')).lower()} as long as "
            "it is there; put the region back, or take everything away with `down --all` before you change it"
        )
        return
    if values.get("deletion_protection") is True:
        yield f"deletion_protection is on; set it to false, {_THEN}"
    if values.get("deletion_policy") == "PREVENT":
        yield f"deletion_policy is PREVENT; set it to DELETE, {_THEN}"
    if kind in OBSTACLES and (why := OBSTACLES[kind](session.cloud, values)):
        yield why


def _objects(cloud: Cloud, values: Mapping[str, Any]) -> str:
    """Why a bucket cannot go: it holds objects and may not delete them."""
    if values.get("force_destroy"):
        return ""
    name = values["name"]
    found, unknown = look_into(cloud, [_bucket(values)])
    if unknown:
        return f"whether gs://{name} holds objects could not be seen ({', '.join(unknown.values())}), and force_destroy is false"
    if not found[0].holds:
        return ""
    return (
        f"gs://{name} holds {found[0].text}, and force_destroy is false; delete them with "
        f"`gcloud storage rm --recursive --all-versions gs://{name}/**`, or set force_destroy: true for it, {_THEN}"
    )


def _bucket(values: Mapping[str, Any]) -> Item:
    return Item("bucket", str(values["name"]))


def _secret(values: Mapping[str, Any]) -> Item:
    return Item("secret", str(values["id"]))


_THEN = "run `up`, then do this again"
_ITEMS: Mapping[str, Callable[[Mapping[str, Any]], Item]] = {
    "google_secret_manager_secret": _secret,
    "google_storage_bucket": _bucket,
}
OBSTACLES: Mapping[str, Obstacle] = {"google_storage_bucket": _objects}
