"""Following logs, what runs now, and that ^C does not affect what is followed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest
from groundwork.cli.workloads import streamed, to_end
from groundwork.errors import Exit, GroundworkError, Interrupted
from groundwork.google.cloud import CloudProblem
from groundwork.google.official import asking
from groundwork.workloads import logs, running
from groundwork.workloads.builds import Build
from groundwork.workloads.jobs import Job
from groundwork.workloads.project import Project, duration, label

from tests.groundwork.workloads.conftest import switch_on
from tests.small_clone import SmallClone


def write(clone: SmallClone, *lines: str, at: str = "2026-11-28T10:00:00Z") -> None:
    name = f"projects/{clone.project}/logs/team"
    entries = [
        {"logName": name, "resource": {"type": "global"}, "textPayload": line, "timestamp": at, "insertId": line}
        for line in lines
    ]
    clone.cloud().request("POST", "logging", "v2/entries:write", json={"entries": entries})


def test_lines_are_shown_once_including_late_ones(clone: SmallClone, project: Project) -> None:
    messages: list[str] = []
    rounds = [("b", "2026-11-28T10:00:20Z"), ("late", "2026-11-28T10:00:10Z"), ("c", "2026-11-28T10:00:30Z")]
    write(clone, "a")

    def sleep(_seconds: float) -> None:
        if rounds:
            line, at = rounds.pop(0)
            write(clone, line, at=at)

    query = f'logName="projects/{clone.project}/logs/team"'
    logs.follow(
        project, query, "2026-11-28T09:00:00Z", lambda: not rounds, lambda entry: messages.append(entry.text), sleep
    )
    assert messages == ["a", "b", "late", "c"]


def test_the_newest_come_in_the_order_of_their_times(clone: SmallClone, project: Project) -> None:
    for second in range(5):
        write(clone, f"line {second}", at=f"2026-11-28T10:00:0{second}Z")
    found = logs.newest(project, f'logName="projects/{clone.project}/logs/team"', 2)
    assert [entry.line for entry in found] == ["10:00:03 line 3", "10:00:04 line 4"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"textPayload": "loss 0.3\n"}, "loss 0.3"),
        ({"jsonPayload": {"message": "up", "level": 1}}, "up"),
        ({"jsonPayload": {"loss": 0.3}}, '{"loss": 0.3}'),
        (
            {"textPayload": "", "httpRequest": {"requestMethod": "GET", "requestUrl": "https://a/x", "status": 200}},
            "GET https://a/x 200",
        ),
        ({"protoPayload": {"status": {"message": "denied"}}}, "denied"),
    ],
)
def test_an_entry_says_what_it_has(entry: dict[str, Any], text: str) -> None:
    assert logs.text_of(entry) == text


def test_an_interrupt_ends_the_following_alone_and_says_how_to_end_the_rest() -> None:
    with pytest.raises(Interrupted) as problem, streamed("job 7", "groundwork jobs cancel 7 --env dev"):
        raise KeyboardInterrupt
    assert (
        problem.value.message
        == "No longer following: job 7 continues. To stop it: `groundwork jobs cancel 7 --env dev`."
    )
    assert problem.value.exit_code == Exit.INTERRUPTED


def test_after_a_lost_connection_the_jobs_outcome_is_called_unknown() -> None:
    with pytest.raises(GroundworkError) as problem, streamed("job 7", "groundwork jobs cancel 7 --env dev"):
        raise CloudProblem("job 7", 0, "UNREACHABLE", "[Errno 111] Connection refused")
    assert problem.value.message == (
        "The connection was lost ([Errno 111] Connection refused), so it is unknown how job 7 continues: "
        "`groundwork jobs list` shows it once there is a connection again."
    )
    assert problem.value.exit_code == Exit.UNKNOWN
    with pytest.raises(CloudProblem), streamed("job 7", ""):
        raise CloudProblem("job 7", 404, "NOT_FOUND", "no job 7")


def test_what_an_official_client_says_comes_without_addresses() -> None:
    with pytest.raises(CloudProblem) as error, asking("run of a trigger"):
        raise BadRequest("POST http://127.0.0.1:1/cloudbuild/v1/x:run?name=y: main is no branch.")
    assert error.value.message == "run of a trigger: 400: main is no branch."
    with pytest.raises(CloudProblem) as lost, asking("build 7"):
        requests.get("http://127.0.0.1:1/x", timeout=5)
    assert lost.value.message == "build 7: no answer UNREACHABLE: [Errno 111] Connection refused"


def test_what_is_not_in_the_file_is_not_asked_for(project: Project) -> None:
    assert running.now(project) == running.Now((), ())


def with_two_instances(clone: SmallClone) -> None:
    """A service that keeps two instances."""
    template = {
        "containers": [{"image": "us-docker.pkg.dev/cloudrun/container/hello"}],
        "scaling": {"minInstanceCount": 2},
    }
    path = f"v2/projects/{clone.project}/locations/europe-west1/services"
    clone.cloud().request("POST", "run", path, params={"serviceId": "api"}, json={"template": template})


def test_pause_says_what_keeps_running_and_what_to_do_about_it(clone: SmallClone) -> None:
    with_two_instances(clone)
    what = "its file keeps instances of it: set min_instances: 0 and run `groundwork up`"
    result = clone("pause", "--yes")
    assert (result.code, f"keeps running  Run service api: {what}" in result.err) == (Exit.OK, True), result.err
    assert result.text.startswith(f"Nothing that could be stopped runs in project {clone.project}")
    (one,) = json.loads(clone("pause", "--yes", "--json").text)["keeps_running"]
    assert (one["kind"], one["reason"]) == ("Run service", what)


def test_running_things_have_an_hourly_price_and_unreadable_ones_are_reported(
    clone: SmallClone, project: Project
) -> None:
    with_two_instances(clone)
    with_service = replace(
        project, environment=replace(project.environment, services={"api": None}, training={"train": None})
    )  # type: ignore[dict-item]
    (found,) = running.now(with_service).runs
    # Two idle instances of one vCPU and 512 MiB.
    assert (found.text, running.now(with_service).unknown) == ("service api: at least 2 instances, $0.03 an hour", ())
    switch_on(clone, "aiplatform")
    eve = replace(with_service, cloud=clone.cloud("user:eve@example.com"))
    assert [sentence.partition(":")[0] for sentence in running.now(eve).unknown] == ["services", "jobs", "machines"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (185, "3 min 5 s"), (3600, "1 h"), (7440, "2 h 4 min")],
)
def test_a_time_is_shown_in_words(seconds: int, expected: str) -> None:
    assert duration(seconds) == expected


def test_an_address_becomes_a_label_that_google_takes() -> None:
    assert label("Alice.Smith+ml@Example.com") == "alice_smith_ml_example_com"
    assert len(label("a" * 80 + "@example.com")) == 63


def test_without_any_build_there_is_no_log(clone: SmallClone) -> None:
    result = clone("builds", "logs")
    assert result.code == Exit.USAGE
    assert "There is no build in projects/" in result.err


@pytest.mark.parametrize(
    ("over", "dry_run", "message", "ends"),
    [
        ("", False, "", True),
        ("", True, "would cancel build 1a2b\n", False),
        ("build 1a2b: success after 3 s", False, "build 1a2b: success after 3 s: there is nothing to cancel.\n", False),
    ],
)
def test_only_what_runs_is_ended_and_a_dry_run_ends_nothing(
    project: Project, capsys: pytest.CaptureFixture[str], over: str, dry_run: bool, message: str, ends: bool
) -> None:
    assert to_end(project, "build 1a2b", over=over, yes=False, dry_run=dry_run) is ends
    assert capsys.readouterr().out == message


def test_neither_a_name_nor_a_reason_adds_a_line_to_what_is_said_of_an_end() -> None:
    job = Job("training", "train\nall is well", "7", "failed", "", "", "", "", "lost\nall is well.", {})
    build = Build("1a2b3c4d", "FAILURE", "", "", "", "", (), "", "", "lost\nall is well.")
    assert job.failure == r"job train\nall is well (7): failed: lost\nall is well"
    assert build.failure == r"build 1a2b3c4d: failure: lost\nall is well"
