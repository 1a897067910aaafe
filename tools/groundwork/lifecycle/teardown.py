"""`down`: shows what will be deleted, refuses what would fail half-way, asks for the project ID, destroys, deletes what Google created for that, and lists what is left."""

from __future__ import annotations

from groundwork.environment.values import Environment
from groundwork.errors import Refused
from groundwork.google.cloud import CloudProblem
from groundwork.google.waiting import LISTS
from groundwork.lifecycle import obstacles, recovery, up, verify
from groundwork.lifecycle.removal import remove
from groundwork.lifecycle.verify import Remains
from groundwork.resources import inventory
from groundwork.resources.registry import kinds
from groundwork.terraform import runs
from groundwork.terraform.session import Session
from groundwork.terraform.state import read_state
from groundwork.terraform.talk import Talk

DISPOSABLE = ("platform",)


def down(session: Session, options: up.UpOptions, talk: Talk) -> Remains:
    """Destroys the platform layer; the bootstrap layer stays, so that `up` works again a minute later.

    Raises GroundworkError: Refused (protected, an obstacle, not confirmed), StateLocked, a failed Terraform with advice.
    """
    environment = session.environment
    refuse_protected(environment)
    with runs.alone(session.folder, runs.this_run("down", environment.name)):
        before = frozenset[str]()
        if _has_anything(session, talk):
            layer_plans = up.prepare(session, talk, destroy=True, layers=DISPOSABLE)
            up.show_plans(session, layer_plans, talk)
            obstacles.refuse(session, layer_plans, f"Destroying {environment.name}")
            if options.dry_run:
                return contents(session)
            if not options.yes:
                talk.typed(environment.project, f"Type the project ID ({environment.project}) to destroy all this:")
            before = inventory.known_to(read_state(session.cloud, session.place(DISPOSABLE[0])))
            up.apply_all(session, [entry for entry in layer_plans if entry.pending], options, talk)
        else:
            talk.say(f"{environment.name}: there is nothing to remove")
        _delete_what_belonged(session, before, talk)
        return remains(session, talk)


def refuse_protected(environment: Environment) -> None:
    """Raises Refused for an environment that is protected: true."""
    if environment.protected:
        raise Refused(
            f"{environment.name} is protected: true in {environment.path.name}, so `down` refuses. First set it to false, "
            f"if you really mean project {environment.project}."
        )


def _has_anything(session: Session, talk: Talk) -> bool:
    """Whether the platform's state contains anything, or an interrupted run may have created something that is not in it."""
    interrupted = [layer for layer in session.places if recovery.settle(session, layer, talk)]
    state = read_state(session.cloud, session.place(DISPOSABLE[0]))
    return bool(state.resources) or (bool(interrupted) and bucket_exists(session))


def bucket_exists(session: Session) -> bool:
    """Whether the state bucket exists. Raises CloudProblem when that is unknown."""
    try:
        session.cloud.request("GET", "storage", f"v1/b/{session.environment.state_bucket}")
    except CloudProblem as problem:
        if problem.code != 404:
            raise
        return False
    return True


def contents(session: Session) -> Remains:
    """What the project contains now, by list calls."""
    return verify.verify(session.cloud, session.environment, inside=False)


def _delete_what_belonged(session: Session, before: frozenset[str], talk: Talk) -> None:
    """Deletes what Google created for things that are gone, such as copies of functions' code, unless something else in the project needs it."""
    if not any(kind.followed(name) for kind in kinds().values() for name in before):
        return
    found = inventory.take(session.cloud)
    now = frozenset(item.name for item in found.items)
    for item in found.items:
        belongs = kinds()[item.kind].belongs
        if belongs(item, before) and not belongs(item, now):
            talk.say(f"deleting {item.kind} {item.short}, which Google created for something that is gone")
            remove(session.cloud, item)


def remains(session: Session, talk: Talk) -> Remains:
    """What the project contains after a deletion; leftovers are listed again while lists may be stale."""

    def notice(seconds: float) -> None:
        talk.say(f"something is still listed, but lists may be stale; checking again in {seconds:g} s")

    return session.cloud.patience.until(lambda: contents(session), lambda found: not found.left, LISTS, notice)
