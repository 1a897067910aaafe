"""`down --all`: removes the platform, the bootstrap layer and the state bucket, or the whole project."""

from __future__ import annotations

from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, GroundworkError, Refused, UsageProblem
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.waiting import LISTS
from groundwork.lifecycle import consequences, recovery, teardown, up, verify
from groundwork.lifecycle.removal import remove
from groundwork.lifecycle.verify import Remains
from groundwork.resources.item import Item
from groundwork.terraform import plans, runs
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.state import State, read_state
from groundwork.terraform.talk import Talk
from groundwork.text import counted

LAYER = "bootstrap"
STATE_BUCKET = "module.state_bucket"
# Source: https://cloud.google.com/apis/design/errors#error_model, google.api.ErrorReason.
_TAKES_NO_CALLS = "CONSUMER_INVALID"


def everything(session: Session, options: up.UpOptions, talk: Talk) -> Remains:
    """Destroys both layers, and the state bucket last. If it is killed half-way, running it again completes it.

    Raises GroundworkError: Refused (protected, an obstacle, not confirmed), StateLocked, a failed Terraform with advice.
    """
    environment = session.environment
    teardown.refuse_protected(environment)
    _refuse_deployer(session)
    teardown.down(session, options, talk)
    with runs.alone(session.folder, runs.this_run("down --all", environment.name)):
        if not teardown.bucket_exists(session):
            talk.say(f"{environment.name}: the bootstrap layer is already gone")
            return teardown.remains(session, talk)
        if not options.dry_run:
            _refuse_other_states(session)
        layer_plans = _destroy_plans(session, talk)
        up.show_plans(session, layer_plans, talk)
        talk.say(
            f"  - bucket {environment.state_bucket}, with every version of the Terraform states; this cannot be undone"
        )
        _say_names(environment, talk)
        if options.dry_run:
            return teardown.contents(session)
        if not options.yes:
            word = f"delete {environment.state_bucket}"
            talk.typed(word, f"Type `{word}` to destroy the bootstrap layer and the state bucket:")
        _destroy(session, layer_plans, options, talk)
        _delete_state_bucket(session, talk)
        consequences.forget_project(session)
        return teardown.remains(session, talk)


def _refuse_deployer(session: Session) -> None:
    """Checks the login itself: both a variable in the shell and `login --impersonate` can make somebody act as the deployer."""
    deployer = session.environment.deployer
    if getattr(session.cloud.login, "service_account_email", None) == deployer:
        raise Refused(
            f"You act as {deployer}, which `down --all` deletes: unset GOOGLE_IMPERSONATE_SERVICE_ACCOUNT and log in as an owner of "
            f"{session.environment.project}: `groundwork login --env {session.environment.name} --again`."
        )


def _refuse_other_states(session: Session) -> None:
    """The bucket is deleted with every state in it: those of other environments must be empty, and all must be readable."""
    known = verify.read_known(session.cloud, session.environment)
    if known.unknown:
        lines = [f"{what}: {why}" for what, why in known.unknown.items()]
        raise CouldNotTell("What the state bucket holds is unknown, so it is not deleted:", lines)
    in_use = [
        f"{name}: {counted(len(state.resources), 'resource')}"
        for name, state in known.states.items()
        if state.resources and name != f"state of {LAYER}"
    ]
    if in_use:
        raise Refused(
            f"Bucket {session.environment.state_bucket} holds the state of resources that still exist; remove them first:",
            in_use,
        )


def _state(session: Session) -> State:
    return read_state(session.cloud, session.place(LAYER))


def _destroy_plans(session: Session, talk: Talk) -> tuple[LayerPlan, ...]:
    """The plan to destroy the layer; nothing when its state is already empty."""
    recovery.settle(session, LAYER, talk)
    if not _state(session).resources:
        return ()
    return up.prepare(session, talk, destroy=True, layers=(LAYER,))


