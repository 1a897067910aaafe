"""Cloud Scheduler: jobs by the clock, their calls and identities, retries, and refusals."""

import asyncio
import base64
import socket
from pathlib import Path
from typing import Any

import pytest
from localcloud.server.assembly import application
from localcloud.services import SERVICES

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
JOBS = f"/cloudscheduler/v1/{PLACE}/jobs"
NAME = f"{PLACE}/jobs/nightly"
EMAIL = f"caller@{PROJECT}.iam.gserviceaccount.com"
RUN = f"https://run.googleapis.com/v2/{PLACE}/jobs/train:run"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "cloudscheduler", "run", "iam", "pubsub", "logging")
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "caller"})
    application(call.cloud, SERVICES, "http://127.0.0.1:1", "key")  # what asks Google's APIs for others
    return call


def job(call: Sender, **body: Any) -> Any:
    target = {"uri": RUN, "oauthToken": {"serviceAccountEmail": EMAIL}}
    return call("POST", JOBS, {"name": NAME, "schedule": "0 3 * * *", "httpTarget": target, **body})


def due(call: Sender) -> None:
    """Runs due work and the jobs that it starts."""
    call.cloud.store.begin()
    call.cloud.due.run()
    call.cloud.store.commit()
    asyncio.run(call.cloud.jobs.settled())


def entries(call: Sender) -> list[Any]:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": 'resource.type="cloud_scheduler_job"'}
    return list(call("POST", "/logging/v2/entries:list", body).get("entries", []))


def test_a_job_has_googles_defaults_and_says_when_it_is_due(call: Sender) -> None:
    created = job(call, timeZone="Europe/Copenhagen")
    assert (created["state"], created["attemptDeadline"]) == ("ENABLED", "180s")
    assert "retryConfig" not in created
    assert created["httpTarget"]["httpMethod"] == "POST"
    assert created["httpTarget"]["headers"] == {"User-Agent": "Google-Cloud-Scheduler"}
    assert created["httpTarget"]["oauthToken"]["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert created["scheduleTime"][11:19] in {"02:00:00", "01:00:00"}  # 3 o'clock there, in winter or summer
    assert call("GET", JOBS)["jobs"] == [created]
    assert "already exists" in call.refused("POST", JOBS, {**created, "name": NAME}, 409)
    changed = call("PATCH", f"/cloudscheduler/v1/{NAME}?updateMask=schedule", {"schedule": "*/5 * * * *"})
    assert changed["scheduleTime"] != created["scheduleTime"]
    assert changed["timeZone"] == "Europe/Copenhagen"
    assert call("DELETE", f"/cloudscheduler/v1/{NAME}") == {}
    assert call("GET", JOBS) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"schedule": "61 * * * *"}, "Schedule or time zone is invalid."),
        ({"schedule": "*/5 * * * * *"}, "Schedule or time zone is invalid."),
        ({"schedule": f"{5000 * '1'} 6 * * *"}, "Schedule or time zone is invalid."),
        ({"schedule": "0 6 L * *"}, "Schedule or time zone is invalid."),
        ({"schedule": "0 6 * * 1#2"}, "Schedule or time zone is invalid."),
        ({"schedule": "0 6 * * 5L"}, "Schedule or time zone is invalid."),
        ({"schedule": ""}, "job.schedule"),
        ({"timeZone": "Mars/Olympus"}, "Schedule or time zone is invalid."),
        ({"name": NAME.replace("europe-west1", "us-east1")}, "must match the pattern"),
        ({"attemptDeadline": "5s"}, "between 15s and 1800s"),
        ({"httpTarget": {"uri": "ftp://x"}}, "must begin with http"),
        ({"httpTarget": {"uri": "http://[::1"}}, "must begin with http"),
        ({"httpTarget": {"uri": "http://a:99999/"}}, "must begin with http"),
        ({"httpTarget": {"uri": RUN, "body": "not base64"}}, "base64"),
        ({"httpTarget": {"uri": RUN, "httpMethod": "GET", "body": "eA=="}}, "may not have a body"),
        ({"pubsubTarget": {"topicName": "x"}}, "one target"),
        ({"httpTarget": None, "appEngineHttpTarget": {"relativeUri": "ping"}}, "must begin with a slash"),
        ({"retryConfig": {"retryCount": 6}}, "between 0 and 5"),
    ],
)
def test_what_google_refuses_is_refused(call: Sender, body: Any, message: str) -> None:
    full = {"name": NAME, "schedule": "0 3 * * *", "httpTarget": {"uri": RUN}, **body}
    assert message in call.refused("POST", JOBS, full)


def test_a_schedule_in_app_engines_form_is_reported_as_unsupported(call: Sender) -> None:
    body = {"name": NAME, "schedule": "every 5 minutes", "httpTarget": {"uri": RUN}}
    assert "App Engine's own form" in call.refused("POST", JOBS, body, 501)


