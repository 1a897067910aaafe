"""`up` and `plan`: prepare, plan every layer, show the plans, ask, and apply exactly those plans."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from groundwork.environment import placeholders
from groundwork.environment.checkout import LAYERS
from groundwork.environment.shipped import PERSONAS, read_shipped
from groundwork.errors import GroundworkError
from groundwork.google.waiting import patiently
from groundwork.lifecycle import (
    connection,
    consequences,
    local_commands,
    obstacles,
    prerequisites,
    recovery,
    revival,
    unbuilt,
)
from groundwork.lifecycle.wrong_members import WrongMembers, refused_members
from groundwork.resources import naming
from groundwork.terraform import advice, lock, packing, plans, runs, sources, stateless, transient
from groundwork.terraform.commands import TerraformFailed
from groundwork.terraform.events import Diagnostic, Event, PlannedChange
from groundwork.terraform.initialise import initialise
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.state import Output, read_lock, read_state
from groundwork.terraform.talk import LayerListen, Talk

Check = Callable[[Session, Sequence[LayerPlan]], None]


@dataclass(frozen=True)
class UpOptions:
    """How to run `up`: without asking, without changing anything, or `patient`, waiting for another run of this clone.

    `waits` are the seconds before each retry after a temporary error; `details` shows every resource.
    """

    yes: bool = False
    dry_run: bool = False
    patient: bool = False
    waits: tuple[float, ...] | None = None
    details: bool = False


@dataclass(frozen=True)
class UpResult:
    """The result of `up`: the plans as shown, and the outputs of all layers afterwards."""

    plans: tuple[LayerPlan, ...]
    outputs: dict[str, Output]


def up(session: Session, options: UpOptions, talk: Talk, checks: Sequence[Check] = ()) -> UpResult:
    """Brings the environment to the state its file describes.

    `checks` see the plans after they are shown and before anything is asked; they may refuse by raising.
    Raises GroundworkError: StateLocked, Refused, Interrupted, a failed Terraform with advice.
    """
    with runs.alone(session.folder, runs.this_run("up", session.environment.name), patient=options.patient):
        layer_plans = prepare(session, talk, create=not options.dry_run)
        show_plans(session, layer_plans, talk, details=options.details)
        for check in checks:
            check(session, layer_plans)
        obstacles.refuse(session, layer_plans, f"Applying this to {session.environment.name}")
        pending = [plan for plan in layer_plans if plan.pending]
        waiting = [] if options.dry_run else unbuilt.names(session)
        if pending and not options.dry_run:
            if not (options.yes or session.environment.local):
                talk.confirm(f"Apply this to {session.environment.name} (project {session.environment.project})?")
            consequences.note_project(session)
            apply_all(session, _with_revivals(session, pending, talk), options, talk)
        unbuilt.build(session.cloud, session.environment, waiting, talk.say)
        return UpResult(tuple(layer_plans), outputs(session))


def plan(session: Session, talk: Talk) -> tuple[LayerPlan, ...]:
    """Plans every layer and saves the plans as files; nothing is changed."""
    with runs.alone(session.folder, runs.this_run("plan", session.environment.name)):
        return prepare(session, talk, create=False)


def prepare(
    session: Session, talk: Talk, *, destroy: bool = False, create: bool = False, layers: Sequence[str] = LAYERS
) -> tuple[LayerPlan, ...]:
    """Creates or reports the prerequisites, recovers an interrupted run, and initialises and plans the layers in parallel."""
    read_shipped(session.checkout.root, PERSONAS)  # Terraform reads it too, but its error names no file
    if not destroy:
        placeholders.refuse(session.environment)
        packing.pack(session.environment, session.archives)  # refuses missing code before anything is created
        _begin(session, talk, create=create)
    interrupted = [layer for layer in LAYERS if recovery.settle(session, layer, talk)]
    try:
        with session.keeping_cloud_up(talk.say):
            initialise(session, talk)
            for layer in interrupted:
                recovery.restore(session, layer, talk)
            with talk.progress(f"planning {' and '.join(layers)}", {}) as listen:
                return _plan_all(session, layers, listen, destroy=destroy)
    except TerraformFailed as failure:
        raise explained_failure(session, failure) from failure


def _begin(session: Session, talk: Talk, *, create: bool) -> None:
    """Creates what Terraform needs, or says what `up` would create; without a state bucket, the plan is made without a state."""
    if create:
        prerequisites.create(session.cloud, session.environment, talk.say)
        connection.ensure(session.cloud, session.environment, session.checkout, talk.say)
        if session.environment.local:
            local_commands.tell(session.environment, session.checkout)
        missing = prerequisites.NOTHING
    else:
        missing = prerequisites.missing(session.cloud, session.environment)
    for line in missing.lines:
        talk.say(f"`up` would first {line}")
    for layer in LAYERS:
        if missing.bucket:
            stateless.copy(session.checkout, session.data(layer), layer)
        else:
            stateless.remove(session.data(layer))


def _plan_all(session: Session, layers: Sequence[str], listen: LayerListen, *, destroy: bool) -> tuple[LayerPlan, ...]:
    """Plans the layers in parallel, and reads each plan as soon as it is saved: its cost and changes will be needed."""

    def planned(layer: str) -> LayerPlan:
        layer_plan = plan_layer(session, layer, partial(listen, layer), destroy=destroy)
        session.plan_json(layer, layer_plan.file)
        return layer_plan

    with ThreadPoolExecutor(len(layers)) as pool:
        return tuple(pool.map(planned, layers))


def plan_layer(
    session: Session,
    layer: str,
    listen: Callable[[Event], None],
    *,
    destroy: bool = False,
    again: bool = False,
    targets: Sequence[str] = (),
) -> LayerPlan:
    """One layer's plan, saved in its folder; temporary errors are retried. Raises TerraformFailed.

    `again`: of the same file as before, even if that was edited meanwhile; `targets`: of these addresses only.
    """

    def passes(problem: Exception) -> bool:
        return isinstance(problem, TerraformFailed) and bool(
            transient.reason(problem.diagnostics, local=session.environment.local)
        )

    sleep = session.cloud.patience.sleep
    return patiently(
        lambda: _plan(session, layer, listen, destroy=destroy, again=again, targets=targets),
        passes,
        _waits(session),
        sleep=sleep,
    )


def _waits(session: Session) -> tuple[float, ...]:
    return transient.LATE_WAITS if session.cloud.patience.late else transient.LOCAL_WAITS


def _plan(
    session: Session,
    layer: str,
    listen: Callable[[Event], None],
    *,
    destroy: bool,
    again: bool,
    targets: Sequence[str],
) -> LayerPlan:
    changes: list[PlannedChange] = []
    warnings: list[Diagnostic] = []

    def note(event: Event) -> None:
        if isinstance(event, PlannedChange):
            changes.append(event)
        elif isinstance(event, Diagnostic) and event.severity == "warning":
            warnings.append(event)
        listen(event)

    inputs = sources.sources(session.checkout.root, session.environment)
    if not again:
        session.freeze(layer)
    file = session.data(layer) / plans.FILE
    # What is destroyed needs no code, which may be gone.
    code = packing.pack(session.environment, session.archives) if layer == "platform" and not destroy else {}
    pending = session.terraform(layer, code).plan(file, note, destroy=destroy, targets=targets)
    sources.note(file, inputs)
    return LayerPlan(layer, file, pending, plans.acting(changes), tuple(warnings))


def plan_lines(session: Session, layer_plans: Sequence[LayerPlan]) -> naming.PlanLines:
    """The plans with the names of the things and people that change."""
    personas = {email: member.role for email, member in session.environment.members.items()}
    return naming.plan_lines(layer_plans, _documents(session, layer_plans), personas)


def _documents(session: Session, layer_plans: Sequence[LayerPlan]) -> dict[str, dict[str, Any]]:
    return {entry.layer: session.plan_json(entry.layer, entry.file) for entry in layer_plans if entry.changes}


def show_plans(session: Session, layer_plans: Sequence[LayerPlan], talk: Talk, *, details: bool = False) -> None:
    """Prints the plans in the team's words, with grants of more power and permanent losses set apart."""
    found = plan_lines(session, layer_plans)
    for sentence in consequences.sentences(session, layer_plans):
        talk.say(sentence)
    for line in found.details if details else found.lines:
        talk.say(line)
    if found.power:
        talk.say("grants with far-reaching power")
    for line in found.power:
        talk.say(f"  ! {line}")
    if revocations := naming.revocations(layer_plans, _documents(session, layer_plans)):
        talk.say("granted by hand, and revoked because the file grants that role to others")
    for line in revocations:
        talk.say(f"  ! {line}")
    if losses := obstacles.losses(session, layer_plans):
        talk.say("contents that are lost for good")
    for line in losses:
        talk.say(f"  ! {line}")
    for warning in (warning for entry in layer_plans for warning in entry.warnings):
        talk.say(f"warning: {warning.summary} {warning.address}".rstrip())
    total = plans.counts(layer_plans)
    only_outputs = total.none and any(entry.pending for entry in layer_plans)
    summary = "only outputs change" if only_outputs else total.text
    talk.say(f"{session.environment.name}: {summary}, in project {session.environment.place}")


