"""Secret Manager: what secrets refuse, the life cycle of versions, and that destroyed payloads are gone."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"
REGIONAL = f"/secretmanager/v1/projects/{PROJECT}/locations/europe-west1/secrets"
SHOWN = f"projects/{NUMBER}/secrets"
AUTOMATIC: dict[str, Any] = {"replication": {"automatic": {}}}
TOPIC = {"name": f"projects/{PROJECT}/topics/rotate"}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "secretmanager")


def payload(text: str, **more: str) -> dict[str, Any]:
    return {"payload": {"data": base64.b64encode(text.encode()).decode(), **more}}


def with_version(call: Sender, name: str = "key", value: str = "s3cret") -> str:
    call("POST", f"{SECRETS}?secretId={name}", AUTOMATIC)
    call("POST", f"{SECRETS}/{name}:addVersion", payload(value))
    return f"{SECRETS}/{name}"


def test_a_secret_has_the_project_number_and_is_read_by_id_or_number(call: Sender) -> None:
    created = call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"labels": {"team": "cats"}})
    assert created["name"] == f"{SHOWN}/key"
    assert created["replication"] == {"automatic": {}}
    assert created["labels"] == {"team": "cats"}
    assert created["etag"].startswith('"')
    assert call("GET", f"/secretmanager/v1/{SHOWN}/key") == created


def test_a_taken_id_is_refused_in_googles_words(call: Sender) -> None:
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC)
    text = call.refused("POST", f"{SECRETS}?secretId=key", AUTOMATIC, status=409)
    assert text == f"Secret [{SHOWN}/key] already exists."


def test_a_missing_secret_is_named_with_the_project_number(call: Sender) -> None:
    assert call.refused("GET", f"{SECRETS}/none", status=404) == f"Secret [{SHOWN}/none] not found."
    text = call.refused("GET", f"{SECRETS}/none/versions/latest:access", status=404)
    assert text == f"Secret [{SHOWN}/none] not found or has no versions."
    assert (
        call.refused("POST", f"{SECRETS}/none:addVersion", payload("x"), status=404)
        == f"Secret [{SHOWN}/none] not found."
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "exactly one of automatic and user_managed; this one has neither"),
        ({"replication": {}}, "this one has neither"),
        (
            {"replication": {"automatic": {}, "userManaged": {"replicas": [{"location": "us-east1"}]}}},
            "automatic and userManaged",
        ),
        ({"replication": {"userManaged": {}}}, "at least one location"),
        (
            {"replication": {"userManaged": {"replicas": [{"location": "a"}, {"location": "a"}]}}},
            "names a location twice",
        ),
        (AUTOMATIC | {"labels": {"Upper": "x"}}, "The label Upper=x is not valid"),
        (AUTOMATIC | {"annotations": {"-x": "y"}}, "The annotation key [-x] is not valid"),
        (AUTOMATIC | {"annotations": {"x": "y" * 17_000}}, "may take 16 KiB together"),
        (AUTOMATIC | {"topics": [{"name": "rotate"}]}, "does not match projects/*/topics/*"),
        (AUTOMATIC | {"topics": [TOPIC] * 11}, "may have 10 topics; this one has 11"),
        (AUTOMATIC | {"rotation": {"nextRotationTime": "2030-01-01T00:00:00Z"}}, "secret.topics must be set"),
        (AUTOMATIC | {"topics": [TOPIC], "rotation": {"rotationPeriod": "7200s"}}, "next_rotation_time must be set"),
        (
            AUTOMATIC
            | {"topics": [TOPIC], "rotation": {"rotationPeriod": "60s", "nextRotationTime": "2030-01-01T00:00:00Z"}},
            "must be between 3600s",
        ),
        (
            AUTOMATIC | {"topics": [TOPIC], "rotation": {"nextRotationTime": "2020-01-01T00:00:00Z"}},
            "at least 300s in the future",
        ),
        (AUTOMATIC | {"ttl": "30s"}, "at least 60s"),
        (AUTOMATIC | {"expireTime": "2020-01-01T00:00:00Z"}, "at least 60s"),
        (AUTOMATIC | {"versionDestroyTtl": "60s"}, "between 24 hours and 1000 days"),
        (AUTOMATIC | {"versionAliases": {"prod": "1"}}, "has no versions yet"),
        (AUTOMATIC | {"colour": "red"}, 'Unknown name "colour"'),
    ],
)
def test_what_secret_manager_would_refuse_is_refused_at_creation(
    call: Sender, body: dict[str, Any], message: str
) -> None:
    assert message in call.refused("POST", f"{SECRETS}?secretId=key", body)
    assert call("GET", SECRETS) == {}


@pytest.mark.parametrize("identity", ["", "a.b", "x" * 256, "a%20b"])
def test_ids_hold_letters_digits_underscores_and_hyphens(call: Sender, identity: str) -> None:
    call.refused("POST", f"{SECRETS}?secretId={identity}", AUTOMATIC)


def test_versions_are_numbered_and_latest_is_the_newest_whatever_its_state(call: Sender) -> None:
    key = with_version(call, value="one")
    second = call("POST", f"{key}:addVersion", payload("two"))
    assert second["name"] == f"{SHOWN}/key/versions/2"
    assert second["state"] == "ENABLED"
    assert base64.b64decode(call("GET", f"{key}/versions/latest:access")["payload"]["data"]) == b"two"
    call("POST", f"{key}/versions/latest:disable", {})
    text = call.refused("GET", f"{key}/versions/latest:access")
    assert text == f"Secret Version [{SHOWN}/key/versions/2] is in DISABLED state."


def test_the_checksum_is_checked_on_the_way_in_and_sent_on_the_way_out(call: Sender) -> None:
    key = with_version(call, value="hello")
    assert "clientSpecifiedPayloadChecksum" not in call("GET", f"{key}/versions/1")
    created = call("POST", f"{key}:addVersion", payload("hello", dataCrc32c="2591144780"))
    assert created["clientSpecifiedPayloadChecksum"] is True
    assert "CRC32C is 2591144780" in call.refused("POST", f"{key}:addVersion", payload("hello", dataCrc32c="1"))
    assert call("GET", f"{key}/versions/2:access")["payload"]["dataCrc32c"] == "2591144780"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "cannot be empty"),
        (payload(""), "cannot be empty"),
        (payload("x" * 65_537), "at most 65536 bytes; this one has 65537"),
    ],
)
def test_payloads_hold_one_byte_to_64_kibibytes(call: Sender, body: dict[str, Any], message: str) -> None:
    key = with_version(call)
    assert message in call.refused("POST", f"{key}:addVersion", body)
    call("POST", f"{key}:addVersion", payload("x" * 65_536))


def test_a_destroyed_version_stays_destroyed(call: Sender) -> None:
    key = with_version(call)
    destroyed = call("POST", f"{key}/versions/1:destroy", {})
    assert destroyed["state"] == "DESTROYED"
    assert destroyed["destroyTime"]
    for verb in ("enable", "disable", "destroy"):
        text = call.refused("POST", f"{key}/versions/1:{verb}", {})
        assert text == f"Secret Version [{SHOWN}/key/versions/1] is in DESTROYED state."
    assert call("POST", f"{key}:addVersion", payload("new"))["name"].endswith("/versions/2")


def test_enabling_twice_changes_nothing_and_a_stale_etag_is_refused(call: Sender) -> None:
    key = with_version(call)
    before = call("GET", f"{key}/versions/1")
    assert call("POST", f"{key}/versions/1:enable", {}) == before
    call("POST", f"{key}/versions/1:disable", {"etag": before["etag"]})
    assert "does not match the current etag" in call.refused(
        "POST", f"{key}/versions/1:enable", {"etag": before["etag"]}, 409
    )


def test_no_payload_is_readable_in_any_file_and_a_destroyed_one_is_gone(call: Sender, tmp_path: Path) -> None:
    key = with_version(call, value="canary-4711")
    encoded = base64.b64encode(b"canary-4711")
    for file in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert b"canary-4711" not in file.read_bytes(), file
        assert encoded not in file.read_bytes(), file
    assert (tmp_path / "secrets.key").stat().st_mode & 0o777 == 0o600
    call("POST", f"{key}/versions/1:destroy", {})
    assert call.cloud.store.sql("SELECT sealed FROM secret_payloads") == [(None,)]


def test_a_payload_survives_a_restart(call: Sender, tmp_path: Path) -> None:
    key = with_version(call, value="kept")
    call.cloud.store.close()
    again = sender(tmp_path, "secretmanager")
    assert base64.b64decode(again("GET", f"{key}/versions/1:access")["payload"]["data"]) == b"kept"


def test_delayed_destruction_disables_now_and_destroys_when_it_is_due(call: Sender) -> None:
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"versionDestroyTtl": "86400s"})
    for text in ("one", "two"):
        call("POST", f"{SECRETS}/key:addVersion", payload(text))
    for number in (1, 2):
        version = call("POST", f"{SECRETS}/key/versions/{number}:destroy", {})
        assert version["state"] == "DISABLED"
        assert version["scheduledDestroyTime"]
    assert "scheduledDestroyTime" not in call("POST", f"{SECRETS}/key/versions/2:enable", {})
    call.later(hours=25)
    first = call("GET", f"{SECRETS}/key/versions/1")
    assert first["state"] == "DESTROYED"
    assert "scheduledDestroyTime" not in first
    assert call("GET", f"{SECRETS}/key/versions/2")["state"] == "ENABLED"


def test_a_ttl_becomes_the_secrets_expire_time(call: Sender) -> None:
    created = call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"ttl": "3600s"})
    assert "ttl" not in created
    call("POST", f"{SECRETS}/key:addVersion", payload("x"))
    call("PATCH", f"{SECRETS}/key?updateMask=ttl", {"ttl": "7200s"})
    call.later(seconds=3700)
    assert call("GET", f"{SECRETS}/key")["expireTime"] > created["expireTime"]
    call.later(seconds=3700)
    call.refused("GET", f"{SECRETS}/key", status=404)
    assert call("GET", SECRETS) == {}
    assert call.cloud.store.sql("SELECT * FROM secret_payloads") == []


def test_an_expiry_can_be_removed(call: Sender) -> None:
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"ttl": "3600s"})
    assert "expireTime" not in call("PATCH", f"{SECRETS}/key?updateMask=expireTime", {})
    call.later(days=1)
    call("GET", f"{SECRETS}/key")


def test_a_rotation_moves_on_by_its_period(call: Sender) -> None:
    rotation = {"nextRotationTime": call.cloud.clock.rfc3339(7200), "rotationPeriod": "3600s"}
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"topics": [TOPIC], "rotation": rotation})
    assert call("GET", f"{SECRETS}/key")["rotation"] == rotation
    call.later(seconds=7300)
    assert call("GET", f"{SECRETS}/key")["rotation"]["nextRotationTime"] > rotation["nextRotationTime"]
    call("PATCH", f"{SECRETS}/key?updateMask=labels", {"labels": {"a": "b"}})


def test_aliases_name_versions_that_exist(call: Sender) -> None:
    key = with_version(call, value="one")
    call("POST", f"{key}:addVersion", payload("two"))
    text = call.refused("PATCH", f"{key}?updateMask=versionAliases", {"versionAliases": {"prod": "7"}}, status=404)
    assert text == f"Secret Version [{SHOWN}/key/versions/7] not found."
    assert "[latest] is not valid" in call.refused(
        "PATCH", f"{key}?updateMask=versionAliases", {"versionAliases": {"latest": 1}}
    )
    call("PATCH", f"{key}?updateMask=versionAliases", {"versionAliases": {"prod": 1}})
    assert call("GET", f"{key}/versions/prod:access")["name"] == f"{SHOWN}/key/versions/1"
    call.refused("GET", f"{key}/versions/staging:access", status=404)


def test_a_patch_needs_a_mask_and_leaves_the_places_of_a_secret_alone(call: Sender) -> None:
    key = with_version(call)
    assert "no update_mask" in call.refused("PATCH", key, {"labels": {"a": "b"}})
    elsewhere = {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}}
    assert "secret.replication cannot be changed" in call.refused("PATCH", f"{key}?updateMask=replication", elsewhere)
    assert call("PATCH", f"{key}?update_mask=labels", {"labels": {"a": "b"}})["labels"] == {"a": "b"}


def test_lists_are_newest_first_in_pages_and_filtered(call: Sender) -> None:
    for name in ("b", "c", "a"):
        with_version(call, name)
    first = call("GET", f"{SECRETS}?pageSize=2")
    assert [one["name"] for one in first["secrets"]] == [f"{SHOWN}/a", f"{SHOWN}/c"]
    assert first["totalSize"] == 3
    second = call("GET", f"{SECRETS}?pageSize=2&pageToken={first['nextPageToken']}")
    assert [one["name"] for one in second["secrets"]] == [f"{SHOWN}/b"]
    assert "nextPageToken" not in second
    assert [one["name"] for one in call("GET", f"{SECRETS}?filter=name:secrets/c")["secrets"]] == [f"{SHOWN}/c"]


def test_versions_are_listed_by_number_and_by_state(call: Sender) -> None:
    key = with_version(call)
    for _ in range(10):
        call("POST", f"{key}:addVersion", payload("x"))
    call("POST", f"{key}/versions/3:disable", {})
    numbers = [int(one["name"].rpartition("/")[2]) for one in call("GET", f"{key}/versions")["versions"]]
    assert numbers == list(range(11, 0, -1))
    disabled = call("GET", f"{key}/versions?filter=state:DISABLED")
    assert [one["name"] for one in disabled["versions"]] == [f"{SHOWN}/key/versions/3"]
    assert "totalSize" not in disabled


def test_deleting_a_secret_deletes_its_versions_payloads_and_policy(call: Sender) -> None:
    key = with_version(call)
    grant = {"role": "roles/secretmanager.secretAccessor", "members": ["user:ann@example.com"]}
    call("POST", f"{key}:setIamPolicy", {"policy": {"bindings": [grant]}})
    assert call("DELETE", key) == {}
    with_version(call, value="other")
    assert call("GET", f"{key}/versions")["totalSize"] == 1
    assert "bindings" not in call("GET", f"{key}:getIamPolicy")


def test_only_an_accessor_of_this_secret_reads_its_payload(call: Sender) -> None:
    key, other = with_version(call), with_version(call, "other")
    ann = call.as_("user:ann@example.com")
    text = ann.refused("GET", f"{key}/versions/1:access", status=403)
    name = f"projects/{PROJECT}/secrets/key/versions/1"
    assert text == f"Permission 'secretmanager.versions.access' denied for resource '{name}' (or it may not exist)."
    grant = {"role": "roles/secretmanager.secretAccessor", "members": ["user:ann@example.com"]}
    call("POST", f"{key}:setIamPolicy", {"policy": {"bindings": [grant]}})
    ann("GET", f"{key}/versions/1:access")
    ann.refused("GET", f"{other}/versions/1:access", status=403)
    ann.refused("GET", f"{key}/versions/1", status=403)
    assert "secretmanager.versions.add" in ann.refused("POST", f"{key}:addVersion", payload("x"), status=403)


def test_a_condition_can_ask_for_one_version_by_name_and_type(call: Sender) -> None:
    key = with_version(call)
    call("POST", f"{key}:addVersion", payload("second"))
    expression = (
        "resource.type == 'secretmanager.googleapis.com/SecretVersion' && resource.name.endsWith('/versions/1')"
    )
    grant = {
        "role": "roles/secretmanager.secretAccessor",
        "members": ["user:ann@example.com"],
        "condition": {"title": "first only", "expression": expression},
    }
    call("POST", f"{key}:setIamPolicy", {"policy": {"version": 3, "bindings": [grant]}})
    ann = call.as_("user:ann@example.com")
    ann("GET", f"{key}/versions/1:access")
    ann.refused("GET", f"{key}/versions/2:access", status=403)


def test_a_viewer_sees_secrets_but_no_payload(call: Sender) -> None:
    key = with_version(call)
    call.grant("roles/viewer", "user:vera@example.com")
    vera = call.as_("user:vera@example.com")
    vera("GET", f"{key}/versions/1")
    vera.refused("GET", f"{key}/versions/1:access", status=403)


def test_a_regional_secret_belongs_to_its_location(call: Sender) -> None:
    assert "cannot be set on a regional secret" in call.refused("POST", f"{REGIONAL}?secretId=key", AUTOMATIC)
    created = call("POST", f"{REGIONAL}?secretId=key", {})
    assert created["name"] == f"projects/{NUMBER}/locations/europe-west1/secrets/key"
    call("POST", f"{REGIONAL}/key:addVersion", payload("here"))
    assert base64.b64decode(call("GET", f"{REGIONAL}/key/versions/1:access")["payload"]["data"]) == b"here"
    assert call("GET", SECRETS) == {}


def test_a_disabled_api_answers_nothing(tmp_path: Path) -> None:
    call = sender(tmp_path)
    assert "Secret Manager API has not been used in project" in call.refused("GET", SECRETS, status=403)


def test_managed_rotation_is_not_emulated_and_says_so(call: Sender) -> None:
    key = with_version(call)
    text = call.refused("POST", f"{key}:rotateSecret", {}, status=501)
    assert "tools/localcloud/services/secretmanager/" in text


@pytest.mark.parametrize("left", [None, b"", b"x" * 31, b"x" * 32])
def test_a_missing_key_of_the_secrets_is_reported_and_not_replaced(
    call: Sender, tmp_path: Path, left: bytes | None
) -> None:
    secret, key = with_version(call), tmp_path / "secrets.key"
    right = key.read_bytes()
    key.unlink()
    if left is not None:
        key.write_bytes(left)
    message = call.refused("GET", f"{secret}/versions/1:access")
    assert message.startswith(f"{key} ")
    assert message.endswith(
        "put back the file that the folder had, or reset the local cloud and set its secrets again."
    )
    if left != b"x" * 32:
        assert call.refused("POST", f"{secret}:addVersion", payload("another")).startswith(f"{key} ")
        assert (key.read_bytes() if key.exists() else None) == left
    key.write_bytes(right)
    assert call("GET", f"{secret}/versions/1:access")["payload"]["data"] == base64.b64encode(b"s3cret").decode()


@pytest.mark.parametrize("mask", ["ttl,expireTime", "expireTime,ttl", "ttl,expire_time", "expireTime", "*"])
def test_an_expire_time_replaces_a_ttl_whatever_the_mask(call: Sender, mask: str) -> None:
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"ttl": "3600s"})
    moment = call.cloud.clock.rfc3339(86_400)
    sent = {"expireTime": moment} | (AUTOMATIC if mask == "*" else {})
    assert call("PATCH", f"{SECRETS}/key?updateMask={mask}", sent)["expireTime"] == moment
    assert call("GET", f"{SECRETS}/key")["expireTime"] == moment


@pytest.mark.parametrize("mask", ["ttl,expireTime", "ttl", "expire_time"])
def test_a_mask_without_a_value_ends_the_expiry(call: Sender, mask: str) -> None:
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC | {"ttl": "3600s"})
    assert "expireTime" not in call("PATCH", f"{SECRETS}/key?updateMask={mask}", {})


def test_a_secret_has_either_an_expire_time_or_a_ttl(call: Sender) -> None:
    twice = {"ttl": "3600s", "expireTime": call.cloud.clock.rfc3339(86_400)}
    assert "oneof field 'expiration' is already set" in call.refused(
        "POST", f"{SECRETS}?secretId=key", AUTOMATIC | twice
    )
    call("POST", f"{SECRETS}?secretId=key", AUTOMATIC)
    assert "already set" in call.refused("PATCH", f"{SECRETS}/key?updateMask=ttl,expireTime", twice)