def _destroy(session: Session, layer_plans: tuple[LayerPlan, ...], options: up.UpOptions, talk: Talk) -> None:
    """Applies what was shown, except for the state bucket, which contains the very state that Terraform is using."""
    if not layer_plans:
        return
    terraform = session.terraform(LAYER)
    bucket = {resource.address for resource in _state(session).resources if resource.module == STATE_BUCKET}
    if bucket:
        terraform.forget(sorted(bucket))
    agreed = {change.address for entry in layer_plans for change in entry.changes}
    fresh = up.plan_layer(session, LAYER, lambda _event: None, destroy=True)
    extra = [change.address for change in fresh.changes if change.address not in agreed or change.action != "delete"]
    again = [change.address for change in fresh.changes if change.address in bucket]
    if extra or again:
        raise GroundworkError(
            f"{LAYER}: the plan now contains changes that were not shown: run the same command again to see them.",
            [*extra, *again],
        )
    if fresh.pending and fresh.changes:
        up.apply_all(session, [fresh], options, talk)


def _delete_state_bucket(session: Session, talk: Talk) -> None:
    """Deletes the bucket with every version in it, once the states are empty."""
    name = session.environment.state_bucket
    left = [resource.address for resource in _state(session).resources]
    if left:
        raise GroundworkError(f"{LAYER} is not empty, so bucket {name} stays: run the same command again.", left)
    talk.say(f"deleting bucket {name}")
    remove(session.cloud, Item("bucket", name))
    for layer in session.places:
        (session.data(layer) / plans.FILE).unlink(missing_ok=True)


def _say_names(environment: Environment, talk: Talk) -> None:
    # Source: https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role.
    talk.say(
        "Google keeps the personas' custom roles for 7 days, during which `up` restores them; for another 30 days their names "
        "stay taken, and `up` cannot create them."
    )
    if environment.github is None:
        return
    pool, project = environment.github.pool, environment.project
    talk.say(
        f"Google keeps the identity pool {pool} for 30 days, and its name stays taken that long. `up` restores it; by "
        f"hand: `gcloud iam workload-identity-pools undelete {pool} --location global --project {project}`."
    )


def confirmed(project: str | None, environment: Environment, *, yes: bool) -> None:
    """Refuses a project that is not the environment's. Raises UsageProblem (--yes without --project), Refused."""
    if yes and not project:
        raise UsageProblem(
            f"--delete-project with --yes needs --project as well: to confirm, add `--project {environment.project}`."
        )
    if project and project != environment.project:
        raise Refused(
            f"--project says {project}, but {environment.name} is project {environment.project}: nothing was changed."
        )


def delete_project(cloud: GoogleCloud, environment: Environment, talk: Talk, *, yes: bool, dry_run: bool) -> bool:
    """Marks the project for deletion, with everything in it; returns whether it is now marked.

    Raises GroundworkError: Refused (protected, not confirmed), CloudProblem.
    """
    project = environment.project
    teardown.refuse_protected(environment)
    if _is_marked(cloud):
        talk.say(f"project {project} is already marked for deletion; {undo(project)}")
        return True
    found = verify.verify(cloud, environment, inside=False)
    for item in (*found.kept, *found.left):
        talk.say(f"  - {item.kind} {item.short}")
    for kind, why in found.unknown.items():
        talk.say(f"  - unknown: {kind}: {why}")
    talk.say(f"Project {project} is deleted with everything in it, including what is not listed here; {undo(project)}")
    if dry_run:
        return False
    if not yes:
        talk.typed(f"delete {project}", f"Type `delete {project}` to delete the project:")
    cloud.request("DELETE", "cloudresourcemanager", f"v1/projects/{project}")
    if not cloud.patience.until(lambda: _is_marked(cloud, deleted=True), bool, LISTS):
        raise CouldNotTell(
            f"Google accepted the deletion of project {project}, but does not show it yet; {undo(project)}."
        )
    return True


def undo(project: str) -> str:
    """How to restore a deleted project."""
    return f"for 30 days `gcloud projects undelete {project}` restores it"


def _is_marked(cloud: GoogleCloud, *, deleted: bool = False) -> bool:
    """Whether the project is marked for deletion. Raises CloudProblem, CouldNotTell.

    The project itself is the quota project of these calls, and a marked one accepts none: if it was just `deleted`, that refusal is the answer.
    """
    try:
        found = cloud.request("GET", "cloudresourcemanager", f"v1/projects/{cloud.project}")
    except CloudProblem as problem:
        if deleted and problem.code == 403:
            return True
        if problem.reason != _TAKES_NO_CALLS:
            raise
        raise CouldNotTell(
            f"Project {cloud.project} accepts no calls ({problem.reason}), which is what a project marked for deletion does; {undo(cloud.project)}.",
            [problem.message],
        ) from None
    return str(found.get("lifecycleState", "")) == "DELETE_REQUESTED"
