"""With an API disabled, lists are empty, and a named resource is reported as missing in the team's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.workloads import builds, jobs, services
from groundwork.workloads.project import Project

from tests.groundwork.clone import cloned


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project in which only what every project has is on."""
    with cloned(tmp_path_factory.mktemp("bare")) as clone:
        name = clone.environment.project
        clone.cloud.request("POST", "cloudresourcemanager", "v3/projects", json={"projectId": name})
        yield Project(clone.cloud, clone.environment)


@pytest.mark.parametrize("listing", [services.services, builds.builds, jobs.jobs])
def test_nothing_is_listed(listing: Callable[[Project], list[object]], project: Project) -> None:
    assert listing(project) == []


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda project: services.service(project, "api"), "No service runs in .*: add api under services: in envs/"),
        (lambda project: builds.build(project, ""), "There is no build in "),
        (lambda project: builds.trigger_id(project, "api"), "There is no build api in .*; allowed are none"),
        (lambda project: jobs.run_job(project, "api"), "api is neither a file nor a job"),
    ],
)
def test_a_missing_service_build_or_job_is_reported_in_one_sentence(
    ask: Callable[[Project], object], sentence: str, project: Project
) -> None:
    with pytest.raises(UsageProblem, match=sentence):
        ask(project)


def test_any_other_call_says_how_to_enable_the_api(project: Project) -> None:
    with pytest.raises(CloudProblem) as problem:
        project.cloud.request("POST", "run", f"v2/{project.here}/services", json={})
    assert problem.value.details[0].startswith("`groundwork up` enables the APIs")
