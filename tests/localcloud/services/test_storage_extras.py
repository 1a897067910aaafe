"""Notification configurations and HMAC keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT
from tests.localcloud.services.storage_inside import B, Storage, storage

CONFIGS = f"{B}/data-bucket/notificationConfigs"
KEYS = f"/storage/v1/projects/{PROJECT}/hmacKeys"
TOPIC = f"//pubsub.googleapis.com/projects/{PROJECT}/topics/changes"
ACCOUNT = f"train@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    topic = TOPIC.removeprefix("//pubsub.googleapis.com/")
    gcs.call.cloud.store.put("pubsub", topic, {"name": topic})
    gcs.call.grant(
        "roles/pubsub.publisher", f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    )
    return gcs


def account(gcs: Storage) -> None:
    body = {"name": f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}", "email": ACCOUNT}
    gcs.call.cloud.store.put("iam", body["name"], body)


def new_key(gcs: Storage) -> Any:
    return gcs.ask("POST", f"{KEYS}?serviceAccountEmail={ACCOUNT}").json


def test_a_notification_is_kept_as_sent_with_an_id_of_its_own(gcs: Storage) -> None:
    sent = {"topic": TOPIC, "payload_format": "JSON_API_V1", "event_types": ["OBJECT_FINALIZE"]}
    created = gcs.ask("POST", CONFIGS, sent).json
    assert (created["kind"], created["id"]) == ("storage#notification", "1")
    assert {key: created[key] for key in sent} == sent
    assert created["selfLink"].endswith("/storage/v1/b/data-bucket/notificationConfigs/1")
    assert gcs.ask("GET", f"{CONFIGS}/1").json == created
    assert gcs.ask("POST", CONFIGS, {**sent, "topic": TOPIC.partition("com/")[2]}).json["topic"] == TOPIC
    assert [one["id"] for one in gcs.ask("GET", CONFIGS).json["items"]] == ["1", "2"]


def test_notifications_go_one_by_one_or_with_their_bucket(gcs: Storage) -> None:
    for _ in range(2):
        gcs.ask("POST", CONFIGS, {"topic": TOPIC, "payload_format": "NONE"})
    gcs.ask("DELETE", f"{CONFIGS}/1", None, 204)
    gcs.ask("GET", f"{CONFIGS}/1", None, 404)
    gcs.ask("DELETE", f"{B}/data-bucket", None, 204)
    gcs.bucket()
    assert gcs.ask("GET", CONFIGS).json == {"kind": "storage#notifications"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"payload_format": "NONE"}, "Invalid Google Cloud Pub/Sub topic"),
        ({"topic": None, "payload_format": "NONE"}, "Invalid Google Cloud Pub/Sub topic"),
        ({"topic": "changes", "payload_format": "NONE"}, "Invalid Google Cloud Pub/Sub topic"),
        ({"topic": TOPIC}, "payload_format"),
        ({"topic": TOPIC, "payload_format": "NONE", "event_types": ["OBJECT_SEEN"]}, "event_types"),
    ],
)
def test_an_incomplete_notification_is_refused(gcs: Storage, body: dict[str, Any], message: str) -> None:
    assert message in gcs.ask("POST", CONFIGS, body, 400).message


def test_a_reader_of_a_bucket_may_not_add_notifications(gcs: Storage) -> None:
    policy = {"bindings": [{"role": "roles/storage.legacyBucketReader", "members": ["user:r@example.com"]}]}
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    reader = gcs.as_("user:r@example.com")
    reader.ask("GET", CONFIGS)
    refused = reader.ask("POST", CONFIGS, {"topic": TOPIC, "payload_format": "NONE"}, 403)
    assert "storage.buckets.update" in refused.message


def test_the_secret_of_an_hmac_key_is_shown_once_and_kept_nowhere(gcs: Storage) -> None:
    account(gcs)
    created = new_key(gcs)
    metadata = created["metadata"]
    assert len(created["secret"]) == 40
    assert (len(metadata["accessId"]), metadata["accessId"][:4]) == (61, "GOOG")
    assert metadata["id"] == f"{PROJECT}/{metadata['accessId']}"
    assert (metadata["state"], metadata["serviceAccountEmail"]) == ("ACTIVE", ACCOUNT)
    assert gcs.ask("GET", f"{KEYS}/{metadata['accessId']}").json == metadata
    assert gcs.ask("GET", KEYS).json["items"] == [metadata]
    stored = [body for (body,) in gcs.call.cloud.store.sql("SELECT body FROM resources")]
    assert not any(created["secret"] in body for body in stored)


def test_an_hmac_key_is_deactivated_before_it_is_deleted_and_stays_in_sight_for_a_month(gcs: Storage) -> None:
    account(gcs)
    path = f"{KEYS}/{new_key(gcs)['metadata']['accessId']}"
    assert gcs.ask("DELETE", path, None, 400).message == "Cannot delete keys in 'ACTIVE' state"
    gcs.ask("PUT", path, {"state": "GONE"}, 400)
    gcs.ask("PUT", path, {"state": "INACTIVE", "etag": "stale"}, 412)
    before = gcs.ask("GET", path).json["etag"]
    gcs.call.later(seconds=1)
    assert gcs.ask("PUT", path, {"state": "ACTIVE", "etag": before}).json["etag"] != before
    gcs.ask("PUT", path, {"state": "INACTIVE", "etag": before}, 412)
    assert gcs.ask("PUT", path, {"state": "INACTIVE"}).json["state"] == "INACTIVE"
    gcs.ask("DELETE", path, None, 204)
    assert "items" not in gcs.ask("GET", KEYS).json
    assert [one["state"] for one in gcs.ask("GET", f"{KEYS}?showDeletedKeys=true").json["items"]] == ["DELETED"]
    gcs.ask("PUT", path, {"state": "ACTIVE"}, 400)
    gcs.call.later(days=31)
    gcs.ask("GET", path, None, 404)


def test_an_hmac_key_needs_an_account_and_a_permission(gcs: Storage) -> None:
    assert gcs.ask("POST", KEYS, None, 400).message == "Required parameter: serviceAccountEmail"
    missing = gcs.ask("POST", f"{KEYS}?serviceAccountEmail={ACCOUNT}", None, 404)
    assert missing.message == f"Service Account '{ACCOUNT}' not found."
    stranger = gcs.as_("user:stranger@example.com").ask("GET", KEYS, None, 403)
    assert "storage.hmacKeys.list" in stranger.message


def test_a_project_makes_no_hmac_key_of_another_projects_account(gcs: Storage) -> None:
    account(gcs)
    gcs.ask("POST", "/cloudresourcemanager/v3/projects", {"projectId": "other-project"})
    refused = gcs.ask("POST", f"/storage/v1/projects/other-project/hmacKeys?serviceAccountEmail={ACCOUNT}", None, 404)
    assert refused.message == f"Service Account '{ACCOUNT}' not found."


def test_hmac_keys_are_listed_by_account_and_page(gcs: Storage) -> None:
    account(gcs)
    access_ids = sorted(new_key(gcs)["metadata"]["accessId"] for _ in range(3))
    first = gcs.ask("GET", f"{KEYS}?maxResults=2").json
    rest = gcs.ask("GET", f"{KEYS}?maxResults=2&pageToken={first['nextPageToken']}").json
    assert [one["accessId"] for one in first["items"] + rest["items"]] == access_ids
    assert "items" not in gcs.ask("GET", f"{KEYS}?serviceAccountEmail=nobody@example.com").json