def apply_all(session: Session, pending: Sequence[LayerPlan], options: UpOptions, talk: Talk) -> None:
    """Applies the saved plans of the layers in order, and reports the result."""
    changes = [change for entry in pending for change in entry.changes]
    doing = "destroying in" if changes and all(change.action == "delete" for change in changes) else "applying to"
    title = f"{doing} {session.environment.name}"
    began = time.monotonic()
    with session.keeping_cloud_up(talk.say), talk.progress(title, plans.steps(pending)) as listen:
        for stage in stages(pending):
            apply_stage(session, stage, options, listen, talk)
    talk.say(f"{session.environment.name}: {plans.counts(pending).done} in {time.monotonic() - began:.1f} s")


@dataclass(frozen=True)
class Stage:
    """A layer's approved plan to be applied: as it was saved, or planned again (`fresh`), and then of `targets` only if there are any."""

    plan: LayerPlan
    targets: tuple[str, ...] = ()
    fresh: bool = False


def stages(pending: Sequence[LayerPlan]) -> list[Stage]:
    """The order of the layers: what the first adds comes before the others, and what it removes after them.

    Removing the rest may still need what the first layer removes, such as a role of the deployer.
    """
    first, others = pending[0], [Stage(one) for one in pending[1:]]
    kept = tuple(change.address for change in first.changes if change.action != "delete")
    if not others or len(kept) == len(first.changes):
        return [Stage(first), *others]
    return [Stage(first, kept, fresh=True), *others, Stage(first, fresh=True)] if kept else [*others, Stage(first)]


