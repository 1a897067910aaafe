"""Access control lists of buckets and objects, where access is not uniform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.server.assembly import opened

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import UNIFORM, B, Storage, path, storage

ALICE, BOB = "user:alice@example.com", "user:bob@example.com"
ALICES = "user-alice@example.com"
BUCKET, NEW, OBJECT = f"{B}/data-bucket/acl", f"{B}/data-bucket/defaultObjectAcl", f"{path('x')}/acl"
LISTS = pytest.mark.parametrize("where", [BUCKET, NEW, OBJECT])


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket(iamConfiguration={})
    gcs.upload("x")
    return gcs


def entries(gcs: Storage, where: str) -> dict[str, str]:
    return {row["entity"]: row["role"] for row in gcs.ask("GET", where).json["items"]}


def team(gcs: Storage) -> dict[str, str]:
    number = gcs.call.cloud.projects.number(PROJECT)
    roles = {"owners": "OWNER", "editors": "OWNER", "viewers": "READER"}
    return {f"project-{name}-{number}": role for name, role in roles.items()}


@LISTS
def test_a_fresh_list_is_the_projects_own(gcs: Storage, where: str) -> None:
    assert entries(gcs, where) == team(gcs)
    bucket = gcs.ask("GET", f"{B}/data-bucket?projection=full").json
    assert {row["entity"]: row["role"] for row in bucket["acl"]} == team(gcs)
    assert "acl" not in gcs.ask("GET", f"{B}/data-bucket").json


@LISTS
def test_an_entry_is_created_read_changed_and_deleted(gcs: Storage, where: str) -> None:
    created = gcs.ask("POST", where, {"entity": ALICES, "role": "READER"}).json
    assert (created["entity"], created["role"], created["email"]) == (ALICES, "READER", "alice@example.com")
    assert gcs.ask("GET", f"{where}/{ALICES}").json["role"] == "READER"
    assert gcs.ask("PATCH", f"{where}/{ALICES}", {"role": "OWNER"}).json["role"] == "OWNER"
    assert entries(gcs, where) == {**team(gcs), ALICES: "OWNER"}
    gcs.ask("DELETE", f"{where}/{ALICES}", status=204)
    assert entries(gcs, where) == team(gcs)
    for verb, body in (("GET", None), ("PUT", {"role": "READER"}), ("DELETE", None)):
        gcs.ask(verb, f"{where}/{ALICES}", body, 404)


@LISTS
@pytest.mark.parametrize(
    ("entity", "role"),
    [
        ("alice@example.com", "READER"),
        ("user-alice", "READER"),
        ("project-friends-1", "READER"),
        ("", "READER"),
        (ALICES, "reader"),
        (ALICES, ""),
    ],
)
def test_entries_of_another_form_are_refused(gcs: Storage, where: str, entity: str, role: str) -> None:
    gcs.ask("POST", where, {"entity": entity, "role": role}, 400)
    assert entries(gcs, where) == team(gcs)


@LISTS
def test_changing_a_list_needs_permission_and_counts_as_a_change(gcs: Storage, where: str) -> None:
    body = {"entity": "allUsers", "role": "READER"}
    gcs.as_(ALICE).ask("GET", where, None, 403)
    gcs.as_(ALICE).ask("POST", where, body, 403)
    changed = path("x") if where is OBJECT else f"{B}/data-bucket"
    before = int(gcs.ask("GET", changed).json["metageneration"])
    gcs.ask("POST", where, body)
    assert int(gcs.ask("GET", changed).json["metageneration"]) == before + 1


def test_the_buckets_list_and_its_policy_say_the_same(gcs: Storage) -> None:
    gcs.ask("POST", BUCKET, {"entity": ALICES, "role": "WRITER"})
    policy = gcs.ask("GET", f"{B}/data-bucket/iam").json
    assert {"role": "roles/storage.legacyBucketWriter", "members": [ALICE]} in policy["bindings"]
    gcs.as_(ALICE).upload("mine")
    policy["bindings"] = [one for one in policy["bindings"] if ALICE not in one["members"]]
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    assert ALICES not in entries(gcs, BUCKET)
    gcs.as_(ALICE).upload("mine", status=403)


def test_the_list_of_an_object_is_its_own(gcs: Storage) -> None:
    gcs.upload("x/y")
    gcs.as_("").media("x", 401)
    gcs.ask("POST", OBJECT, {"entity": "allUsers", "role": "READER"})
    assert gcs.as_("").media("x") == b"hello"
    gcs.as_("").media("x/y", 401)
    gcs.as_("").ask("DELETE", path("x"), None, 401)
    gcs.upload("x", b"new")
    gcs.as_("").media("x", 401)


def test_new_objects_get_the_default_list_of_their_day(gcs: Storage) -> None:
    gcs.ask("POST", NEW, {"entity": ALICES, "role": "READER"})
    gcs.upload("later")
    assert gcs.as_(ALICE).media("later") == b"hello"
    gcs.as_(ALICE).media("x", 403)
    gcs.ask("DELETE", f"{NEW}/{ALICES}", status=204)
    assert gcs.as_(ALICE).media("later") == b"hello"


def test_an_objects_creator_owns_it(gcs: Storage) -> None:
    gcs.ask("POST", BUCKET, {"entity": ALICES, "role": "WRITER"})
    alice = gcs.as_(ALICE)
    alice.upload("hers")
    assert entries(alice, f"{path('hers')}/acl") == {**team(gcs), ALICES: "OWNER"}
    alice.ask("POST", f"{path('hers')}/acl", {"entity": "user-bob@example.com", "role": "READER"})
    assert gcs.as_(BOB).media("hers") == b"hello"


@pytest.mark.parametrize(
    ("name", "granted", "project_reads"),
    [
        ("private", {}, False),
        ("publicRead", {"allUsers": "READER"}, False),
        ("authenticatedRead", {"allAuthenticatedUsers": "READER"}, True),
        ("bucketOwnerRead", {"project-owners-{}": "READER"}, True),
        ("bucketOwnerFullControl", {"project-owners-{}": "OWNER"}, True),
    ],
)
def test_predefined_lists(gcs: Storage, name: str, granted: dict[str, str], project_reads: bool) -> None:
    gcs.ask("POST", BUCKET, {"entity": ALICES, "role": "WRITER"})
    alice = gcs.as_(ALICE)
    alice.upload("hers", query=f"&predefinedAcl={name}")
    number = gcs.call.cloud.projects.number(PROJECT)
    expected = {entity.format(number): role for entity, role in granted.items()} | {ALICES: "OWNER"}
    assert entries(alice, f"{path('hers')}/acl") == expected
    gcs.media("hers", 200 if project_reads or "allUsers" in granted else 403)


def test_lists_come_with_uploads_patches_copies_and_plain_puts(gcs: Storage) -> None:
    public = {"acl": [{"entity": "allUsers", "role": "READER"}]}
    gcs.ask("PATCH", path("x"), public)
    rewritten = f"{path('x')}/rewriteTo/b/data-bucket/o/copy?destinationPredefinedAcl=publicRead"
    gcs.ask("POST", rewritten, {})
    gcs.ask("PUT", "/data-bucket/put", b"hello", x_goog_acl="public-read")
    session = gcs.ask("POST", f"/upload{B}/data-bucket/o?uploadType=resumable&name=piece", public).headers["location"]
    gcs.ask("PUT", session.partition(":1")[2].partition("/")[1] + session.partition(":1/")[2], b"hello")
    for name in ("x", "copy", "put", "piece"):
        assert gcs.as_("").media(name) == b"hello"
    gcs.ask("PATCH", f"{path('x')}?predefinedAcl=private", {})
    gcs.as_("").media("x", 401)
    gcs.ask("PUT", "/data-bucket/put", b"hello", 400, x_goog_acl="anything")


def test_lists_come_with_buckets(gcs: Storage) -> None:
    body: dict[str, Any] = {"name": "public-bucket"}
    gcs.ask("POST", f"{B}?project={PROJECT}&predefinedAcl=publicRead&predefinedDefaultObjectAcl=publicRead", body)
    gcs.ask("POST", f"/upload{B}/public-bucket/o?uploadType=media&name=x", b"hello")
    assert gcs.as_("").ask("GET", f"{B}/public-bucket/o").json["items"][0]["name"] == "x"
    assert gcs.as_("").ask("GET", f"{B}/public-bucket/o/x?alt=media").body == b"hello"
    gcs.ask("PATCH", f"{B}/public-bucket", {"acl": [], "defaultObjectAcl": [{"entity": ALICES, "role": "READER"}]})
    assert entries(gcs, f"{B}/public-bucket/defaultObjectAcl") == {ALICES: "READER"}
    gcs.as_("").ask("GET", f"{B}/public-bucket/o", None, 401)


@LISTS
def test_prevented_public_access_stays_prevented(gcs: Storage, where: str) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"iamConfiguration": {"publicAccessPrevention": "enforced"}})
    gcs.ask("POST", where, {"entity": "allAuthenticatedUsers", "role": "READER"}, 412)


def test_access_control_lists_are_suspended_while_access_is_uniform(gcs: Storage) -> None:
    gcs.ask("POST", OBJECT, {"entity": "allUsers", "role": "READER"})
    gcs.ask("PATCH", f"{B}/data-bucket", UNIFORM)
    gcs.as_("").media("x", 401)
    gcs.ask("PATCH", f"{B}/data-bucket", {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}})
    assert gcs.as_("").media("x") == b"hello"


def test_an_objects_policy_is_its_list_in_roles(gcs: Storage) -> None:
    url = f"{path('x')}/iam"
    policy = gcs.ask("GET", url).json
    assert policy["resourceId"] == "projects/_/buckets/data-bucket/objects/x"
    reading = {"role": "roles/storage.legacyObjectReader", "members": ["allUsers"]}
    stale = policy["etag"]
    changed = gcs.ask("PUT", url, {**policy, "bindings": [*policy["bindings"], reading]}).json
    assert reading in changed["bindings"] or any("allUsers" in one["members"] for one in changed["bindings"])
    assert gcs.as_("").media("x") == b"hello"
    gcs.ask("PUT", url, {"bindings": [], "etag": stale}, 412)
    gcs.ask("PUT", url, {"bindings": [{"role": "roles/storage.admin", "members": [ALICE]}]}, 400)
    tested = "testPermissions?permissions=storage.objects.get&permissions=storage.objects.update"
    assert gcs.as_(ALICE).ask("GET", f"{url}/{tested}").json["permissions"] == ["storage.objects.get"]


def test_what_an_earlier_local_cloud_kept_is_the_default_list(gcs: Storage, tmp_path: Path) -> None:
    store = gcs.call.cloud.store
    store.sql(
        "UPDATE policies SET service = 'storage', resource = 'projects/_/buckets/data-bucket/objects' "
        "WHERE service = 'storage lists'"
    )
    store.close()
    again = opened(tmp_path)
    assert again.iam.policy("storage lists", "projects/_/buckets/data-bucket/defaultObjectAcl")["bindings"]
    assert not again.iam.has_policy("storage", "projects/_/buckets/data-bucket/objects")


@LISTS
def test_access_to_policies_alone_does_not_show_access_control_lists(gcs: Storage, where: str) -> None:
    gcs.call.grant("roles/iam.securityReviewer", ALICE)
    refused = gcs.as_(ALICE).ask("GET", where, status=403).json["error"]["message"]
    assert f"does not have storage.{'objects' if where == OBJECT else 'buckets'}.get access" in refused
    gcs.call.grant("roles/storage.legacyBucketReader" if where != OBJECT else "roles/storage.objectViewer", ALICE)
    assert entries(gcs.as_(ALICE), where) == team(gcs)
