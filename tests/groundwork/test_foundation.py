"""Project, first APIs and state bucket are made where they are missing, once, and never taken from somebody else."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork import foundation, local
from groundwork.checkout import Checkout
from groundwork.cloud import Cloud, local_cloud
from groundwork.environment import Environment, load
from groundwork.errors import PermissionProblem

from tests.groundwork.conftest import Heard

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment() -> Environment:
    return replace(load("local", ROOT), project=f"p-{uuid.uuid4().hex[:20]}")


@pytest.fixture
def cloud(local_clone: Checkout, environment: Environment) -> Cloud:
    return local_cloud(environment.project, local.start(local_clone).base, local.token())


def test_everything_is_made_on_an_empty_local_cloud(cloud: Cloud, environment: Environment, talk: Heard) -> None:
    assert foundation.lay(cloud, environment, talk.say)
    bucket = cloud.request("GET", "storage", f"v1/b/{environment.state_bucket}")
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["location"] == environment.region.upper()
    services = cloud.pages(
        "serviceusage", f"v1/projects/{cloud.project}/services", "services", {"filter": "state:ENABLED"}
    )
    assert {service["name"].rpartition("/")[2] for service in services} >= set(foundation.APIS)


def test_a_second_time_makes_and_says_nothing(cloud: Cloud, environment: Environment, talk: Heard) -> None:
    foundation.lay(cloud, environment, talk.say)
    talk.lines.clear()
    assert not foundation.lay(cloud, environment, talk.say)
    assert talk.lines == []


def test_a_bucket_of_another_project_is_not_trusted(cloud: Cloud, environment: Environment, talk: Heard) -> None:
    other = replace(cloud, project=f"{cloud.project}-x")
    other.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": other.project})
    other.request("POST", "storage", "v1/b", params={"project": other.project}, json={"name": environment.state_bucket})
    with pytest.raises(
        PermissionProblem,
        match="which should keep Terraform's state, is not readable for you or belongs to somebody else",
    ):
        foundation.lay(cloud, environment, talk.say)


def test_a_project_that_may_not_be_seen_is_a_sentence(cloud: Cloud, environment: Environment, talk: Heard) -> None:
    foundation.lay(cloud, environment, talk.say)
    stranger = local_cloud(cloud.project, str(cloud.base), local.token("user:stranger@example.com"))
    with pytest.raises(PermissionProblem) as raised:
        foundation.lay(_as_google(stranger), environment, talk.say)
    assert raised.value.message.startswith(
        f"Project {environment.project} (envs/local.yaml) does not exist or your login may not see it: create it in the Google Cloud console"
    )


class _Google(Cloud):
    """The local cloud, taken for Google's."""

    @property
    def simulated(self) -> bool:
        return False


def _as_google(cloud: Cloud) -> Cloud:
    return _Google(cloud.project, cloud.base, cloud.login)
