"""`down`: show what goes, check what would fail half-way, ask for the project's id, destroy, and list what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from groundwork import plans, recovery, runs, up, verify
from groundwork.cloud import Cloud, CloudProblem
from groundwork.environment import Environment
from groundwork.errors import Refused
from groundwork.plans import LayerPlan
from groundwork.session import Session
from groundwork.state import read_state
from groundwork.talk import Talk
from groundwork.verify import Remains

DISPOSABLE = ("platform",)

Obstacle = Callable[[Cloud, Mapping[str, Any]], str]


def down(session: Session, wish: up.Wish, talk: Talk) -> Remains:
    """Destroy the platform layer; the bootstrap layer stays, so that `up` works again a minute later.

    Raises GroundworkError: Refused (protected, an obstacle, not confirmed), StateLocked, a failed Terraform with advice.
    """
    environment = session.environment
    refuse_protected(environment)
    with runs.alone(session.folder, runs.this_run("down", environment.name)):
        if _anything(session, talk):
            made = up.prepare(session, talk, destroy=True, layers=DISPOSABLE)
            up.show_plans(session, made, talk)
            _check(session, made)
            if wish.dry_run:
                return remains(session)
            if not wish.yes:
                talk.typed(environment.project, f"Type the project's id ({environment.project}) to destroy all this:")
            up.apply_all(session, [entry for entry in made if entry.pending], wish, talk)
        else:
            talk.say(f"{environment.name}: there is nothing to take away")
        return remains(session)


def refuse_protected(environment: Environment) -> None:
    """Raises Refused for an environment that is protected: true."""
    if environment.protected:
        raise Refused(
            f"{environment.name} is protected: true in {environment.path.name}, so `down` refuses. Set it to false there first, "
            f"if you really mean project {environment.project}."
        )


def _anything(session: Session, talk: Talk) -> bool:
    """Whether the platform's state holds anything, or an interrupted run may have made something beside it."""
    interrupted = [layer for layer in session.places if recovery.settle(session, layer, talk)]
    state = read_state(session.cloud, session.place(DISPOSABLE[0]))
    return bool(state.resources) or (bool(interrupted) and bucket_exists(session))


def bucket_exists(session: Session) -> bool:
    """Whether the state bucket is there. Raises CloudProblem when that cannot be told."""
    try:
        session.cloud.request("GET", "storage", f"v1/b/{session.environment.state_bucket}")
    except CloudProblem as problem:
        if problem.code in (403, 404):
            return False
        raise
    return True


def _check(session: Session, made: tuple[LayerPlan, ...]) -> None:
    """Look beforehand for what would make the destruction fail half-way; raises Refused with all of it."""
    found = [
        f"{plans.component(str(entry.get('module_address', '')))}: {why}"
        for plan in made
        if plan.pending
        for entry in session.shown(plan.layer, plan.file).get("resource_changes", ())
        if "delete" in entry["change"]["actions"]
        for why in obstacles(session.cloud, str(entry["type"]), entry["change"].get("before") or {})
    ]
    if found:
        raise Refused(f"Destroying {session.environment.name} would stop half-way, so it was not begun:", found)


def obstacles(cloud: Cloud, kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Why a resource with these values cannot be deleted, with what to do."""
    if values.get("deletion_protection") is True:
        yield "deletion_protection is on; set it to false, run `up`, then `down`"
    if values.get("deletion_policy") == "PREVENT":
        yield "deletion_policy is PREVENT; set it to DELETE, run `up`, then `down`"
    if kind in OBSTACLES and (why := OBSTACLES[kind](cloud, values)):
        yield why


def _objects(cloud: Cloud, values: Mapping[str, Any]) -> str:
    """Why a bucket cannot go: it holds objects and may not delete them."""
    if values.get("force_destroy"):
        return ""
    name = values["name"]
    params = {"versions": "true", "maxResults": 1000, "fields": "items(name,timeDeleted),nextPageToken"}
    objects = list(cloud.pages("storage", f"v1/b/{name}/o", "items", params))
    if not objects:
        return ""
    old = sum(1 for entry in objects if "timeDeleted" in entry)
    return (
        f"gs://{name} holds {len(objects)} objects ({old} of them old versions) and force_destroy is false; delete them with "
        f"`gcloud storage rm --recursive --all-versions gs://{name}/**`, or set force_destroy: true, run `up`, then `down`"
    )


OBSTACLES: dict[str, Obstacle] = {"google_storage_bucket": _objects}


def remains(session: Session) -> Remains:
    """What the project holds now, by list calls."""
    return verify.verify(session.cloud, session.environment, inside=False)
