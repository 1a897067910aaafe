"""Buckets: what the server adds, what a change means, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.storage import rows

from tests.localcloud.services.requests_inside import NUMBER, PROJECT
from tests.localcloud.services.storage_inside import UNIFORM, B, Storage, path, storage


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    return storage(tmp_path)


def test_a_new_bucket_has_everything_that_google_adds(gcs: Storage) -> None:
    created = gcs.ask("POST", f"{B}?project={PROJECT}", {"name": "plain-bucket"}).json
    assert created["kind"] == "storage#bucket"
    assert created["id"] == created["name"] == "plain-bucket"
    assert created["selfLink"].endswith("/storage/v1/b/plain-bucket")
    assert created["projectNumber"] == NUMBER
    assert (created["location"], created["locationType"], created["rpo"]) == ("US", "multi-region", "DEFAULT")
    assert created["storageClass"] == "STANDARD"
    assert (created["metageneration"], created["etag"]) == ("1", "CAE=")
    assert created["softDeletePolicy"] == {
        "retentionDurationSeconds": "604800",
        "effectiveTime": created["timeCreated"],
    }
    assert created["iamConfiguration"] == {
        "bucketPolicyOnly": {"enabled": False},
        "uniformBucketLevelAccess": {"enabled": False},
        "publicAccessPrevention": "inherited",
    }
    assert gcs.ask("GET", f"{B}/plain-bucket").json == created


def test_a_region_is_upper_case_and_has_no_rpo(gcs: Storage) -> None:
    created = gcs.bucket(location="europe-west1", storageClass="nearline")
    assert (created["location"], created["locationType"], created["storageClass"]) == (
        "EUROPE-WEST1",
        "region",
        "NEARLINE",
    )
    assert "rpo" not in created


def test_uniform_access_is_reported_twice_and_locks_after_90_days(gcs: Storage) -> None:
    access = gcs.bucket()["iamConfiguration"]
    assert access["uniformBucketLevelAccess"] == access["bucketPolicyOnly"]
    off = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
    gcs.call.later(days=89)
    assert gcs.ask("PATCH", f"{B}/data-bucket", off).json["iamConfiguration"]["bucketPolicyOnly"] == {"enabled": False}
    gcs.ask("PATCH", f"{B}/data-bucket", UNIFORM)
    gcs.call.later(days=91)
    assert "is locked since" in gcs.ask("PATCH", f"{B}/data-bucket", off, 400).message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "A"}, "Invalid bucket name: 'A'"),
        ({}, "Invalid bucket name: ''"),
        ({"name": "good-name", "location": "mars"}, "The specified location constraint is not valid."),
        ({"name": "good-name", "storageClass": "ICE"}, "Invalid argument. 'ICE' is not a storage class."),
        (
            {"name": "good-name", "softDeletePolicy": {"retentionDurationSeconds": "60"}},
            "Soft delete policy retention duration must be 0 or between 604800 and 7776000 seconds, but is 60.",
        ),
    ],
)
def test_an_invalid_bucket_is_refused(gcs: Storage, body: dict[str, Any], message: str) -> None:
    assert gcs.ask("POST", f"{B}?project={PROJECT}", body, 400).message == message


def test_a_wrong_type_is_refused_and_an_unknown_field_ignored_as_google_does(gcs: Storage) -> None:
    wrong = {"name": "good-name", "versioning": {"enabled": "perhaps"}}
    assert "versioning.enabled" in gcs.ask("POST", f"{B}?project={PROJECT}", wrong, 400).message
    assert "colour" not in gcs.bucket(colour="red")


def test_a_project_is_required_and_must_be_one_where_the_caller_may_create(gcs: Storage) -> None:
    missing = gcs.ask("POST", B, {"name": "good-name"}, 400)
    assert (missing.message, missing.reason) == ("Required parameter: project", "required")
    unknown = gcs.ask("POST", f"{B}?project=no-such-project", {"name": "good-name"}, 403)
    assert "does not have storage.buckets.create access to the Google Cloud project" in unknown.message


def test_a_taken_name_says_whether_it_is_the_callers(gcs: Storage) -> None:
    gcs.bucket()
    assert "you already own it" in gcs.ask("POST", f"{B}?project={PROJECT}", {"name": "data-bucket"}, 409).message
    store, iam = gcs.call.cloud.store, gcs.call.cloud.iam
    store.put("cloudresourcemanager", "projects/other", {"projectId": "other", "projectNumber": "7", "state": "ACTIVE"})
    owner = {"bindings": [{"role": "roles/owner", "members": ["user:owner@example.com"]}]}
    iam.write("cloudresourcemanager", "projects/other", owner)
    taken = gcs.ask("POST", f"{B}?project=other", {"name": "data-bucket"}, 409)
    assert (taken.reason, "bucket namespace is shared" in taken.message) == ("conflict", True)


def test_a_patch_merges_and_null_removes(gcs: Storage) -> None:
    gcs.bucket(labels={"a": "1", "b": "2"}, versioning={"enabled": True}, cors=[{"maxAgeSeconds": 60}])
    changed = gcs.ask("PATCH", f"{B}/data-bucket", {"labels": {"a": None, "c": "3"}, "cors": None}).json
    assert changed["labels"] == {"b": "2", "c": "3"}
    assert changed["versioning"] == {"enabled": True}
    assert "cors" not in changed
    assert (changed["metageneration"], changed["etag"]) == ("2", "CAI=")


def test_an_update_replaces_everything_but_server_fields(gcs: Storage) -> None:
    before = gcs.bucket(labels={"a": "1"}, versioning={"enabled": True}, location="EU")
    after = gcs.ask("PUT", f"{B}/data-bucket", {"billing": {"requesterPays": True}}).json
    assert "labels" not in after
    assert "versioning" not in after
    assert after["billing"] == {"requesterPays": True}
    assert (after["location"], after["timeCreated"]) == ("EU", before["timeCreated"])


def test_name_and_location_cannot_change_but_may_be_repeated(gcs: Storage) -> None:
    gcs.bucket(location="EU")
    gcs.ask("PATCH", f"{B}/data-bucket", {"name": "data-bucket", "location": "eu"})
    assert "cannot be changed" in gcs.ask("PATCH", f"{B}/data-bucket", {"location": "US"}, 400).message
    assert "cannot be changed" in gcs.ask("PATCH", f"{B}/data-bucket", {"name": "other-name"}, 400).message


def test_rules_come_back_as_they_were_sent_and_go_when_emptied(gcs: Storage) -> None:
    rules = [
        {"action": {"type": "Delete"}, "condition": {"numNewerVersions": 3, "isLive": False}},
        {"action": {"type": "SetStorageClass", "storageClass": "COLDLINE"}, "condition": {"age": 0}},
    ]
    assert gcs.bucket(lifecycle={"rule": rules})["lifecycle"]["rule"] == rules
    assert "lifecycle" not in gcs.ask("PATCH", f"{B}/data-bucket", {"lifecycle": {"rule": []}}).json


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "needs an action"),
        ({"condition": {"age": 1}}, "needs an action"),
        ({"action": {"type": "Delete"}}, "needs a condition"),
        ({"action": {"type": "Delete"}, "condition": None}, "needs a condition"),
        ({"action": {"type": "Archive"}, "condition": {"age": 1}}, "it has Archive"),
        ({"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}, "needs a storage class"),
        ({"action": {"type": "SetStorageClass", "storageClass": "COLD"}, "condition": {"age": 1}}, "it has COLD"),
        ({"action": {"type": "Delete", "storageClass": "COLDLINE"}, "condition": {"age": 1}}, "takes no storage class"),
        ({"action": {"type": "Delete"}, "condition": {"age": -1}}, "age, which cannot be -1"),
        ({"action": {"type": "Delete"}, "condition": {"createdBefore": "2020-13-01"}}, "createdBefore"),
        ({"action": {"type": "Delete"}, "condition": {"matchesPattern": "("}}, "matchesPattern"),
        ({"action": {"type": "Delete"}, "condition": {"matchesStorageClass": ["COLD"]}}, "matchesStorageClass"),
        (
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1, "isLive": True}},
            "matchesSuffix only; it has isLive",
        ),
    ],
)
def test_a_lifecycle_rule_that_could_not_be_carried_out_is_refused(gcs: Storage, rule: Any, message: str) -> None:
    gcs.bucket()
    assert message in gcs.ask("PATCH", f"{B}/data-bucket", {"lifecycle": {"rule": [rule]}}, 400).message


def test_a_rule_for_millennia_is_accepted_and_does_nothing(gcs: Storage) -> None:
    never = {"age": 2**31 - 1, "createdBefore": None}
    rules = [{"action": {"type": kind}, "condition": never} for kind in ("Delete", "AbortIncompleteMultipartUpload")]
    rules[1]["condition"] = {"age": 2**31 - 1}
    gcs.bucket(lifecycle={"rule": rules})
    gcs.upload("x")
    gcs.call.later(days=400)
    assert gcs.names() == ["x"]


def test_labels_that_google_would_not_take_are_refused(gcs: Storage) -> None:
    gcs.bucket(labels={"a": "", "team_1-x": "0"})
    assert "The label A=x is not valid" in gcs.ask("PATCH", f"{B}/data-bucket", {"labels": {"A": "x"}}, 400).message


def test_a_bucket_has_at_most_a_hundred_rules(gcs: Storage) -> None:
    rules = [{"action": {"type": "Delete"}, "condition": {"age": 1}}] * 101
    gcs.bucket()
    assert "100 lifecycle rules" in gcs.ask("PATCH", f"{B}/data-bucket", {"lifecycle": {"rule": rules}}, 400).message


def test_times_that_the_server_decides_move_only_with_what_they_time(gcs: Storage) -> None:
    first = gcs.bucket(autoclass={"enabled": True}, retentionPolicy={"retentionPeriod": "60"})
    assert first["autoclass"]["terminalStorageClass"] == "NEARLINE"
    assert first["autoclass"]["toggleTime"] == first["timeCreated"]
    gcs.call.later(seconds=10)
    same = gcs.ask("PATCH", f"{B}/data-bucket", {"labels": {"x": "y"}}).json
    for field in ("autoclass", "retentionPolicy", "softDeletePolicy"):
        assert same[field] == first[field]
    changed = gcs.ask("PATCH", f"{B}/data-bucket", {"softDeletePolicy": {"retentionDurationSeconds": 0}}).json
    assert changed["softDeletePolicy"] == {"retentionDurationSeconds": "0", "effectiveTime": changed["updated"]}


def test_conditions_on_the_metageneration_guard_changes_and_reads(gcs: Storage) -> None:
    gcs.bucket()
    gcs.ask("PATCH", f"{B}/data-bucket?ifMetagenerationMatch=2", {}, 412)
    gcs.ask("GET", f"{B}/data-bucket?ifMetagenerationNotMatch=1", None, 304)
    gcs.ask("DELETE", f"{B}/data-bucket?ifMetagenerationMatch=1", None, 204)


def test_a_locked_retention_policy_can_only_grow(gcs: Storage) -> None:
    gcs.bucket(retentionPolicy={"retentionPeriod": "60"})
    locked = gcs.ask("POST", f"{B}/data-bucket/lockRetentionPolicy?ifMetagenerationMatch=1").json
    assert locked["retentionPolicy"]["isLocked"] is True
    shorter = {"retentionPolicy": {"retentionPeriod": "59"}}
    refused = gcs.ask("PATCH", f"{B}/data-bucket", shorter, 403)
    assert refused.message == "Cannot reduce retention duration of a locked Retention Policy for bucket 'data-bucket'."
    gcs.ask("PATCH", f"{B}/data-bucket", {"retentionPolicy": None}, 403)
    grown = gcs.ask("PATCH", f"{B}/data-bucket", {"retentionPolicy": {"retentionPeriod": "61"}}).json
    assert grown["retentionPolicy"]["isLocked"] is True


def test_buckets_are_listed_by_project_prefix_and_page(gcs: Storage) -> None:
    for name in ("bb-1", "aa-1", "aa-2", "aa_3"):
        gcs.bucket(name)
    first = gcs.ask("GET", f"{B}?project={PROJECT}&prefix=aa&maxResults=2").json
    assert [item["name"] for item in first["items"]] == ["aa-1", "aa-2"]
    rest = gcs.ask("GET", f"{B}?project={NUMBER}&prefix=aa&pageToken={first['nextPageToken']}").json
    assert [item["name"] for item in rest["items"]] == ["aa_3"]
    assert "nextPageToken" not in rest


def test_a_bucket_with_objects_cannot_be_deleted_and_one_with_only_soft_deleted_ones_can(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x")
    assert gcs.ask("DELETE", f"{B}/data-bucket", None, 409).message == "The bucket you tried to delete is not empty."
    gcs.ask("DELETE", path("x"), None, 204)
    gcs.ask("DELETE", f"{B}/data-bucket", None, 204)
    assert gcs.ask("GET", f"{B}/data-bucket", None, 404).message == "The specified bucket does not exist."
    gcs.bucket()
    assert gcs.names("softDeleted=true") == []


def test_a_deleted_bucket_loses_its_policy(gcs: Storage) -> None:
    gcs.bucket()
    policy = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    gcs.ask("GET", f"{B}/data-bucket/iam", None, 403)
    gcs.ask("DELETE", f"{B}/data-bucket", None, 204)
    gcs.bucket()
    roles = {binding["role"] for binding in gcs.ask("GET", f"{B}/data-bucket/iam").json["bindings"]}
    assert "roles/storage.objectViewer" not in roles


def test_the_layout_and_the_lists_of_what_never_is(gcs: Storage) -> None:
    gcs.bucket(location="EU")
    layout = gcs.ask("GET", f"{B}/data-bucket/storageLayout").json
    assert layout == {
        "kind": "storage#storageLayout",
        "bucket": "data-bucket",
        "location": "EU",
        "locationType": "multi-region",
    }
    for kind in ("anywhereCaches", "managedFolders"):
        assert gcs.ask("GET", f"{B}/data-bucket/{kind}").json == {"kind": f"storage#{kind}"}


def test_the_projects_service_agent_carries_its_number(gcs: Storage) -> None:
    agent = gcs.ask("GET", f"/storage/v1/projects/{PROJECT}/serviceAccount").json
    assert agent["email_address"] == f"service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"


def test_a_method_that_is_not_emulated_names_where_to_add_it(gcs: Storage) -> None:
    gcs.bucket()
    message = gcs.ask("POST", f"{B}/data-bucket/relocate", {}, 501).message
    assert "storage.buckets.relocate" in message
    assert "tools/localcloud/services/storage/" in message


def test_a_rolled_back_bucket_is_as_before(gcs: Storage) -> None:
    gcs.bucket()
    store = gcs.call.cloud.store
    made = rows.bucket(store, "data-bucket")
    store.begin()
    rows.add_bucket(store, made.project, made.facts | {"name": "second"})
    rows.change_bucket(store, made, made.facts | {"labels": {"a": "b"}})
    assert rows.bucket(store, "data-bucket").facts["labels"] == {"a": "b"}
    assert rows.find_bucket(store, "second") is not None
    store.rollback()
    assert rows.bucket(store, "data-bucket") == made
    assert rows.find_bucket(store, "second") is None
