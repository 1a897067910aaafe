"""What a change of the region, the project or a name means for what is up: sentences that come before a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from groundwork.resources import registry
from groundwork.resources.kind import Kind, given
from groundwork.resources.words import component
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.text import counted, listed


def sentences(session: Session, layer_plans: Sequence[LayerPlan]) -> list[str]:
    """What the plans mean as a whole; nothing for changes that say it themselves."""
    changes = [
        entry
        for plan in layer_plans
        if any(change.action in ("create", "delete", "replace") for change in plan.changes)
        for entry in session.plan_json(plan.layer, plan.file).get("resource_changes", ())
    ]
    return [*_project(session), *_region(session, changes), *_names(changes)]


def note_project(session: Session) -> None:
    """Remembers which project this clone brings up."""
    _note(session).parent.mkdir(parents=True, exist_ok=True)
    _note(session).write_text(session.environment.project, "utf-8")


def forget_project(session: Session) -> None:
    """Forgets it: nothing is left there."""
    _note(session).unlink(missing_ok=True)


def _note(session: Session) -> Path:
    return session.folder / "project"


def _project(session: Session) -> Iterator[str]:
    try:
        former = _note(session).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return
    environment = session.environment
    if former and former != environment.project:
        yield (
            f"project was {former} and is now {environment.project}, which is another platform: nothing is moved to it, and all that is up in "
            f"{former} stays there and costs what it costs. To remove that, put {former} back and run `groundwork down --all --env {environment.name}`."
        )


def _region(session: Session, changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The state bucket is in the file's region: if it would be replaced, the region has changed."""
    moving = [entry["change"] for entry in changes if {"create", "delete"} <= set(entry["change"]["actions"])]
    moved = [one for one in moving if (one.get("before") or {}).get("name") == session.environment.state_bucket]
    if not moved:
        return
    name, former = session.environment.name, str(moved[0]["before"].get("location")).lower()
    yield (
        f"region was {former} and is now {session.environment.region}: nothing can be moved, so what lies in a region would be destroyed with all "
        f"that it contains, and be created again empty ({counted(len(moving), 'resource')}). `up` refuses this. To move, put {former} back, keep a "
        f"copy of your data, run `groundwork down --all --env {name}`, change the region, and run `groundwork up --env {name}`."
    )


def _names(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where one of a kind goes and another comes, which may be meant as a new name."""
    going, coming = (_of_the_file(changes, action) for action in ("delete", "create"))
    for kind, old in going.items():
        if new := coming.get(kind):
            contents, empty = (" with all contents", ", empty") if given(registry.kinds()[kind].inside) else ("", "")
            verb, verbs = ("is" if len(names) == 1 else "are" for names in (old, new))
            yield f"{listed(old)} {verb} destroyed{contents}, and {listed(new)} {verbs} created{empty}: nothing can be renamed."


def _of_the_file(changes: Sequence[Mapping[str, Any]], action: str) -> dict[str, list[str]]:
    """What the file describes by name and one action alone is done to: in the team's words, by kind."""
    found: dict[str, list[str]] = {}
    for entry in changes:
        how = registry.provisionings().get(str(entry["type"]))
        kind: Kind | None = registry.kind_of(str(entry["type"]))
        if how and kind and how.section and entry["change"]["actions"] == [action]:
            found.setdefault(kind.name, []).append(component(str(entry.get("module_address", ""))))
    return found
