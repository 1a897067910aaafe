"""Schedules of Cloud Run jobs: what is said of them as Google answers, and pausing them on the local cloud."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from groundwork.errors import Exit
from groundwork.workloads import running
from groundwork.workloads.project import Project
from groundwork.workloads.schedules import Schedule

from tests.groundwork.at_google import Google
from tests.groundwork.workloads.conftest import switch_on
from tests.groundwork.workloads.test_jobs_at_google import executed
from tests.small_clone import OWNER, SmallClone

JOBS = 'jobs:\n  drift: {identity: train, schedule: "0 6 * * 1", time_zone: Europe/Copenhagen}\n'
PLACE = "projects/{}/locations/europe-west1/jobs"
NEXT = "next 2026-11-30 05:00 UTC, 0 6 * * 1 (Europe/Copenhagen); "
TRIED = {"lastAttemptTime": "2026-11-23T05:00:01.5Z"}


def account(project: str, name: str = "scheduler") -> str:
    return f"groundwork-{name}@{project}.iam.gserviceaccount.com"


def scheduled(project: str, who: str, **more: Any) -> dict[str, Any]:
    """A scheduled job as the module makes it."""
    place = PLACE.format(project)
    uri = f"https://run.googleapis.com/v2/{place}/drift:run"
    return {
        "name": f"{place}/drift", "schedule": "0 6 * * 1", "timeZone": "Europe/Copenhagen",
        "httpTarget": {"uri": uri, "oauthToken": {"serviceAccountEmail": who}}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, NEXT + "not started yet"),
        (TRIED, NEXT + "last 2026-11-23 05:00 UTC"),
        ({**TRIED, "status": {"code": 7}}, NEXT + "last 2026-11-23 05:00 UTC, not started: permission denied"),
        ({**TRIED, "status": {"code": 99}}, NEXT + "last 2026-11-23 05:00 UTC, not started: code 99"),
        ({"state": "PAUSED"}, "paused, 0 6 * * 1 (Europe/Copenhagen); not started yet"),
    ],
)
def test_a_schedule_says_when_it_is_due_and_why_its_job_was_not_started(more: dict[str, Any], text: str) -> None:
    body = scheduled("p", account("p"), scheduleTime="2026-11-30T05:00:00Z", state="ENABLED") | more
    assert Schedule("drift", body).text == f"job drift: {text}"


def test_the_result_is_that_of_the_newest_execution_that_the_schedule_started(google: Google) -> None:
    google.log_in()
    project, who = google.clone.project, account("p")
    other = {"name": f"{PLACE.format(project)}/ping", "httpTarget": {"uri": "https://example.com/jobs/x:run"}}
    base = f"googleapis.com/{{}}/{PLACE.format(project)}"
    own = scheduled(project, who, **TRIED, state="ENABLED")
    google.proxy.scripted[f"GET cloudscheduler.{base.format('v1')}"] = (200, {"jobs": [own, other]})
    old, new = (
        executed(state, creator=who, createTime=f"2026-11-{day}T05:00:01Z")
        for state, day in (("FAILED", 16), ("SUCCEEDED", 23))
    )
    runs = {"executions": [executed("FAILED", createTime="2026-11-24T12:00:00Z"), old, new]}
    google.proxy.scripted[f"GET run.{base.format('v2')}/drift/executions"] = (200, runs)
    result = google.clone("jobs", "schedules", "--env", "dev", "--json")
    assert result.code == Exit.OK, result.err
    (found,) = json.loads(result.text)["schedules"]
    assert (found["job"], found["result"]) == ("drift", "succeeded (drift-abc12)")


@pytest.fixture
def with_schedule(clone: SmallClone) -> SmallClone:
    """A job that is started by hand, whatever the file says, and one on a schedule."""
    switch_on(clone, "cloudscheduler")
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text("utf-8") + JOBS, "utf-8")
    cloud = clone.cloud()
    body = scheduled(clone.project, account(clone.project, "train"))
    cloud.request("POST", "cloudscheduler", f"v1/{PLACE.format(clone.project)}", json=body)
    return clone


def test_a_schedule_is_paused_and_resumed_by_those_who_may(with_schedule: SmallClone) -> None:
    clone = with_schedule
    would = clone("jobs", "pause", "drift", "--dry-run")
    assert would.text == "would pause the schedule of job drift, 0 6 * * 1 (Europe/Copenhagen)\n"
    assert "there is nothing to resume." in clone("jobs", "resume", "drift").text
    dora = clone("jobs", "pause", "drift", "--as", "dora@example.com")
    assert dora.code == Exit.PERMISSION
    paused = clone("jobs", "pause", "drift")
    assert paused.text == "job drift: paused, 0 6 * * 1 (Europe/Copenhagen); not started yet\n"
    assert "there is nothing to pause." in clone("jobs", "pause", "drift").text
    (found,) = json.loads(clone("jobs", "schedules", "--json").text)["schedules"]
    assert (found["state"], found["next"]) == ("paused", None)
    assert clone("jobs", "resume", "drift").text.startswith("job drift: next ")


def test_a_job_without_a_schedule_is_named_with_those_that_have_one(with_schedule: SmallClone) -> None:
    refused = with_schedule("jobs", "pause", "drfit")
    assert refused.code == Exit.USAGE
    assert "The job drfit has no schedule in " in refused.err
    assert "did you mean drift? Allowed are drift." in refused.err


def test_without_any_schedule_the_file_is_where_to_write_one(clone: SmallClone) -> None:
    assert "add `schedule` to one in envs/local.yaml" in clone("jobs", "schedules").text
    refused = clone("jobs", "resume", "drift")
    assert refused.code == Exit.USAGE
    assert "no job has one: add `schedule` to a job in envs/local.yaml." in refused.err


def test_status_shows_schedules_or_that_they_may_not_be_read(with_schedule: SmallClone) -> None:
    clone = with_schedule
    project = Project(clone.cloud(), clone.environment, OWNER)
    (found,) = running.now(project).scheduled
    assert found.text.startswith("job drift: next ")
    eve = running.now(replace(project, cloud=clone.cloud("user:eve@example.com")))
    assert {"jobs", "schedules"} <= {sentence.partition(":")[0] for sentence in eve.unknown}
