"""Names with a trailing newline: every service refuses them, which a check with `$` would not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

LOCATION = f"projects/{PROJECT}/locations/europe-west1"
ACCOUNT = f"train-me@{PROJECT}.iam.gserviceaccount.com"
AUTOMATIC = {"replication": {"automatic": {}}}
POLICY = "/cloudresourcemanager/v1/projects/{0}:setIamPolicy"
CASES: list[tuple[str, Any]] = [
    ("/cloudresourcemanager/v1/projects", {"projectId": "dogs-cats\n"}),
    (f"/storage/v1/b?project={PROJECT}", {"name": "cats-dogs-data\n"}),
    (f"/storage/v1/b?project={PROJECT}", {"name": "cats-dogs-data", "labels": {"team": "cats\n"}}),
    (f"/storage/v1/b?project={PROJECT}", {"name": "cats-dogs-data", "labels": {"team\n": "cats"}}),
    (f"/storage/v1/b?project={PROJECT}", {"name": "cats-dogs-data", "location": "EU\n"}),
    (f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=key%0A", AUTOMATIC),
    (f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=key", {**AUTOMATIC, "labels": {"team": "cats\n"}}),
    (f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=key", {**AUTOMATIC, "ttl": "600s\n"}),
    (f"/artifactregistry/v1/{LOCATION}/repositories?repositoryId=images%0A", {"format": "DOCKER"}),
    (f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "train-me\n"}),
    (f"/iam/v1/projects/{PROJECT}/roles", {"roleId": "own\n", "role": {"title": "Own"}}),
    (
        f"/iam/v1/projects/{PROJECT}/roles",
        {"roleId": "own", "role": {"includedPermissions": ["storage.buckets.get\n"]}},
    ),
    (f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools?workloadIdentityPoolId=github%0A", {}),
    (f"/serviceusage/v1/projects/{PROJECT}/services/run.googleapis.com%0A:enable", {}),
    (POLICY.format(PROJECT), {"policy": {"bindings": [{"role": "roles/viewer\n", "members": ["user:a@example.com"]}]}}),
    (POLICY.format(PROJECT), {"policy": {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com\n"]}]}}),
]


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "iam", "secretmanager", "artifactregistry", "storage", "iamcredentials")


@pytest.mark.parametrize(("path", "body"), CASES)
def test_a_name_that_ends_in_a_newline_is_refused(call: Sender, path: str, body: Any) -> None:
    headers = {"authorization": call.bearer(), "content-type": "application/json"}
    reply = call.reply("POST", path, headers, json.dumps(body).encode())
    assert reply.status in (400, 403, 404), reply.body
