"""Soft-deleted buckets: listed, shown, restored, and purged after their retention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import B, Storage, path, storage

BUCKET = f"{B}/data-bucket"
READER = "user:reader@example.com"


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    return storage(tmp_path)


def deleted(gcs: Storage, **body: Any) -> str:
    """The generation of a bucket that was created and deleted."""
    generation = gcs.bucket(**body)["generation"]
    gcs.ask("DELETE", BUCKET, None, 204)
    return str(generation)


def deleted_buckets(gcs: Storage) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = gcs.ask("GET", f"{B}?project={PROJECT}&softDeleted=true").json.get("items", [])
    return result


def test_a_deleted_bucket_is_shown_to_those_who_ask_for_deleted_ones(gcs: Storage) -> None:
    generation = deleted(gcs, labels={"a": "b"})
    assert gcs.ask("GET", BUCKET, None, 404)
    [bucket] = deleted_buckets(gcs)
    assert bucket == gcs.ask("GET", f"{BUCKET}?softDeleted=true&generation={generation}").json
    assert (bucket["name"], bucket["generation"], bucket["labels"]) == ("data-bucket", generation, {"a": "b"})
    assert bucket["softDeleteTime"] < bucket["hardDeleteTime"]
    missing = gcs.ask("GET", f"{BUCKET}?softDeleted=true", None, 400)
    assert missing.message == "Required parameter: generation"


def test_a_restored_bucket_is_as_it_was_policy_and_objects_included(gcs: Storage) -> None:
    gcs.bucket(labels={"a": "b"})
    gcs.ask("PUT", f"{BUCKET}/iam", {"bindings": [{"role": "roles/storage.objectAdmin", "members": [READER]}]})
    reader = gcs.as_(READER)
    version = reader.upload("x")["generation"]
    reader.ask("DELETE", path("x"), None, 204)
    owner = {"role": "roles/storage.admin", "members": ["user:owner@example.com"]}
    gcs.call.grant(owner["role"], owner["members"][0])
    generation = gcs.ask("GET", BUCKET).json["generation"]
    gcs.ask("DELETE", BUCKET, None, 204)
    restored = gcs.ask("POST", f"{BUCKET}/restore?generation={generation}").json
    assert (restored["generation"], restored["labels"]) == (generation, {"a": "b"})
    assert "softDeleteTime" not in restored
    assert deleted_buckets(gcs) == []
    reader.ask("POST", f"{path('x')}/restore?generation={version}")
    assert reader.media("x") == b"hello"


def test_a_bucket_of_the_same_name_prevents_a_restore(gcs: Storage) -> None:
    first = deleted(gcs)
    gcs.call.later(seconds=1)
    second = deleted(gcs)
    assert [one["generation"] for one in deleted_buckets(gcs)] == [first, second]
    gcs.ask("POST", f"{BUCKET}/restore?generation={second}")
    gcs.ask("POST", f"{BUCKET}/restore?generation={first}", None, 409)


def test_a_deleted_bucket_is_purged_after_its_retention(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x", b"x" * 100_000)
    gcs.ask("DELETE", path("x"), None, 204)
    generation = gcs.ask("GET", BUCKET).json["generation"]
    gcs.ask("DELETE", BUCKET, None, 204)
    gcs.call.later(days=8)
    gcs.ask("POST", f"{BUCKET}/restore?generation={generation}", None, 404)
    assert deleted_buckets(gcs) == []
    assert gcs.call.cloud.store.row("SELECT count(*) FROM storage_objects")[0] == 0


def test_without_a_soft_delete_policy_a_bucket_goes_at_once(gcs: Storage) -> None:
    generation = deleted(gcs, softDeletePolicy={"retentionDurationSeconds": 0})
    assert deleted_buckets(gcs) == []
    gcs.ask("POST", f"{BUCKET}/restore?generation={generation}", None, 404)


def test_a_stranger_can_neither_see_nor_restore_it(gcs: Storage) -> None:
    generation = deleted(gcs)
    stranger = gcs.as_("user:stranger@example.com")
    stranger.ask("GET", f"{BUCKET}?softDeleted=true&generation={generation}", None, 403)
    refused = stranger.ask("POST", f"{BUCKET}/restore?generation={generation}", None, 403)
    assert "storage.buckets.restore" in refused.message
