"""What runs: the resources that a service and a job occupy, and how a running build is ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from groundwork.lifecycle.removal import remove
from groundwork.resources import inventory
from groundwork.resources.contents import look_into
from groundwork.resources.item import Item
from groundwork.resources.registry import kinds

from tests.groundwork.resources.google_lists import PROJECT, Script, scripted

PLACE = f"projects/{PROJECT}/locations/europe-west1"


@pytest.fixture
def google() -> Iterator[Script]:
    with scripted() as script:
        yield script


@pytest.mark.parametrize(
    ("kind", "name", "collection", "expected"),
    [
        ("Run service", "services/api", "revisions", "2 revisions"),
        ("Run job", "jobs/drift", "executions", "2 executions"),
    ],
)
def test_what_goes_with_a_service_or_job_is_counted(
    google: Script, kind: str, name: str, collection: str, expected: str
) -> None:
    item = Item(kind, f"{PLACE}/{name}")
    ((empty,), unknown) = look_into(google.cloud, [item])
    assert (empty.text, empty.holds, unknown) == ("empty", False, {})
    google.answers[f"/run/v2/{item.name}/{collection}"] = {collection: [{"name": "1"}, {"name": "2"}]}
    ((contents,), unknown) = look_into(google.cloud, [item])
    assert (contents.text, contents.holds, unknown) == (expected, True, {})


def test_a_running_build_is_listed_once_and_ended_by_cancelling_it(google: Script) -> None:
    google.enable("cloudbuild")
    name = f"{PLACE}/builds/1"
    google.answers[f"/cloudbuild/v2/projects/{PROJECT}/locations"] = {"locations": [{"locationId": "europe-west1"}]}
    for path in (f"{PLACE}/builds", f"projects/{PROJECT}/builds"):
        google.answers[f"/cloudbuild/v1/{path}"] = {"builds": [{"name": name, "status": "WORKING"}]}
    (found,) = [item for item in inventory.take(google.cloud).items if item.kind == "build"]
    remove(google.cloud, found)
    assert ("POST", f"/cloudbuild/v1/{name}:cancel") in google.asked
    assert not isinstance(kinds()["build"].terraform, tuple)


def test_a_running_training_job_is_deleted_once_it_has_ended(google: Script) -> None:
    name = f"{PLACE}/customJobs/1"
    states = iter(("JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED", "deleted"))
    google.answers[f"/aiplatform/v1/{name}"] = lambda: {"state": next(states)}
    remove(google.cloud, Item("Vertex custom job", name, {"state": "JOB_STATE_RUNNING"}))
    assert [verb for verb, path in google.asked if path.endswith("/1")] == ["GET", "GET", "DELETE"]
    assert google.asked[0] == ("POST", f"/aiplatform/v1/{name}:cancel")
