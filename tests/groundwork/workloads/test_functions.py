"""Functions as Google lists them: state, what starts them, and who may call; answers are Google's own in form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from groundwork.errors import Exit
from groundwork.google.cloud import google_cloud
from groundwork.workloads import functions as feature
from groundwork.workloads.project import Project

from tests.groundwork.at_google import Google

PLACE = "projects/{}/locations/europe-west1"
EVENTS = {
    "trigger": "projects/p/locations/europe-west1/triggers/prepare-123456",
    "eventType": "google.cloud.storage.object.v1.finalized",
    "eventFilters": [{"attribute": "bucket", "value": "team-raw"}],
}


def body(project: str, name: str, **more: Any) -> dict[str, Any]:
    """A function as the API returns it."""
    return {
        "name": f"{PLACE.format(project)}/functions/{name}", "state": "ACTIVE", "environment": "GEN_2",
        "buildConfig": {"runtime": "python312"}, "serviceConfig": {"uri": f"https://{name}-x-ew.a.run.app"}, **more,
    }  # fmt: skip


@pytest.fixture
def functions(google: Google) -> Google:
    """A project with a function that runs at uploads, and one that answers requests and is broken."""
    google.log_in()
    project, base = (
        google.clone.project,
        f"cloudfunctions.googleapis.com/v2/{PLACE.format(google.clone.project)}/functions",
    )
    failed = {"severity": "ERROR", "type": "DeploymentFailed", "message": "Build failed with status: FAILURE."}
    found = [
        body(project, "prepare", eventTrigger=EVENTS),
        body(project, "answer", state="FAILED", stateMessages=[failed]),
    ]
    google.proxy.scripted[f"GET {base}"] = (200, {"functions": found})
    for one in found:
        google.proxy.scripted[f"GET {base}/{one['name'].rpartition('/')[2]}"] = (200, one)
    return google


def test_the_list_says_state_what_starts_each_and_what_is_wrong(functions: Google) -> None:
    result = functions.clone("functions", "list", "--env", "dev")
    assert result.code == Exit.OK, result.err
    rows = [line.split() for line in result.text.splitlines()[1:]]
    assert rows == [
        ["answer", "broken", "requests", "python312", "https://answer-x-ew.a.run.app"],
        ["prepare", "ready", "finalized", "in", "team-raw", "python312", "https://prepare-x-ew.a.run.app"],
    ]
    assert "answer: Build failed with status: FAILURE." in result.err
    found = json.loads(functions.clone("functions", "list", "--env", "dev", "--json").text)["functions"]
    assert [(one["name"], one["state"], one["event"], one["bucket"]) for one in found] == [
        ("answer", "broken", None, None), ("prepare", "ready", "finalized", "team-raw"),
    ]  # fmt: skip


def test_another_name_is_refused_with_the_nearest(functions: Google) -> None:
    result = functions.clone("functions", "logs", "prepara", "--env", "dev")
    assert result.code == Exit.USAGE
    assert "There is no function prepara in" in result.err
    assert "did you mean prepare?" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("answer", "--object", "a.csv"),
            "answer is started by requests, not by events of a bucket: leave out --object.",
        ),
        (("prepare",), "prepare runs at events of bucket"),
        (("prepare", "--object", "a.csv", "--data", "{}"), "--object sends a whole event: leave out the path,"),
    ],
)
def test_an_event_that_cannot_be_sent_is_refused(functions: Google, arguments: tuple[str, ...], sentence: str) -> None:
    result = functions.clone("functions", "call", *arguments, "--env", "dev")
    assert (result.code, sentence in result.err) == (Exit.USAGE, True), result.err


def test_without_functions_there_is_nothing_to_pack(functions: Google) -> None:
    result = functions.clone("functions", "pack", "--env", "dev")
    assert (result.code, "has no functions, so there is nothing to pack." in result.err) == (Exit.USAGE, True)


def test_a_name_in_another_script_is_encoded_in_the_headers_of_an_event(functions: Google) -> None:
    now = "2030-01-01T00:00:00Z"
    blob = {"name": "図 1%.csv", "bucket": "team-raw", "generation": "1", "timeCreated": now, "updated": now}
    functions.proxy.scripted["GET storage.googleapis.com/storage/v1/b/team-raw/o/%E5%9B%B3%201%25.csv"] = (200, blob)
    project = Project(google_cloud(functions.clone.project), functions.environment)
    event = feature.object_event(project, feature.function(project, "prepare"), blob["name"])
    assert event.headers["ce-subject"] == "objects/%E5%9B%B3%201%25.csv"
    assert json.loads(event.data or b"")["name"] == blob["name"]


def test_a_header_that_http_does_not_have_is_refused(functions: Google) -> None:
    result = functions.clone("functions", "call", "prepare", "-H", "X: 図", "--env", "dev")
    assert (result.code, "is not a header: write it in ASCII" in result.err) == (Exit.USAGE, True), result.err
