"""Buckets and objects where they differ from other types: nulls that remove nothing, values that the API drops, content and its type."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider.sniffing import media_type

from tests.localcloud.provider.conftest import World
from tests.localcloud.provider.core import Core, Refusal

BUCKET = "google_storage_bucket"
OBJECT = "google_storage_bucket_object"
BINDING = "google_storage_bucket_iam_binding"
SECRET = "google_secret_manager_secret"
AUTO = [{"auto": [{}]}]
PUBLIC = [{"allowed_ip_cidr_ranges": ["0.0.0.0/0"]}]
VPC = [{"network": "projects/p/global/networks/n", "allowed_ip_cidr_ranges": ["10.0.0.0/8"]}]
NAMED = {"name": "example-bucket", "location": "EU"}


def bucket(world: World, **values: Any) -> dict[str, Any]:
    return world.core.created(BUCKET, **NAMED, **values)


def at_hand(world: World) -> dict[str, Any]:
    return world.ask("GET", "storage", "v1/b/example-bucket")


def test_autoclass_that_was_never_on_is_not_sent(world: World) -> None:
    state = bucket(world, autoclass=[{"enabled": False, "terminal_storage_class": "ARCHIVE"}])
    assert state["autoclass"] == []
    assert "autoclass" not in at_hand(world)


def test_removed_autoclass_is_switched_off(world: World) -> None:
    state = bucket(world, autoclass=[{"enabled": True}])
    world.core.changed(BUCKET, state, **NAMED)
    assert at_hand(world)["autoclass"]["enabled"] is False


def test_a_filter_stays_until_it_is_switched_off(world: World) -> None:
    state = bucket(world, ip_filter=[{"mode": "Enabled", "public_network_source": PUBLIC}])
    state = world.core.changed(BUCKET, state, **NAMED)
    assert at_hand(world)["ipFilter"]["mode"] == "Enabled"
    found = world.core.read(BUCKET, state)
    assert world.core.plan(BUCKET, found, **NAMED).values != found


def test_fields_left_out_of_a_changed_filter_are_removed(world: World) -> None:
    full = {"mode": "Enabled", "allow_cross_org_vpcs": True, "vpc_network_sources": VPC}
    state = bucket(world, ip_filter=[full | {"public_network_source": PUBLIC}])
    less = {"mode": "Enabled", "vpc_network_sources": VPC}
    state = world.core.changed(BUCKET, state, **NAMED, ip_filter=[less])
    assert at_hand(world)["ipFilter"]["allowCrossOrgVpcs"] is False
    found = world.core.read(BUCKET, state)
    assert found is not None
    assert found["ip_filter"][0]["public_network_source"] == []
    assert world.core.plan(BUCKET, found, **NAMED, ip_filter=[less]).values == found


def test_the_sources_of_a_filter_that_is_off_may_change(world: World) -> None:
    state = bucket(world, ip_filter=[{"mode": "Disabled", "public_network_source": PUBLIC}])
    for config in ({"ip_filter": [{"mode": "Disabled"}]}, {}):
        planned = world.core.plan(BUCKET, state, **NAMED, **config)
        assert planned.values is not None
        assert planned.values["ip_filter"][0]["mode"] == "Disabled"
        assert planned.values["ip_filter"][0]["public_network_source"] == []


def test_an_empty_cors_rule_is_kept_though_the_api_drops_it(world: World) -> None:
    rules = [{}, {"method": ["GET"]}]
    state = bucket(world, cors=rules)
    found = world.core.read(BUCKET, state)
    assert found is not None
    assert [rule["method"] for rule in found["cors"]] == [[], ["GET"]]
    assert world.core.plan(BUCKET, found, **NAMED, cors=rules).values == found


def test_a_removed_unread_value_is_zero_in_the_state(world: World) -> None:
    state = world.core.created(SECRET, secret_id="s", replication=AUTO, ttl="3600s")
    assert world.core.changed(SECRET, state, secret_id="s", replication=AUTO)["ttl"] == ""


def test_among_members_that_differ_only_in_case_the_old_one_stays(offline: Core) -> None:
    arguments = {"bucket": "b", "role": "roles/viewer"}
    prior = {"id": "b/b/roles/viewer", "etag": "x", "condition": [], "timeouts": None} | arguments
    before = prior | {"members": ["user:alice@example.com"]}
    planned = offline.plan(BINDING, before, **arguments, members=["user:Alice@example.com", "user:bob@example.com"])
    assert planned.values is not None
    assert sorted(planned.values["members"]) == ["user:alice@example.com", "user:bob@example.com"]


def test_a_new_binding_of_nobody_has_null_members(offline: Core) -> None:
    planned = offline.plan(BINDING, bucket="b", role="roles/viewer", members=[])
    assert planned.values is not None
    assert planned.values["members"] is None


def test_an_object_that_became_empty_has_unknown_hashes_and_one_that_is_empty_is_refused(world: World) -> None:
    bucket(world)
    named = {"bucket": "example-bucket", "name": "o"}
    state = world.core.created(OBJECT, **named, content="hello")
    planned = world.core.plan(OBJECT, state, **named, content="")
    assert planned.values is not None
    assert planned.values["md5hash"] != state["md5hash"]
    with pytest.raises(Refusal, match="neither content nor source") as error:
        world.core.created(OBJECT, **(named | {"name": "empty"}), content="")
    assert error.value.attributes == ["content"]


def test_no_object_can_be_imported(world: World) -> None:
    bucket(world)
    world.core.created(OBJECT, bucket="example-bucket", name="o", content="hello")
    with pytest.raises(Refusal, match="cannot be imported"):
        world.core.imported(OBJECT, "example-bucket/o")


@pytest.mark.parametrize("name", ["example-bucket", "provider-project/example-bucket"])
def test_a_bucket_is_imported_by_its_name_alone_or_with_its_project(world: World, name: str) -> None:
    bucket(world)
    found = world.core.imported(BUCKET, name)
    assert found is not None
    assert found["name"] == "example-bucket"


def test_an_object_can_have_no_content_type(world: World) -> None:
    bucket(world)
    state = world.core.created(
        OBJECT, bucket="example-bucket", name="o.json", content="{}", force_empty_content_type=True
    )
    assert state["content_type"] == ""
    assert "contentType" not in world.ask("GET", "storage", "v1/b/example-bucket/o/o.json")


def test_context_keys_are_unique(offline: Core) -> None:
    twice = [{"custom": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}]
    with pytest.raises(Refusal, match="'a' appears twice") as error:
        offline.plan(OBJECT, bucket="b", name="o", content="x", contexts=twice)
    assert error.value.attributes == ["contexts"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "text/plain; charset=utf-8"),
        (b'{"json": true}', "text/plain; charset=utf-8"),
        (b"  <html>", "text/html; charset=utf-8"),
        (b"<a", "text/plain; charset=utf-8"),
        (b'<?xml version="1.0"?>', "text/xml; charset=utf-8"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/x-gzip"),
        (b"a\x01", "application/octet-stream"),
        (b"a" * 512 + b"\x00", "text/plain; charset=utf-8"),
    ],
)
def test_the_first_bytes_tell_the_type(content: bytes, kind: str) -> None:
    assert media_type(content) == kind


def test_deleting_an_empty_bucket_does_not_need_permission_to_list_it(world: World) -> None:
    state = world.core.created("google_storage_bucket", name="closed-to-its-owner", location="EU")
    world.fault(method="storage.objects.list", kind="error", code=403, count=1)
    world.core.destroyed("google_storage_bucket", state)


def test_the_hashes_of_an_object_are_read_with_its_own_key(world: World) -> None:
    bucket(world)
    key = [{"encryption_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]
    created = world.core.created(OBJECT, bucket="example-bucket", name="own", content="hello", customer_encryption=key)
    assert created["md5hash"] == "XUFAKrxLKna5cZ2REBfFkg=="
    again = world.core.read(OBJECT, created)
    assert again is not None
    assert again["md5hash"] == created["md5hash"]
