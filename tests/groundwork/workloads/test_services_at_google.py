"""Services as Google's Cloud Run lists them: traffic, rollback, broken revisions, and who may call; answers are Google's own in form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from groundwork.errors import Exit, GroundworkError, Refused, UsageProblem
from groundwork.google.cloud import google_cloud
from groundwork.workloads import revisions, services
from groundwork.workloads.project import Project

from tests.groundwork.at_google import Google

RUN = "run.googleapis.com/v2/projects/{}/locations/europe-west1/services"
LOGGING = "POST logging.googleapis.com/v2/entries:list"
READY = {"type": "Ready", "state": "CONDITION_SUCCEEDED"}
BROKEN = {
    "type": "Ready",
    "state": "CONDITION_FAILED",
    "message": "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable.",
}


class Run:
    """Cloud Run with one service, api, whose revisions are 1 to 3 of which 3 does not start."""

    def __init__(self, google: Google) -> None:
        self.google = google
        self.base = RUN.format(google.clone.project)
        self.full = f"projects/{google.clone.project}/locations/europe-west1/services/api"
        self.say()

    @property
    def project(self) -> Project:
        """As the commands see it."""
        return Project(google_cloud(self.google.clone.project), self.google.environment, "owner@example.com")

    def revision(self, number: int, condition: dict[str, Any]) -> dict[str, Any]:
        name = f"{self.full}/revisions/api-0000{number}-abc"
        image = f"europe-west1-docker.pkg.dev/p/images/api:{number}"
        return {
            "name": name, "createTime": f"2026-11-2{number}T10:00:00.123456Z", "conditions": [condition],
            "containers": [{"image": "collector"}, {"image": image, "ports": [{"containerPort": 8080}]}],
        }  # fmt: skip

    def say(self, serving: int = 2, **more: Any) -> None:
        """What Google answers from now on; revision `serving` has the traffic."""
        scripted = self.google.proxy.scripted
        container = {"image": f"europe-west1-docker.pkg.dev/p/images/api:{serving}", "ports": [{"containerPort": 8080}],
                     "resources": {"limits": {"cpu": "1", "memory": "2Gi"}}}  # fmt: skip
        body = {
            "name": self.full, "uri": "https://api-x-ew.a.run.app", "terminalCondition": READY, "etag": '"7"',
            "latestReadyRevision": f"{self.full}/revisions/api-00002-abc", "latestCreatedRevision": f"{self.full}/revisions/api-00003-abc",
            "template": {"containers": [{"image": "collector"}, container], "scaling": {"minInstanceCount": 1}, "revision": "api-00002-abc"},
            "trafficStatuses": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": f"api-0000{serving}-abc", "percent": 100}],
            **more,
        }  # fmt: skip
        revisions = [self.revision(2, READY), self.revision(1, READY), self.revision(3, BROKEN)]
        scripted[f"GET {self.base}"] = (200, {"services": [body]})
        scripted[f"GET {self.base}/api"] = (200, body)
        scripted[f"GET {self.base}/api/revisions"] = (200, {"revisions": revisions})
        scripted[f"PATCH {self.base}/api"] = (200, {"name": "projects/p/locations/l/operations/1", "done": True})


@pytest.fixture
def run(google: Google) -> Run:
    google.log_in()
    return Run(google)


def test_the_list_says_traffic_and_what_an_idle_instance_costs(run: Run) -> None:
    result = run.google.clone("services", "list", "--env", "dev")
    assert result.code == Exit.OK, result.err
    line = result.text.splitlines()[1]
    # 730 hours of one vCPU and 2 GiB, idle: 2,628,000 s of 0.0000025 and twice 0.0000025.
    for part in (
        "api ",
        " ready ",
        "api-00002-abc 100 %",
        " images/api:2 ",
        "1, $19.71 a month",
        "https://api-x-ew.a.run.app",
    ):
        assert part in line, part
    (found,) = json.loads(run.google.clone("services", "list", "--env", "dev", "--json").text)["services"]
    assert (found["image"], found["minimum_instances"], found["idle_cost_a_month"]) == (
        "europe-west1-docker.pkg.dev/p/images/api:2", 1, "19.7100000",
    )  # fmt: skip


def test_a_rollback_goes_to_the_ready_revision_before_the_one_with_the_traffic(run: Run) -> None:
    assert revisions.previous(run.project, services.service(run.project, "api")).name == "api-00001-abc"
    result = run.google.clone("services", "rollback", "api", "--env", "dev", "--dry-run")
    assert "would send all traffic of api to api-00001-abc of 2026-11-21 10:00 UTC (images/api:1)" in result.text


def test_without_an_earlier_revision_a_rollback_is_refused(run: Run) -> None:
    run.say(serving=1)
    with pytest.raises(Refused, match="api has no earlier revision that is ready"):
        revisions.previous(run.project, services.service(run.project, "api"))
    assert run.google.clone("services", "rollback", "api", "--env", "dev").code == Exit.REFUSED


@pytest.mark.parametrize(
    ("shares", "sentence", "code"),
    [
        (["api-00001-abc=50"], "The percentages add up to 50, but must add up to 100.", Exit.USAGE),
        (["api-00001=100"], "api has no revision api-00001; did you mean api-00001-abc?", Exit.USAGE),
        (["api-00003-abc=100"], "api-00003-abc is not ready, so it cannot get traffic", Exit.REFUSED),
        (["latest"], "'latest' is not REVISION=PERCENT", Exit.USAGE),
        (["latest=50", "latest=50"], "latest is named twice", Exit.USAGE),
        (["api-00001-abc=50,latest=40"], "The percentages add up to 90, but must add up to 100.", Exit.USAGE),
        (["latest=101"], "is not REVISION=PERCENT", Exit.USAGE),
    ],
)
def test_impossible_shares_are_refused_with_the_reason(run: Run, shares: list[str], sentence: str, code: Exit) -> None:
    result = run.google.clone("services", "traffic", "api", *shares, "--env", "dev", "--yes")
    assert (result.code, sentence in result.err) == (code, True), result.err
    assert not [call for call in run.google.proxy.answered if call.startswith("PATCH")]


def test_a_broken_revision_is_explained_by_its_log_and_traffic_stays(run: Run) -> None:
    run.say(terminalCondition=BROKEN)
    lines = [
        "ModuleNotFoundError: No module named 'fastapi'",
        "  from fastapi import FastAPI",
        "Traceback (most recent call last):",
    ]
    run.google.proxy.scripted[LOGGING] = (200, {"entries": [
        {"insertId": str(at), "timestamp": f"2026-11-28T10:00:0{9 - at}Z", "textPayload": line} for at, line in enumerate(lines)
    ]})  # fmt: skip
    with pytest.raises(GroundworkError) as problem:
        revisions.deployed(run.project, "api", "europe-west1-docker.pkg.dev/p/images/api:3")
    assert problem.value.message.startswith("api-00003-abc did not start: The user-provided container failed to start")
    assert problem.value.details == (
        "log: Traceback (most recent call last):",
        "log:   from fastapi import FastAPI",
        "log: ModuleNotFoundError: No module named 'fastapi'",
        "likely cause: the image lacks the Python package fastapi: add it to its requirements and build again",
        "traffic is unchanged: api-00002-abc 100 %",
    )


@pytest.mark.parametrize(
    "command", [["deploy", "api", "docker.io/library/api"], ["traffic", "api", "latest=100"], ["rollback", "api"]]
)
def test_on_google_cloud_nothing_changes_without_a_yes(run: Run, command: list[str]) -> None:
    run.google.proxy.answered.clear()
    result = run.google.clone("services", *command, "--env", "dev")
    assert result.code == Exit.REFUSED
    assert "pass --yes to confirm" in result.err
    assert not [call for call in run.google.proxy.answered if call.startswith("PATCH")]


def test_a_service_that_is_not_there_is_named_with_those_that_are(run: Run) -> None:
    run.google.proxy.scripted[f"GET {run.base}/apu"] = (
        404,
        {"error": {"code": 404, "status": "NOT_FOUND", "message": "no"}},
    )
    with pytest.raises(UsageProblem, match=r"There is no service apu in .*; did you mean api\?"):
        services.service(run.project, "apu")
