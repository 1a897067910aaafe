"""Recovery from a killed run: releases its lock, uploads its state, and imports what it created but did not record.

Nothing here happens unless the layer's folder has a record of an interrupted run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import GroundworkError
from groundwork.resources.registry import GRANT, imported, provisionings
from groundwork.terraform import runs
from groundwork.terraform.commands import ABSENT, Terraform
from groundwork.terraform.events import Diagnostic, Event, Step, parse
from groundwork.terraform.lock import left_by, release
from groundwork.terraform.plans import FILE
from groundwork.terraform.session import Session
from groundwork.terraform.state import read_lock, read_state
from groundwork.terraform.talk import Talk

EVENTS = "interrupted.ndjson"
PLAN = "interrupted.tfplan"
STATE = "errored.tfstate"

_REFUSAL = re.compile(r"\bError 4\d\d\b")


@dataclass(frozen=True)
class Orphan:
    """A resource that an interrupted run may have created: `id` is Terraform's, "" if it was killed before it got one."""

    address: str
    type: str
    id: str


def settle(session: Session, layer: str, talk: Talk) -> bool:
    """Before init: waits for an interrupted run's Terraform, and releases the lock it left; returns whether there was such a run."""
    folder = session.data(layer)
    run = runs.read(folder)
    if run is None:
        return (folder / EVENTS).exists() or (folder / STATE).exists()
    if run.at_work:
        talk.say(f"an earlier run ({run.text}) was killed while its Terraform still works on {layer}: waiting for it …")
        runs.wait_for_orphan(run)
    if run.phase == "apply":
        _keep(folder / "apply.ndjson", folder / EVENTS)
        _keep(folder / FILE, folder / PLAN)
    lock = read_lock(session.cloud, session.place(layer))
    if lock and left_by(run, lock, _log(folder, run)):
        talk.say(f"{layer}: releasing the lock of your earlier {run.phase}, which was interrupted (lock ID {lock.id})")
        release(session.cloud, session.place(layer), lock)
    return True


def _keep(source: Path, target: Path) -> None:
    if source.exists():
        source.replace(target)


def _log(folder: Path, run: runs.TerraformRun) -> Path:
    interrupted = folder / EVENTS
    return (
        interrupted
        if run.phase == "apply" and interrupted.exists()
        else folder / f"{run.phase.replace(' ', '-')}.ndjson"
    )


def restore(session: Session, layer: str, talk: Talk) -> None:
    """After init: uploads a state that could not be uploaded, and adopts created resources that are not in the state."""
    folder = session.data(layer)
    _push(session, layer, talk)
    if (folder / EVENTS).exists():
        known = read_state(session.cloud, session.place(layer)).addresses
        events = [parse(line) for line in (folder / EVENTS).read_text("utf-8", "replace").splitlines() if line]
        lost = [orphan for orphan in orphans(events) if orphan.address not in known]
        if lost:
            _adopt(lost, session, layer, talk)
    _forget_run(folder)


def forget(folder: Path) -> None:
    """Deletes from a layer's folder everything that a later run would resume from."""
    (folder / STATE).unlink(missing_ok=True)
    _forget_run(folder)


def _forget_run(folder: Path) -> None:
    (folder / EVENTS).unlink(missing_ok=True)
    (folder / PLAN).unlink(missing_ok=True)
    runs.ended(folder)


def rescue_state(session: Session, layer: str) -> None:
    """Moves a state that Terraform saved beside the code, because it could not upload it, to the environment's own folder."""
    move_state(session.checkout.layer(layer) / STATE, session.data(layer) / STATE)


def move_state(source: Path, target: Path) -> None:
    """Moves a file, even to another disk; if there is no room, it stays for the next run to move."""
    if not source.exists():
        return
    fresh = target.with_suffix(".fresh")
    try:
        shutil.copyfile(source, fresh)
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
    else:
        source.unlink()


def _push(session: Session, layer: str, talk: Talk) -> None:
    rescue_state(session, layer)
    saved = session.data(layer) / STATE
    if not saved.exists():
        return
    talk.say(f"{layer}: uploading the state that your earlier run could not upload")
    try:
        session.terraform(layer).push(saved)
    except GroundworkError as error:
        talk.say(f"{layer}: that state is older than the one in the bucket and is left in {saved} ({error.message})")
        saved.replace(saved.with_suffix(".tfstate.outdated"))
        return
    saved.unlink()


def orphans(events: Iterable[Event]) -> list[Orphan]:
    """What an apply started to create and may have created, in order, except what Google clearly refused."""
    begun: dict[str, Orphan] = {}
    failed: set[str] = set()
    refused: set[str] = set()
    for event in events:
        if isinstance(event, Step) and event.action == "create":
            begun[event.address] = Orphan(event.address, event.type, event.id)
            if event.stage == "errored":
                failed.add(event.address)
        elif isinstance(event, Diagnostic) and event.severity == "error" and _REFUSAL.search(event.text):
            refused.add(event.address)
    return [
        orphan
        for orphan in begun.values()
        if orphan.address not in failed & refused and not _harmless_again(orphan.type)
    ]


def _harmless_again(resource_type: str) -> bool:
    """Whether creating it again changes nothing, so that the next apply can simply do so: grants, and kinds that say so."""
    how = provisionings().get(resource_type)
    return bool(GRANT.fullmatch(resource_type)) or resource_type == "terraform_data" or (how is not None and how.again)


def _planned(file: Path, terraform: Terraform) -> dict[str, Mapping[str, Any]]:
    """The planned values by address; nothing when the plan cannot be read any more."""
    if not file.exists():
        return {}
    try:
        plan = terraform.show(file)
    except GroundworkError:
        return {}
    return {str(entry["address"]): entry["change"].get("after") or {} for entry in plan.get("resource_changes", ())}


def identity(orphan: Orphan, planned: Mapping[str, Any], project: str) -> str:
    """The import id: the one that the run learned, else one built from planned values; "" when neither is known."""
    if orphan.id:
        return orphan.id
    return imported(orphan.type, planned, project)


def _adopt(lost: Iterable[Orphan], session: Session, layer: str, talk: Talk) -> None:
    session.freeze(layer)
    terraform = session.terraform(layer)
    planned = _planned(session.data(layer) / PLAN, terraform)
    for orphan in lost:
        name = identity(orphan, planned.get(orphan.address, {}), session.environment.project)
        if not name:
            talk.say(
                f"{layer}: {orphan.address} may or may not have been created; if it exists, run `terraform import` for it"
            )
            continue
        problem = terraform.adopt(orphan.address, name)
        if not problem:
            talk.say(f"{layer}: imported {orphan.address}, which the interrupted run had created ({name})")
        elif problem != ABSENT:
            talk.say(
                f"{layer}: {orphan.address} ({name}) may or may not have been created, since its import failed ({problem}); "
                "if it exists, `groundwork adopt` takes it over"
            )
