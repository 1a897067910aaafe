"""What must exist before Terraform can start: the project, a few APIs and the state bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem
from groundwork.google.cloud import WHAT_ELSE, CloudProblem, GoogleCloud
from groundwork.google.operations import finish
from groundwork.google.waiting import SERVICES
from groundwork.text import listed

APIS = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com", "storage.googleapis.com")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Missing:
    """What `create` would add, one line each; `bucket`: the state bucket is among them."""

    lines: tuple[str, ...]
    bucket: bool


NOTHING = Missing((), bucket=False)


def missing(cloud: GoogleCloud, environment: Environment) -> Missing:
    """What is missing; nothing is changed. Raises GroundworkError like `create`."""
    lines = []
    number = ""
    try:
        number = _number(cloud, environment)
    except CloudProblem as problem:
        if not _is_disabled(problem):
            raise
    except _NoProject:
        bucket = f"create bucket {environment.state_bucket} for Terraform's state"
        return Missing(
            (f"create project {cloud.project} on the local cloud", f"enable {listed(APIS)}", bucket), bucket=True
        )
    if disabled := _disabled_apis(cloud):
        lines.append(f"enable {listed(disabled)}")
    try:
        bucket_exists = _bucket_exists(cloud, environment, number)
    except CloudProblem as problem:
        if not _is_disabled(problem):
            raise
        bucket_exists = False
    if not bucket_exists:
        lines.append(f"create bucket {environment.state_bucket} for Terraform's state")
    return Missing(tuple(lines), bucket=not bucket_exists)


class _NoProject(Exception):
    """There is no such project on the local cloud."""


def create(cloud: GoogleCloud, environment: Environment, say: Say) -> bool:
    """Creates what is missing; returns whether anything was. Idempotent, from any machine.

    Raises GroundworkError with a remedy when the project, an API or the bucket cannot be created.
    """

    def not_yet(_problem: Exception, seconds: float) -> None:
        say(f"an enabled API still refuses calls, which can last some minutes; trying again in {seconds:g} s")

    try:
        number, project_created = _project(cloud, environment, say)
        enabled = _enable(cloud, say)
    except CloudProblem as problem:
        # Resource Manager is off in every project that was just created in the console.
        if not _is_disabled(problem):
            raise
        enabled = _enable(cloud, say)
        number, project_created = cloud.patience.retry(
            lambda: _project(cloud, environment, say), _is_disabled, SERVICES, not_yet
        )
    # All APIs are on by now, but even if this run did not enable them, another may have done so a second ago.
    bucket_created = cloud.patience.retry(
        lambda: _bucket(cloud, environment, number, say), _is_disabled, SERVICES, not_yet
    )
    return project_created or bool(enabled) or bucket_created


def _is_disabled(problem: Exception) -> bool:
    return isinstance(problem, CloudProblem) and problem.switched_off


def _project(cloud: GoogleCloud, environment: Environment, say: Say) -> tuple[str, bool]:
    """The project's number, and whether it was just created (only on the local cloud, which begins without projects)."""
    try:
        return _number(cloud, environment), False
    except _NoProject as problem:
        say(f"creating project {cloud.project} on the local cloud")
        wanted = {"projectId": cloud.project, "name": cloud.project}
        try:
            cloud.request("POST", "cloudresourcemanager", "v1/projects", json=wanted)
        except CloudProblem as refusal:
            if refusal.code == 409 and isinstance(problem.__cause__, CloudProblem):
                raise _no_project(environment, problem.__cause__) from None
            raise
    return _number(cloud, environment), True


def _number(cloud: GoogleCloud, environment: Environment) -> str:
    """The project's number. Raises GroundworkError, _NoProject where the local cloud has no such project."""
    try:
        found = cloud.request("GET", "cloudresourcemanager", f"v1/projects/{cloud.project}")
    except CloudProblem as problem:
        if problem.code not in (403, 404) or _is_disabled(problem):
            raise
        if not cloud.simulated:
            raise _no_project(environment, problem) from None
        raise _NoProject from problem
    if found.get("lifecycleState") == "DELETE_REQUESTED":
        reset = ", or empty the local cloud with `groundwork local reset`" if environment.local else ""
        raise GroundworkError(
            f"Project {environment.project} is marked for deletion: restore it with `gcloud projects undelete {environment.project}` "
            f"(for 30 days){reset}, then run the same command again."
        )
    return str(found["projectNumber"])


def _no_project(environment: Environment, problem: CloudProblem) -> PermissionProblem:
    remedy = (
        "act as its owner, in a shell without `groundwork local env --as`"
        if environment.local
        else "create it in the Google Cloud console, or log in as one of its owners with `gcloud auth application-default login`"
    )
    return PermissionProblem(
        f"Project {environment.project} ({environment.file}) does not exist or your login may not see it: {remedy}.",
        [problem.message],
    )


def _enable(cloud: GoogleCloud, say: Say) -> list[str]:
    """Enables those of APIS that are off; returns them."""
    missing = _disabled_apis(cloud)
    if missing:
        say(f"enabling {', '.join(missing)}")
        path = f"v1/projects/{cloud.project}/services:batchEnable"
        begun = cloud.request("POST", "serviceusage", path, json={"serviceIds": missing})
        finish(cloud, "serviceusage", "v1", begun, f"enable {listed(missing)}")
    return missing


def _disabled_apis(cloud: GoogleCloud) -> list[str]:
    """Those of APIS that are off."""
    path = f"v1/projects/{cloud.project}/services"
    try:
        services = list(cloud.pages("serviceusage", path, "services", {"filter": "state:ENABLED", "pageSize": 200}))
    except CloudProblem as problem:
        if _is_disabled(problem):
            api = "serviceusage.googleapis.com"
            raise GroundworkError(
                f"{api} is off in project {cloud.project}, and nothing can be checked without it: run "
                f"`gcloud services enable {api} --project {cloud.project}`, wait a minute and run the same command again."
            ) from None
        raise
    return sorted(set(APIS) - {str(service["name"]).rpartition("/")[2] for service in services})


def _bucket(cloud: GoogleCloud, environment: Environment, number: str, say: Say) -> bool:
    """Creates the state bucket if it is missing; returns whether it was. Raises PermissionProblem when the name is taken."""
    name = environment.state_bucket
    if _bucket_exists(cloud, environment, number):
        return False
    say(f"creating bucket {name} for Terraform's state")
    try:
        cloud.request("POST", "storage", "v1/b", params={"project": cloud.project}, json=_bucket_body(environment))
    except CloudProblem as problem:
        if problem.code != 409 or not _bucket_exists(cloud, environment, number):
            raise
        return False
    return True


def _bucket_exists(cloud: GoogleCloud, environment: Environment, number: str) -> bool:
    """Whether the state bucket exists, in this project. Raises PermissionProblem when it is in another."""
    try:
        found = cloud.request("GET", "storage", f"v1/b/{environment.state_bucket}")
    except CloudProblem as problem:
        if problem.code == 404:
            return False
        if problem.code == 403 and not (_is_disabled(problem) or problem.reason in WHAT_ELSE):
            raise _not_ours(environment, problem.message) from None
        raise
    if number and str(found.get("projectNumber", number)) != number:
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
        f"Bucket {environment.state_bucket}, which should hold Terraform's state, cannot be read by you or belongs to somebody "
        f"else: ask an operator of {environment.project} for access, or choose another project ID in {environment.file}.",
        [why],
    )
