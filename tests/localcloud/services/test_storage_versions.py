"""The life cycle of objects: versioning, soft delete, holds, retention, lifecycle rules, with the clock moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import UNIFORM, B, Storage, path, storage

NO_SOFT_DELETE = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    return storage(tmp_path)


def generations(gcs: Storage, query: str) -> list[str]:
    return [item["generation"] for item in gcs.list(query).get("items", [])]


def test_versioning_keeps_overwritten_and_deleted_objects(gcs: Storage) -> None:
    gcs.bucket(versioning={"enabled": True})
    first, second = gcs.upload("x", b"one"), gcs.upload("x", b"two")
    gcs.ask("DELETE", path("x"), None, 204)
    assert gcs.names() == []
    assert generations(gcs, "versions=true") == [first["generation"], second["generation"]]
    assert all("timeDeleted" in item for item in gcs.list("versions=true")["items"])
    assert gcs.ask("GET", f"{path('x')}?alt=media&generation={first['generation']}").body == b"one"
    gcs.ask("GET", path("x"), None, 404)


def test_a_noncurrent_version_can_be_restored_by_copying(gcs: Storage) -> None:
    gcs.bucket(versioning={"enabled": True})
    first = gcs.upload("x", b"one")
    gcs.upload("x", b"two")
    gcs.ask("POST", f"{path('x')}/rewriteTo/b/data-bucket/o/x?sourceGeneration={first['generation']}")
    assert gcs.media("x") == b"one"
    assert len(generations(gcs, "versions=true")) == 3


def test_deleting_a_named_generation_is_for_good(gcs: Storage) -> None:
    gcs.bucket(versioning={"enabled": True}, **NO_SOFT_DELETE)
    first, second = gcs.upload("x", b"one"), gcs.upload("x", b"two")
    for version in (first, second):
        gcs.ask("DELETE", f"{path('x')}?generation={version['generation']}", None, 204)
    assert generations(gcs, "versions=true") == []


def test_versions_page_within_one_name(gcs: Storage) -> None:
    gcs.bucket(versioning={"enabled": True})
    generations = [gcs.upload("x", b"%d" % number)["generation"] for number in range(5)]
    page = gcs.list("versions=true&maxResults=2")
    rest = gcs.list(f"versions=true&pageToken={page['nextPageToken']}")
    assert [item["generation"] for item in page["items"] + rest["items"]] == generations


def test_what_is_soft_deleted_can_be_listed_read_and_restored(gcs: Storage) -> None:
    gcs.bucket()
    created = gcs.upload("x", b"precious", content_type="text/plain")
    gcs.ask("PATCH", path("x"), {"metadata": {"a": "b"}})
    gcs.ask("DELETE", path("x"), None, 204)
    assert gcs.names("versions=true") == []
    deleted = gcs.list("softDeleted=true")["items"][0]
    assert deleted["hardDeleteTime"][:10] > deleted["softDeleteTime"][:10]
    url = f"{path('x')}?generation={created['generation']}"
    gcs.ask("GET", url, None, 404)
    assert gcs.ask("GET", f"{url}&softDeleted=true").json == deleted
    restored = gcs.ask("POST", f"{path('x')}/restore?generation={created['generation']}").json
    assert (restored["metadata"], restored["contentType"]) == ({"a": "b"}, "text/plain")
    assert int(restored["generation"]) > int(created["generation"])
    assert gcs.media("x") == b"precious"


def test_an_overwritten_object_is_soft_deleted_too(gcs: Storage) -> None:
    gcs.bucket()
    first = gcs.upload("x", b"one")
    gcs.upload("x", b"two")
    assert generations(gcs, "softDeleted=true") == [first["generation"]]


def test_soft_deleted_objects_expire(gcs: Storage) -> None:
    gcs.bucket()
    created = gcs.upload("x", b"x" * 100_000)
    gcs.ask("DELETE", path("x"), None, 204)
    gcs.call.later(days=6.9)
    assert gcs.names("softDeleted=true") == ["x"]
    gcs.call.later(days=0.2)
    assert gcs.names("softDeleted=true") == []
    gcs.ask("POST", f"{path('x')}/restore?generation={created['generation']}", None, 404)
    gcs.call.later(days=1)
    gcs.names()
    assert list((gcs.call.cloud.store.folder / "blobs").iterdir()) == []


def test_without_soft_delete_nothing_is_left(gcs: Storage) -> None:
    gcs.bucket(**NO_SOFT_DELETE)
    gcs.upload("x", b"x" * 100_000)
    gcs.upload("x", b"y" * 100_000)
    gcs.ask("DELETE", path("x"), None, 204)
    assert gcs.names("softDeleted=true") == []
    assert list((gcs.call.cloud.store.folder / "blobs").iterdir()) == []


@pytest.mark.parametrize(("field", "kind"), [("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")])
def test_a_held_object_can_be_neither_deleted_nor_overwritten(gcs: Storage, field: str, kind: str) -> None:
    gcs.bucket(versioning={"enabled": True})
    gcs.upload("x")
    gcs.ask("PATCH", path("x"), {field: True})
    expected = (
        f"Object 'data-bucket/x' is under active {kind} hold and cannot be deleted, overwritten or archived "
        "until hold is removed."
    )
    assert gcs.ask("DELETE", path("x"), None, 403).message == expected
    assert gcs.upload("x", b"new", status=403)["error"]["message"] == expected
    gcs.ask("PATCH", path("x"), {field: False})
    gcs.ask("DELETE", path("x"), None, 204)


def test_retention_runs_from_the_creation_and_is_shown(gcs: Storage) -> None:
    gcs.bucket(retentionPolicy={"retentionPeriod": "3600"})
    created = gcs.upload("x")
    assert created["retentionExpirationTime"] > created["timeCreated"]
    refused = gcs.ask("DELETE", path("x"), None, 403)
    assert refused.reason == "retentionPolicyNotMet"
    assert "cannot be deleted or overwritten until" in refused.message
    gcs.upload("x", b"new", status=403)
    gcs.call.later(seconds=3601)
    gcs.ask("DELETE", path("x"), None, 204)


def test_retention_begins_when_an_event_based_hold_is_released(gcs: Storage) -> None:
    gcs.bucket(retentionPolicy={"retentionPeriod": "3600"}, defaultEventBasedHold=True)
    created = gcs.upload("x")
    assert created["eventBasedHold"] is True
    assert "retentionExpirationTime" not in created
    gcs.call.later(days=1)
    gcs.ask("PATCH", path("x"), {"eventBasedHold": False})
    gcs.ask("DELETE", path("x"), None, 403)
    gcs.call.later(seconds=3601)
    gcs.ask("DELETE", path("x"), None, 204)


def retained_bucket(gcs: Storage) -> None:
    gcs.ask("POST", f"{B}?project={PROJECT}&enableObjectRetention=true", {"name": "data-bucket", **UNIFORM})


def retention(mode: str, day: int) -> dict[str, Any]:
    return {"retention": {"mode": mode, "retainUntilTime": f"2999-01-{day:02}T00:00:00Z"}}


def test_a_retained_object_keeps_to_its_mode(gcs: Storage) -> None:
    retained_bucket(gcs)
    gcs.upload("x")
    gcs.ask("PATCH", path("x"), retention("Unlocked", 10))
    assert gcs.ask("DELETE", path("x"), None, 403).reason == "retentionPolicyNotMet"
    gcs.ask("PATCH", path("x"), retention("Unlocked", 9), 403)
    gcs.ask("PATCH", f"{path('x')}?overrideUnlockedRetention=true", retention("Unlocked", 9))
    gcs.ask("PATCH", path("x"), retention("Locked", 9))
    gcs.ask("PATCH", f"{path('x')}?overrideUnlockedRetention=true", retention("Locked", 8), 403)
    gcs.ask("PATCH", f"{path('x')}?overrideUnlockedRetention=true", {"retention": None}, 403)
    assert gcs.ask("PATCH", path("x"), retention("Locked", 11)).json["retentionExpirationTime"].startswith("2999-01-11")


def test_object_retention_must_be_enabled_at_creation(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x")
    assert "enableObjectRetention" in gcs.ask("PATCH", path("x"), retention("Unlocked", 1), 400).message


def rule(action: dict[str, str], **condition: Any) -> dict[str, Any]:
    return {"action": action, "condition": condition}


DELETE = {"type": "Delete"}


def test_rules_delete_what_is_old_enough_and_nothing_else(gcs: Storage) -> None:
    gcs.bucket(lifecycle={"rule": [rule(DELETE, age=30, matchesPrefix=["tmp/"])]})
    gcs.upload("tmp/x")
    gcs.upload("keep/x")
    gcs.call.later(days=29)
    assert gcs.names() == ["keep/x", "tmp/x"]
    gcs.call.later(days=2)
    assert gcs.names() == ["keep/x"]


def test_rules_for_noncurrent_versions_leave_live_ones_alone(gcs: Storage) -> None:
    rules = [rule(DELETE, isLive=False, daysSinceNoncurrentTime=7, numNewerVersions=1)]
    gcs.bucket(versioning={"enabled": True}, lifecycle={"rule": rules}, **NO_SOFT_DELETE)
    gcs.upload("dvc/files/ab", b"data that is never overwritten")
    gcs.upload("x", b"old")
    gcs.upload("x", b"new")
    gcs.call.later(days=400)
    assert gcs.names("versions=true") == ["dvc/files/ab", "x"]
    assert gcs.media("x") == b"new"


def test_the_coldest_class_that_applies_wins_and_deletion_over_all(gcs: Storage) -> None:
    colder = [
        rule({"type": "SetStorageClass", "storageClass": name}, age=days, matchesStorageClass=["STANDARD", "NEARLINE"])
        for name, days in (("NEARLINE", 10), ("COLDLINE", 20))
    ]
    gcs.bucket(lifecycle={"rule": [*colder, rule(DELETE, age=40)]})
    gcs.upload("x")
    classes = []
    for _ in range(4):
        gcs.call.later(days=11)
        found = gcs.list().get("items", [])
        classes.append([item["storageClass"] for item in found])
    assert classes == [["NEARLINE"], ["COLDLINE"], ["COLDLINE"], []]


def test_rules_do_not_touch_what_is_held(gcs: Storage) -> None:
    gcs.bucket(lifecycle={"rule": [rule(DELETE, age=1)]})
    gcs.upload("x")
    gcs.upload("y")
    gcs.ask("PATCH", path("x"), {"temporaryHold": True})
    gcs.call.later(days=3)
    assert gcs.names() == ["x"]


@pytest.mark.parametrize(
    ("condition", "deleted"),
    [
        ({"createdBefore": "2999-01-01"}, True),
        ({"createdBefore": "1999-01-01"}, False),
        ({"matchesSuffix": [".tmp"]}, True),
        ({"matchesSuffix": [".txt"]}, False),
        ({"matchesPattern": "a.*"}, True),
        ({"sizeAboveBytes": "4"}, True),
        ({"sizeBelowBytes": "5"}, False),
        ({"customTimeBefore": "2999-01-01"}, False),
        ({"daysSinceCustomTime": 0}, False),
        ({"isLive": True}, True),
    ],
)
def test_conditions_of_rules(gcs: Storage, condition: dict[str, Any], deleted: bool) -> None:
    gcs.bucket(lifecycle={"rule": [rule(DELETE, **condition)]})
    gcs.upload("a.tmp")
    gcs.call.later(days=2)
    assert (gcs.names() == []) is deleted
