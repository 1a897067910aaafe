"""Project, first APIs and state bucket are created if missing, once, and never taken from somebody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.errors import PermissionProblem
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, GoogleCloud, local_cloud
from groundwork.google.waiting import Patience
from groundwork.lifecycle import prerequisites

from tests.groundwork.conftest import RecordedTalk
from tests.groundwork.resources.google_lists import PROJECT, Script, refusal, scripted

ROOT = Path(__file__).resolve().parents[3]
NOT_YET = "an enabled API still refuses calls, which can last some minutes; trying again in {} s"


@pytest.fixture
def environment() -> Environment:
    return replace(load("local", ROOT), project=f"p-{uuid.uuid4().hex[:20]}")


@pytest.fixture
def cloud(local_clone: Checkout, environment: Environment) -> GoogleCloud:
    return local_cloud(environment.project, local.start(local_clone).base, local.token(local_clone))


def test_everything_is_made_on_an_empty_local_cloud(
    cloud: GoogleCloud, environment: Environment, talk: RecordedTalk
) -> None:
    assert prerequisites.create(cloud, environment, talk.say)
    bucket = cloud.request("GET", "storage", f"v1/b/{environment.state_bucket}")
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["location"] == environment.region.upper()
    services = cloud.pages(
        "serviceusage", f"v1/projects/{cloud.project}/services", "services", {"filter": "state:ENABLED"}
    )
    assert {service["name"].rpartition("/")[2] for service in services} >= set(prerequisites.APIS)


def test_a_second_time_makes_and_says_nothing(cloud: GoogleCloud, environment: Environment, talk: RecordedTalk) -> None:
    prerequisites.create(cloud, environment, talk.say)
    talk.lines.clear()
    assert not prerequisites.create(cloud, environment, talk.say)
    assert talk.lines == []


def test_what_is_missing_is_reported_and_not_made(
    cloud: GoogleCloud, environment: Environment, talk: RecordedTalk
) -> None:
    bucket = f"create bucket {environment.state_bucket} for Terraform's state"
    apis = "cloudresourcemanager.googleapis.com, serviceusage.googleapis.com, storage.googleapis.com"
    nothing = prerequisites.missing(cloud, environment)
    assert nothing.lines == (f"create project {cloud.project} on the local cloud", f"enable {apis}", bucket)
    assert prerequisites.missing(cloud, environment) == nothing
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": cloud.project})
    half = prerequisites.missing(cloud, environment)
    assert (half.lines[-1], half.bucket) == (bucket, True)
    prerequisites.create(cloud, environment, talk.say)
    assert prerequisites.missing(cloud, environment) == prerequisites.NOTHING


def test_a_bucket_of_another_project_is_not_trusted(
    cloud: GoogleCloud, environment: Environment, talk: RecordedTalk
) -> None:
    other = replace(cloud, project=f"{cloud.project}-x")
    other.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": other.project})
    other.request("POST", "storage", "v1/b", params={"project": other.project}, json={"name": environment.state_bucket})
    with pytest.raises(
        PermissionProblem,
        match="which should hold Terraform's state, cannot be read by you or belongs to somebody else",
    ):
        prerequisites.create(cloud, environment, talk.say)


def test_a_project_that_may_not_be_seen_is_reported_in_one_sentence(
    cloud: GoogleCloud, environment: Environment, talk: RecordedTalk, local_clone: Checkout
) -> None:
    prerequisites.create(cloud, environment, talk.say)
    stranger = local_cloud(cloud.project, str(cloud.base), local.token(local_clone, "user:stranger@example.com"))
    with pytest.raises(PermissionProblem) as error:
        prerequisites.create(_as_google(stranger), replace(environment, local=False), talk.say)
    assert error.value.message.startswith(
        f"Project {environment.project} (envs/local.yaml) does not exist or your login may not see it: create it in the Google Cloud console"
    )


@pytest.fixture
def new_project() -> Iterator[Script]:
    """A project as the console makes it: Resource Manager is off, and Google is slow to notice that it was enabled."""
    off = refusal(403, "PERMISSION_DENIED", reason="SERVICE_DISABLED")
    with scripted() as script:
        enable = ("POST", f"/serviceusage/v1/projects/{PROJECT}/services:batchEnable")

        def late(path: str, body: dict[str, str]) -> None:
            script.answers[path] = lambda: (
                body if enable in script.asked and script.asked.count(("GET", path)) > 2 else off
            )

        script.enable("serviceusage")
        late(f"/cloudresourcemanager/v1/projects/{PROJECT}", {"projectNumber": "7"})
        late(f"/storage/v1/b/{PROJECT}-tfstate", {"projectNumber": "7"})
        yield script


def test_apis_that_a_new_project_lacks_are_enabled_and_waited_for(
    new_project: Script, environment: Environment, talk: RecordedTalk
) -> None:
    assert prerequisites.create(_as_google(new_project.cloud), replace(environment, project=PROJECT), talk.say)
    enabling, *waiting = talk.lines
    assert enabling == "enabling cloudresourcemanager.googleapis.com, storage.googleapis.com"
    assert waiting == [NOT_YET.format(1), NOT_YET.format(1), NOT_YET.format(2)]


def test_an_api_that_somebody_else_has_just_enabled_is_waited_for(
    new_project: Script, environment: Environment, talk: RecordedTalk
) -> None:
    new_project.enable(*(api.partition(".")[0] for api in prerequisites.APIS))
    new_project.answers[f"/cloudresourcemanager/v1/projects/{PROJECT}"] = {"projectNumber": "7"}
    bucket = f"/storage/v1/b/{PROJECT}-tfstate"
    off = refusal(403, "PERMISSION_DENIED", reason="SERVICE_DISABLED")
    new_project.answers[bucket] = lambda: {"projectNumber": "7"} if len(waits) == 9 else off
    waits: list[float] = []
    cloud = replace(_as_google(new_project.cloud), patience=Patience(sleep=waits.append))
    assert not prerequisites.create(cloud, replace(environment, project=PROJECT), talk.say)
    assert sum(waits) > 180


def test_an_api_that_stays_off_is_reported_in_googles_words(
    new_project: Script, environment: Environment, talk: RecordedTalk
) -> None:
    path = f"/cloudresourcemanager/v1/projects/{PROJECT}"
    new_project.answers[path] = refusal(403, "PERMISSION_DENIED", "It is disabled.", "SERVICE_DISABLED")
    with pytest.raises(CloudProblem, match=r"403 PERMISSION_DENIED: It is disabled\."):
        prerequisites.create(_as_google(new_project.cloud), replace(environment, project=PROJECT), talk.say)


def test_a_project_without_billing_is_not_called_somebody_elses(
    new_project: Script, environment: Environment, talk: RecordedTalk
) -> None:
    new_project.answers[f"/storage/v1/b/{PROJECT}-tfstate"] = refusal(403, "", "No billing.", "accountDisabled")
    with pytest.raises(CloudProblem) as error:
        prerequisites.create(_as_google(new_project.cloud), replace(environment, project=PROJECT), talk.say)
    assert error.value.details == (
        "no billing account pays for the project: `groundwork doctor --env NAME` shows how to link one",
    )


def test_a_bucket_name_that_is_taken_by_an_invisible_bucket_is_reported(
    new_project: Script, environment: Environment, talk: RecordedTalk
) -> None:
    new_project.answers[f"/storage/v1/b/{PROJECT}-tfstate"] = refusal(404, "NOT_FOUND")
    new_project.answers["/storage/v1/b"] = refusal(409, "", "The name was freed a moment ago.")
    with pytest.raises(CloudProblem, match="409: The name was freed a moment ago"):
        prerequisites.create(_as_google(new_project.cloud), replace(environment, project=PROJECT), talk.say)


class _Google(GoogleCloud):
    """The local cloud, treated as Google."""

    @property
    def simulated(self) -> bool:
        return False


def _as_google(cloud: GoogleCloud) -> GoogleCloud:
    return _Google(cloud.project, cloud.base, cloud.login, Patience(sleep=lambda _seconds: None))
