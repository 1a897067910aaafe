"""What must be there before Terraform can start: the project, the first few APIs and the bucket of the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem
from groundwork.google.cloud import WHAT_ELSE, Cloud, CloudProblem
from groundwork.google.operations import finish
from groundwork.google.waiting import SERVICES
from groundwork.text import listed

APIS = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com", "storage.googleapis.com")

Say = Callable[[str], None]


def lay(cloud: Cloud, environment: Environment, say: Say) -> bool:
    """Make what is missing; whether anything was. Safe to run again, and from another machine.

    Raises GroundworkError with what to do when the project, an API or the bucket cannot be had.
    """

    def not_yet(_problem: Exception, seconds: float) -> None:
        say(f"an API that is on refuses still, which takes Google some minutes; trying again in {seconds:g} s")

    try:
        number, fresh = _project(cloud, environment, say)
        enabled = _enable(cloud, say)
    except CloudProblem as problem:
        # Resource Manager is off in every project that the console has just made.
        if not _is_off(problem):
            raise
        enabled = _enable(cloud, say)
        number, fresh = cloud.patience.retry(lambda: _project(cloud, environment, say), _is_off, SERVICES, not_yet)
    # By now all of them are on, whoever enabled them: the run before this one may have ended a second ago.
    made = cloud.patience.retry(lambda: _bucket(cloud, environment, number, say), _is_off, SERVICES, not_yet)
    return fresh or bool(enabled) or made


def _is_off(problem: Exception) -> bool:
    return isinstance(problem, CloudProblem) and problem.reason == "SERVICE_DISABLED"


def _project(cloud: Cloud, environment: Environment, say: Say) -> tuple[str, bool]:
    """The project's number, and whether it was made now (on the local cloud, which has none at first)."""
    path = f"v1/projects/{cloud.project}"
    try:
        found = cloud.request("GET", "cloudresourcemanager", path)
        if found.get("lifecycleState") == "DELETE_REQUESTED":
            raise _being_deleted(environment)
        return str(found["projectNumber"]), False
    except CloudProblem as problem:
        if problem.code not in (403, 404) or _is_off(problem):
            raise
        if not cloud.simulated:
            raise _no_project(environment, problem) from None
    say(f"making project {cloud.project} on the local cloud")
    cloud.request(
        "POST", "cloudresourcemanager", "v1/projects", json={"projectId": cloud.project, "name": cloud.project}
    )
    return str(cloud.request("GET", "cloudresourcemanager", path)["projectNumber"]), True


def _no_project(environment: Environment, problem: CloudProblem) -> PermissionProblem:
    return PermissionProblem(
        f"Project {environment.project} (envs/{environment.name}.yaml) does not exist or your login may not see it: create it in "
        f"the Google Cloud console, or log in as one of its owners with `gcloud auth application-default login`.",
        [problem.message],
    )


def _being_deleted(environment: Environment) -> GroundworkError:
    emptied = ", or empty the local cloud with `groundwork local reset`" if environment.local else ""
    return GroundworkError(
        f"Project {environment.project} is marked for deletion: bring it back with `gcloud projects undelete {environment.project}` "
        f"(for 30 days){emptied}, then run the same command again."
    )


def _disabled(cloud: Cloud, api: str) -> GroundworkError:
    return GroundworkError(
        f"{api} is off in project {cloud.project}, and nothing can be asked without it: run "
        f"`gcloud services enable {api} --project {cloud.project}`, wait a minute and run the same command again."
    )


def _enable(cloud: Cloud, say: Say) -> list[str]:
    """Enable the foundational APIs that are off; which ones were."""
    path = f"v1/projects/{cloud.project}/services"
    try:
        services = list(cloud.pages("serviceusage", path, "services", {"filter": "state:ENABLED", "pageSize": 200}))
    except CloudProblem as problem:
        if _is_off(problem):
            raise _disabled(cloud, "serviceusage.googleapis.com") from None
        raise
    missing = sorted(set(APIS) - set(_names(services)))
    if missing:
        say(f"enabling {', '.join(missing)}")
        begun = cloud.request("POST", "serviceusage", f"{path}:batchEnable", json={"serviceIds": missing})
        finish(cloud, "serviceusage", "v1", begun, f"enable {listed(missing)}")
    return missing


def _names(services: Iterable[dict[str, Any]]) -> list[str]:
    return [str(service["name"]).rpartition("/")[2] for service in services]


def _bucket(cloud: Cloud, environment: Environment, number: str, say: Say) -> bool:
    """Make the state's bucket if it is missing; whether it was. Somebody else's bucket of that name is refused."""
    name = environment.state_bucket
    if _is_there(cloud, environment, number):
        return False
    say(f"making bucket {name} for Terraform's state")
    try:
        cloud.request("POST", "storage", "v1/b", params={"project": cloud.project}, json=_bucket_body(environment))
    except CloudProblem as problem:
        if problem.code != 409 or not _is_there(cloud, environment, number):
            raise
        return False
    return True


def _is_there(cloud: Cloud, environment: Environment, number: str) -> bool:
    """Whether the state's bucket is there, in this very project. Raises PermissionProblem when it is in another."""
    try:
        found = cloud.request("GET", "storage", f"v1/b/{environment.state_bucket}")
    except CloudProblem as problem:
        if problem.code == 404:
            return False
        if problem.code == 403 and not (_is_off(problem) or problem.reason in WHAT_ELSE):
            raise _not_ours(environment, problem.message) from None
        raise
    if str(found.get("projectNumber", number)) != number:
        raise _not_ours(environment, f"it belongs to project number {found['projectNumber']}")
    return True


def _bucket_body(environment: Environment) -> dict[str, Any]:
    protection = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
    return {
        "name": environment.state_bucket,
        "location": environment.region.upper(),
        "versioning": {"enabled": True},
        "iamConfiguration": protection,
    }


def _not_ours(environment: Environment, why: str) -> PermissionProblem:
    return PermissionProblem(
        f"Bucket {environment.state_bucket}, which should keep Terraform's state, is not readable for you or belongs to somebody "
        f"else: ask an operator of {environment.project} for access, or choose another project id in envs/{environment.name}.yaml.",
        [why],
    )
