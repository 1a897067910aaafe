"""A state is read as Terraform wrote it, and its lock shows its owner."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, local_cloud
from groundwork.terraform import lock, runs
from groundwork.terraform.state import EMPTY, Lock, StateLocation, UnreadableState, parse_state, read_lock, read_state

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STATE = {
    "version": 4,
    "serial": 7,
    "outputs": {"open": {"value": {"a": 1}, "type": "string"}, "closed": {"value": "x", "sensitive": True}},
    "resources": [
        {"mode": "data", "type": "google_project", "name": "p", "instances": [{"attributes": {}}]},
        {
            "module": 'module.buckets["data"]',
            "mode": "managed",
            "type": "google_storage_bucket_iam_member",
            "name": "grants",
            "instances": [{"index_key": 'a "b"', "attributes": {"id": "x"}}, {"index_key": 0, "attributes": {}}],
        },
        {"mode": "managed", "type": "terraform_data", "name": "t", "instances": [{"attributes": {"id": "y"}}]},
    ],
}
INFO = {
    "ID": "ignored",
    "Operation": "OperationTypeApply",
    "Who": "alice@laptop",
    "Version": "1.11.4",
    "Created": "2026-11-21T10:01:13.547598123Z",
    "Path": "gs://…",
}


@pytest.fixture
def cloud(local_clone: Checkout) -> GoogleCloud:
    """A project with a bucket for states."""
    cloud = local_cloud(f"p-{uuid.uuid4().hex[:20]}", local.start(local_clone).base, local.token(local_clone))
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": cloud.project})
    cloud.storage().create_bucket(f"{cloud.project}-tfstate", location="europe-west1")
    return cloud


@pytest.fixture
def place(cloud: GoogleCloud) -> StateLocation:
    return StateLocation(f"{cloud.project}-tfstate", "local/platform")


def upload(cloud: GoogleCloud, place: StateLocation, suffix: str, content: object) -> None:
    blob = cloud.storage().bucket(place.bucket).blob(f"{place.prefix}/default.{suffix}")
    blob.upload_from_string(json.dumps(content))


def test_resources_have_terraforms_addresses_and_data_sources_are_left_out() -> None:
    found = parse_state(json.dumps(STATE).encode())
    assert found.addresses == {
        'module.buckets["data"].google_storage_bucket_iam_member.grants["a \\"b\\""]',
        'module.buckets["data"].google_storage_bucket_iam_member.grants[0]',
        "terraform_data.t",
    }
    assert found.serial == 7
    assert {name: output.sensitive for name, output in found.outputs.items()} == {"open": False, "closed": True}


def test_no_state_is_an_empty_one(cloud: GoogleCloud, place: StateLocation) -> None:
    assert read_state(cloud, place) == EMPTY
    assert read_lock(cloud, place) is None


def test_state_and_lock_are_read_from_the_bucket(cloud: GoogleCloud, place: StateLocation) -> None:
    upload(cloud, place, "tfstate", STATE)
    upload(cloud, place, "tflock", INFO)
    assert read_state(cloud, place).serial == 7
    found = read_lock(cloud, place)
    assert found is not None
    assert (found.who, found.doing, found.version, found.id.isdigit()) == ("alice@laptop", "apply", "1.11.4", True)
    assert found.created == datetime(2026, 11, 21, 10, 1, 13, 547598, tzinfo=UTC)


@pytest.mark.parametrize("content", ["", "garbage", "[]", "{}", '{"Created": "yesterday"}'])
def test_an_unreadable_lock_counts_as_held_and_can_be_removed(
    content: str, cloud: GoogleCloud, place: StateLocation
) -> None:
    cloud.storage().bucket(place.bucket).blob(f"{place.prefix}/default.tflock").upload_from_string(content)
    found = read_lock(cloud, place)
    assert found is not None
    assert (found.who, found.doing, found.created.tzinfo) == ("somebody", "an unknown operation", UTC)
    assert "somebody (an unknown operation, since " in lock.explained(found, "dev", "platform").message
    lock.release(cloud, place, found)
    assert read_lock(cloud, place) is None


@pytest.mark.parametrize("content", ["garbage", "[]", '{"resources": 5}'])
def test_an_invalid_state_is_reported_in_one_sentence(content: str, cloud: GoogleCloud, place: StateLocation) -> None:
    cloud.storage().bucket(place.bucket).blob(f"{place.prefix}/default.tfstate").upload_from_string(content)
    with pytest.raises(
        UnreadableState, match=rf"^gs://{place.bucket}/local/platform/default\.tfstate cannot be read as a Terraform"
    ):
        read_state(cloud, place)


def test_a_released_lock_is_removed_and_a_newer_one_is_kept(cloud: GoogleCloud, place: StateLocation) -> None:
    upload(cloud, place, "tflock", INFO)
    old = read_lock(cloud, place)
    assert old is not None
    upload(cloud, place, "tflock", {**INFO, "Who": "bob@desk"})
    lock.release(cloud, place, old)
    newer = read_lock(cloud, place)
    assert newer is not None
    assert newer.who == "bob@desk"
    lock.release(cloud, place, newer)
    assert read_lock(cloud, place) is None
    lock.release(cloud, place, newer)


def test_a_held_lock_is_explained() -> None:
    error = lock.explained(Lock("17", "OperationTypeApply", "alice@laptop", "1.11.4", NOW), "dev", "platform")
    assert error.exit_code == Exit.LOCKED
    assert error.message.startswith("The state of dev/platform is locked by alice@laptop (apply, since 2026-11-2")
    assert "Terraform 1.11.4, lock ID 17): wait for that run to end." in error.message
    assert error.message.endswith("remove the lock with `groundwork unlock --env dev`.")


@pytest.fixture
def dead(tmp_path: Path) -> tuple[runs.TerraformRun, Path]:
    """A run of ours that was killed, and its event log, last written a minute after its start."""
    log = tmp_path / "apply.ndjson"
    log.touch()
    os.utime(log, ((NOW + timedelta(minutes=1)).timestamp(),) * 2)
    return replace(runs.this_run("up", "local", "platform", "apply"), started=NOW.isoformat(), child=0), log


def held_by(run: runs.TerraformRun, seconds: float) -> Lock:
    return Lock("1", "OperationTypeApply", f"{run.user}@{run.host}", "1.11.4", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "ours"), [(0.1, True), (30, True), (61, True), (-0.1, False), (70, False)])
def test_a_lock_is_ours_only_if_it_was_taken_while_our_dead_run_worked(
    dead: tuple[runs.TerraformRun, Path], seconds: float, ours: bool
) -> None:
    run, log = dead
    assert lock.left_by(run, held_by(run, seconds), log) is ours


def test_the_lock_of_another_or_of_an_orderly_or_living_run_is_not_ours(dead: tuple[runs.TerraformRun, Path]) -> None:
    run, log = dead
    mine = held_by(run, 1)
    assert not lock.left_by(run, replace(mine, who="bob@desk"), log)
    assert not lock.left_by(replace(run, in_order=True), mine, log)
    assert not lock.left_by(replace(run, child=os.getpid()), mine, log)