def apply_stage(session: Session, stage: Stage, options: UpOptions, listen: LayerListen, talk: Talk) -> None:
    """Applies a layer's saved plan, or a fresh one; after a temporary error, one of the remaining changes.

    Raises GroundworkError, with advice.
    """
    approved = stage.plan
    current = _remaining_plan(session, approved, talk, targets=stage.targets) if stage.fresh else approved
    if not current.pending:
        return None
    for seconds in (*(options.waits or _waits(session)), None):
        try:
            try:
                return session.terraform(current.layer).apply(current.file, partial(listen, approved.layer))
            finally:
                recovery.rescue_state(session, current.layer)
        except TerraformFailed as failure:
            why = transient.reason(failure.diagnostics, local=session.environment.local)
            if seconds is None or not why:
                raise explained_failure(session, failure) from failure
        talk.say(f"{approved.layer}: {why}; this is temporary, trying again in {seconds:g} s")
        session.cloud.patience.sleep(seconds)
        current = _remaining_plan(session, approved, talk, targets=stage.targets)
        if not current.pending:
            return None
    return None


def _with_revivals(session: Session, pending: Sequence[LayerPlan], talk: Talk) -> list[LayerPlan]:
    """The plans, with a fresh one where something had to be undeleted."""
    fresh = []
    for entry in pending:
        revived = revival.revive(session, entry, talk)
        fresh.append(_remaining_plan(session, entry, talk, revived) if revived else entry)
    return [entry for entry in fresh if entry.pending]


def _remaining_plan(
    session: Session,
    approved: LayerPlan,
    talk: Talk,
    adopted: frozenset[str] = frozenset(),
    *,
    targets: Sequence[str] = (),
) -> LayerPlan:
    """A fresh plan, of `targets` only if there are any, after a part was applied. Raises GroundworkError if it contains anything that was not shown; `adopted` may be updated."""
    if recovery.settle(session, approved.layer, talk):
        recovery.restore(session, approved.layer, talk)
    fresh = plan_layer(session, approved.layer, lambda _event: None, again=True, targets=targets)
    agreed = {(change.address, change.action) for change in approved.changes}
    # A resource whose creation failed half-way is tainted, and Terraform replaces it.
    agreed |= {(change.address, "replace") for change in approved.changes if change.action == "create"}
    agreed |= {(address, "update") for address in adopted}
    new = [change for change in fresh.changes if (change.address, change.action) not in agreed]
    if new:
        names = [f"{change.action} {change.address}" for change in new]
        raise GroundworkError(
            f"{approved.layer}: the plan for the rest contains changes that were not shown: run the same command again to see them.",
            names,
        )
    return replace(fresh, warnings=())


def explained_failure(session: Session, failure: TerraformFailed) -> GroundworkError:
    """A Terraform failure in our words: who holds the lock, which member is wrong, or what failed and what to do."""
    if lock.is_locked(failure):
        layer = failure.directory.name
        return lock.explained(read_lock(session.cloud, session.place(layer)), session.environment.name, layer)
    refused = refused_members(session.environment, failure.diagnostics)
    return WrongMembers(session.environment, refused) if refused else advice.advised(failure)


def outputs(session: Session) -> dict[str, Output]:
    """The outputs of all layers, the platform's first."""
    found: dict[str, Output] = {}
    for layer in reversed(LAYERS):
        found |= read_state(session.cloud, session.place(layer)).outputs
    return found