def test_naming_an_account_needs_permission_to_act_as_it(call: Sender) -> None:
    body = {
        "name": NAME,
        "schedule": "0 3 * * *",
        "httpTarget": {"uri": RUN, "oidcToken": {"serviceAccountEmail": EMAIL}},
    }
    call.grant("roles/cloudscheduler.admin", "user:dev@example.com")
    assert "iam.serviceAccounts.actAs" in call.as_("user:dev@example.com").refused("POST", JOBS, body, 403)
    body["httpTarget"]["oidcToken"]["serviceAccountEmail"] = f"nobody@{PROJECT}.iam.gserviceaccount.com"
    assert "does not exist" in call.refused("POST", JOBS, body, 404)


def test_its_time_runs_a_cloud_run_job_as_its_account_and_its_next_time_follows(call: Sender) -> None:
    template = {"template": {"containers": [{"image": "docker.io/library/train:1"}], "maxRetries": 0}}
    call("POST", f"/run/v2/{PLACE}/jobs?jobId=train", {"template": template})
    first = job(call)["scheduleTime"]
    call.later(days=1)
    due(call)
    found = call("GET", f"/cloudscheduler/v1/{NAME}")
    assert found["status"] == {"code": 7}
    assert found["scheduleTime"] > first
    assert "run.jobs.run" in entries(call)[-1]["jsonPayload"]["debugInfo"]
    call.grant("roles/run.jobsExecutor", f"serviceAccount:{EMAIL}")
    call("POST", f"/cloudscheduler/v1/{NAME}:run", {})
    due(call)
    found = call("GET", f"/cloudscheduler/v1/{NAME}")
    assert found["status"] == {}
    assert found["lastAttemptTime"]
    execution = call("GET", f"/run/v2/{PLACE}/jobs/train/executions")["executions"][0]
    assert execution["creator"] == EMAIL
    (counted,) = call.cloud.metrics.series(PROJECT, "run.googleapis.com/job/completed_execution_count")
    assert (counted.labels, counted.resource["labels"]["job_name"]) == ({"result": "failed"}, "train")


def test_a_failed_call_is_retried_as_often_as_configured(call: Sender) -> None:
    created = job(call, retryConfig={"retryCount": 2})
    assert (created["retryConfig"]["maxDoublings"], created["retryConfig"]["minBackoffDuration"]) == (5, "5s")
    call("POST", f"/cloudscheduler/v1/{NAME}:run", {})
    due(call)
    for _ in range(4):
        call.later(seconds=60)
        due(call)
    finished = [one for one in entries(call) if one["jsonPayload"]["@type"].endswith("AttemptFinished")]
    assert len(finished) == 3
    assert {one["severity"] for one in finished} == {"ERROR"}


def test_a_paused_job_waits_until_it_is_resumed(call: Sender) -> None:
    job(call)
    paused = call("POST", f"/cloudscheduler/v1/{NAME}:pause", {})
    assert paused["state"] == "PAUSED"
    assert "scheduleTime" not in paused
    call.later(days=2)
    due(call)
    assert entries(call) == []
    assert "PAUSED already" in call.refused("POST", f"/cloudscheduler/v1/{NAME}:pause", {})
    for _ in range(2):
        assert call("POST", f"/cloudscheduler/v1/{NAME}:resume", {})["scheduleTime"]


def test_a_message_is_published_by_schedulers_own_account(call: Sender) -> None:
    topic = f"projects/{PROJECT}/topics/ticks"
    call("PUT", f"/pubsub/v1/{topic}", {})
    subscription = f"projects/{PROJECT}/subscriptions/all"
    call("PUT", f"/pubsub/v1/{subscription}", {"topic": topic})
    data = base64.b64encode(b"tick").decode()
    body = {"name": NAME, "schedule": "* * * * *", "pubsubTarget": {"topicName": topic, "data": data}}
    call("POST", JOBS, body)
    call("POST", f"/cloudscheduler/v1/{NAME}:run", {})
    due(call)
    pulled = call("POST", f"/pubsub/v1/{subscription}:pull", {"maxMessages": 1, "returnImmediately": True})
    assert pulled["receivedMessages"][0]["message"]["data"] == data


def test_an_address_elsewhere_is_not_called_and_the_log_says_so(call: Sender) -> None:
    job(call, httpTarget={"uri": "https://example.com/hook"})
    call("POST", f"/cloudscheduler/v1/{NAME}:run", {})
    due(call)
    assert "example.com is not called" in entries(call)[-1]["jsonPayload"]["debugInfo"]


def test_the_last_attempt_is_when_it_started_and_not_when_it_was_answered(call: Sender) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        call.later(seconds=100)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def attempt() -> None:
        async with await asyncio.start_server(answer, sock=listening):
            await call.cloud.jobs.settled()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        job(call, httpTarget={"uri": f"http://127.0.0.1:{listening.getsockname()[1]}/"})
        call("POST", f"/cloudscheduler/v1/{NAME}:run", {})
        asyncio.run(attempt())
    found = call("GET", f"/cloudscheduler/v1/{NAME}")
    assert found["status"] == {}
    started, finished = (
        next(one["timestamp"] for one in entries(call) if one["jsonPayload"]["@type"].endswith(kind))
        for kind in ("AttemptStarted", "AttemptFinished")
    )
    assert found["lastAttemptTime"] <= started < finished
