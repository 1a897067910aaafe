"""What an interrupted run may have created, and under which ID it can be imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.lifecycle.recovery import Orphan, identity, move_state, orphans
from groundwork.terraform.events import Action, Diagnostic, Event, Stage, Step

BUCKET = "google_storage_bucket.b"
SECRET = "google_secret_manager_secret.s"


def step(address: str, stage: Stage, identity: str = "", action: Action = "create") -> Step:
    return Step(address, "", address.split(".")[-2], action, stage, id=identity)


def refusal(address: str, detail: str) -> Diagnostic:
    return Diagnostic("error", "Error creating", detail, address)


def addresses(*events: Event) -> list[str]:
    return [orphan.address for orphan in orphans(events)]


def test_started_and_created_resources_may_exist() -> None:
    events = [step(BUCKET, "start"), step(SECRET, "start"), step(SECRET, "complete", "projects/p/secrets/s")]
    assert orphans(events) == [
        Orphan(BUCKET, "google_storage_bucket", ""),
        Orphan(SECRET, "google_secret_manager_secret", "projects/p/secrets/s"),
    ]


def test_what_google_refused_does_not_exist() -> None:
    events = [step(BUCKET, "start"), step(BUCKET, "errored"), refusal(BUCKET, "googleapi: Error 403: no")]
    assert addresses(*events) == []


def test_what_failed_without_an_answer_may_exist() -> None:
    events = [step(BUCKET, "start"), step(BUCKET, "errored"), refusal(BUCKET, "connection reset by peer")]
    assert addresses(*events) == [BUCKET]


@pytest.mark.parametrize("action", ["delete", "update", "read"])
def test_only_what_was_being_created_is_looked_for(action: Action) -> None:
    assert addresses(step(BUCKET, "start", action=action)) == []


@pytest.mark.parametrize(
    "kind",
    [
        "google_storage_bucket_iam_member",
        "google_project_service",
        "google_project_iam_binding",
        "google_storage_bucket_object",
    ],
)
def test_resources_without_unique_names_need_no_adoption(kind: str) -> None:
    assert addresses(step(f"{kind}.x", "start")) == []


@pytest.mark.parametrize(
    ("kind", "planned", "name"),
    [
        ("google_storage_bucket", {"name": "p-data"}, "p-data"),
        ("google_secret_manager_secret", {"secret_id": "key", "project": None}, "projects/p/secrets/key"),
        (
            "google_service_account",
            {"account_id": "train", "project": "q"},
            "projects/q/serviceAccounts/train@q.iam.gserviceaccount.com",
        ),
        (
            "google_artifact_registry_repository",
            {"repository_id": "images", "location": "europe-west1"},
            "projects/p/locations/europe-west1/repositories/images",
        ),
        ("google_secret_manager_secret", {}, ""),
        ("google_unheard_of", {"name": "x"}, ""),
    ],
)
def test_a_name_follows_from_planned_values(kind: str, planned: dict[str, str], name: str) -> None:
    assert identity(Orphan("a", kind, ""), planned, "p") == name


def test_an_id_reported_by_the_run_takes_precedence() -> None:
    assert identity(Orphan("a", "google_storage_bucket", "real-name"), {"name": "planned"}, "p") == "real-name"


def test_a_state_left_in_the_code_folder_is_moved(tmp_path: Path) -> None:
    source, target = tmp_path / "left.tfstate", tmp_path / "kept.tfstate"
    move_state(source, target)
    assert not target.exists()
    source.write_text("state")
    move_state(source, target)
    assert (source.exists(), target.read_text()) == (False, "state")


def test_a_state_that_cannot_be_moved_stays_and_no_partial_copy_is_left(tmp_path: Path) -> None:
    left = tmp_path / "left.tfstate"
    left.write_text("state")
    move_state(left, tmp_path / "no" / "such" / "folder" / "kept.tfstate")
    assert [file.name for file in tmp_path.iterdir()] == ["left.tfstate"]
