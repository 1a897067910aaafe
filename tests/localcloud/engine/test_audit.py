"""Admin activity: who changed what, in the project's log."""

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import OWNER, PROJECT, Sender, sender

SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "secretmanager", "storage")


def entries(call: Sender) -> list[Any]:
    return [entry for _, entry in call.cloud.logs.read(f"projects/{PROJECT}")]


def test_a_change_is_logged_with_who_made_it_and_what_it_needed(call: Sender) -> None:
    call("POST", f"{SECRETS}?secretId=key", {"replication": {"automatic": {}}})
    call("POST", f"{SECRETS}/key:addVersion", {"payload": {"data": "c2VjcmV0"}})
    first, second = entries(call)
    assert first["logName"] == f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity"
    assert first["severity"] == "NOTICE"
    said = first["protoPayload"]
    assert said["authenticationInfo"] == {"principalEmail": OWNER.removeprefix("user:")}
    assert said["serviceName"] == "secretmanager.googleapis.com"
    assert said["methodName"] == "secretmanager.projects.secrets.create"
    assert said["resourceName"].endswith("/secrets/key")
    assert said["authorizationInfo"][0]["permission"] == "secretmanager.secrets.create"
    assert "c2VjcmV0" not in str(second)


def test_what_reads_fails_or_changes_only_data_is_not_logged(call: Sender) -> None:
    call("GET", SECRETS)
    call("POST", f"{SECRETS}/none:addVersion", {"payload": {"data": "c2VjcmV0"}}, status=404)
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "data-bucket"})
    bearer = {"authorization": call.bearer(), "content-type": "text/plain"}
    call.send("POST", "/upload/storage/v1/b/data-bucket/o?uploadType=media&name=x", bearer, b"x")
    assert [entry["protoPayload"]["methodName"] for entry in entries(call)] == ["storage.buckets.insert"]
