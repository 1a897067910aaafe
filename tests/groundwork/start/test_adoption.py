"""`groundwork adopt`: resources made by hand are imported unchanged, and a plan afterwards is empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.errors import Exit

from tests.groundwork.clone import Clone, cloned


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone whose project has resources that were created in the console."""
    with cloned(tmp_path / "clone") as clone:
        by_hand(clone)
        yield clone


def by_hand(clone: Clone) -> None:
    cloud, project = clone.cloud, clone.environment.project
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": project})
    apis = [f"{api}.googleapis.com" for api in ("iam", "secretmanager", "artifactregistry")]
    cloud.request("POST", "serviceusage", f"v1/projects/{project}/services:batchEnable", json={"serviceIds": apis})
    for body in (
        {"name": "raw-by-hand", "location": "EU", "versioning": {"enabled": True}},
        {"name": f"{project}-data", "location": "europe-west1"},
        {"name": f"{project}_cloudbuild", "location": "US"},
    ):
        cloud.request("POST", "storage", "v1/b", params={"project": project}, json=body)
    for name in ("hf-token", "WANDB_KEY", "1st-key"):
        cloud.request(
            "POST",
            "secretmanager",
            f"v1/projects/{project}/secrets",
            params={"secretId": name},
            json={"replication": {"automatic": {}}},
        )
    for region, name in (("europe-west1", "by-hand"), ("us-central1", "elsewhere")):
        path = f"v1/projects/{project}/locations/{region}/repositories"
        cloud.request("POST", "artifactregistry", path, params={"repositoryId": name}, json={"format": "DOCKER"})
    account = {"accountId": "my-trainer", "serviceAccount": {"displayName": "Trains by hand"}}
    cloud.request("POST", "iam", f"v1/projects/{project}/serviceAccounts", json=account)


def test_manually_created_resources_are_adopted_and_the_plan_is_empty_afterwards(clone: Clone) -> None:
    before = clone.cloud.request("GET", "iam", f"v1/projects/{clone.environment.project}/serviceAccounts")
    unique = next(one["uniqueId"] for one in before["accounts"] if "my-trainer" in one["email"])
    result = clone.run("adopt", "--env", "small")
    assert result.returncode == 0, result.stderr
    assert "6 resources taken over; a new plan shows no changes." in result.stdout
    assert "imported: " in result.stderr
    assert "leave  image repository elsewhere: it is in us-central1" in result.stdout
    assert (
        "leave  secret 1st-key: the file takes names of at most 63 characters that begin with a letter" in result.stdout
    )
    assert "leave  bucket small-clone_cloudbuild: it belongs to `gcloud builds submit`" in result.stdout
    environment = clone.environment
    assert (environment.buckets["raw-by-hand"].full_name, environment.buckets["raw-by-hand"].location) == (
        "raw-by-hand",
        "eu",
    )
    assert environment.identities["my-trainer"].email == f"my-trainer@{environment.project}.iam.gserviceaccount.com"
    assert [environment.secrets[name].location for name in ("hf-token", "WANDB_KEY")] == ["automatic", "automatic"]
    # Nothing was made again: the account is still the one that it was.
    account = clone.cloud.request(
        "GET", "iam", f"v1/projects/{environment.project}/serviceAccounts/{environment.identities['my-trainer'].email}"
    )
    assert account["uniqueId"] == unique
    assert clone.run("plan", "--env", "small", "--detailed-exitcode").returncode == Exit.OK
    again = clone.run("adopt", "--env", "small", "--dry-run", "--json")
    assert json.loads(again.stdout)["found"] == []


def test_where_nothing_is_applied_the_file_is_as_it_was(clone: Clone) -> None:
    text = clone.file.read_text()
    output = json.loads(clone.run("adopt", "--env", "small", "--dry-run", "--json").stdout)
    assert {f"{one['section']}.{one['entry']}": one["written"] for one in output["found"]} == {
        "buckets.data": True, "buckets.raw-by-hand": False, "identities.my-trainer": False, "repositories.by-hand": False, "secrets.WANDB_KEY": False, "secrets.hf-token": False,
    }  # fmt: skip
    assert clone.file.read_text() == text
    clone.set_faults({"method": "iam.projects.serviceAccounts.get", "kind": "error", "code": 403})
    assert clone.run("adopt", "--env", "small").returncode != 0
    assert clone.file.read_text() == text
