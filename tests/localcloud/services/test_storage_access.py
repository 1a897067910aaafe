"""Permissions: bucket policies, the project's basic roles, conditions, public access, access control lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import UNIFORM, B, Storage, path, storage

ALICE = "user:alice@example.com"


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    gcs.upload("x")
    return gcs


def grant(gcs: Storage, role: str, member: str = ALICE, condition: str = "") -> None:
    policy = gcs.ask("GET", f"{B}/data-bucket/iam?optionsRequestedPolicyVersion=3").json
    binding: dict[str, Any] = {"role": role, "members": [member]}
    if condition:
        binding["condition"] = {"title": "c", "expression": condition}
    policy = {**policy, "version": 3, "bindings": [*policy["bindings"], binding]}
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)


def test_a_new_bucket_is_the_projects_own(gcs: Storage) -> None:
    policy = gcs.ask("GET", f"{B}/data-bucket/iam").json
    assert (policy["kind"], policy["resourceId"]) == ("storage#policy", "projects/_/buckets/data-bucket")
    owners = [f"projectEditor:{PROJECT}", f"projectOwner:{PROJECT}"]
    assert {binding["role"]: binding["members"] for binding in policy["bindings"]} == {
        "roles/storage.legacyBucketOwner": owners,
        "roles/storage.legacyBucketReader": [f"projectViewer:{PROJECT}"],
        "roles/storage.legacyObjectOwner": owners,
        "roles/storage.legacyObjectReader": [f"projectViewer:{PROJECT}"],
    }


def test_an_outsiders_refusal_names_the_caller_permission_and_resource(gcs: Storage) -> None:
    alice = gcs.as_(ALICE)
    refused = alice.ask("GET", path("x"), None, 403)
    assert refused.message == (
        "alice@example.com does not have storage.objects.get access to the Google Cloud Storage object. "
        "Permission 'storage.objects.get' denied on resource (or it may not exist)."
    )
    assert refused.reason == "forbidden"
    listed = alice.ask("GET", f"{B}/data-bucket/o", None, 403).message
    assert "does not have storage.objects.list access to the Google Cloud Storage bucket." in listed
    projects = alice.ask("GET", f"{B}?project={PROJECT}", None, 403).message
    assert "does not have storage.buckets.list access to the Google Cloud project." in projects


def test_only_who_may_change_the_policy_decides_whether_it_may_be_public(gcs: Storage) -> None:
    role = f"projects/{PROJECT}/roles/updater"
    gcs.call.cloud.store.put(
        "iam", role, {"name": role, "includedPermissions": ["storage.buckets.get", "storage.buckets.update"]}
    )
    grant(gcs, role)
    enforced = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    refused = gcs.as_(ALICE).ask("PATCH", f"{B}/data-bucket", enforced, 403)
    assert "storage.buckets.setIamPolicy" in refused.message
    gcs.as_(ALICE).ask("PATCH", f"{B}/data-bucket", {"labels": {"a": "b"}})
    gcs.ask("PATCH", f"{B}/data-bucket", enforced)


def test_a_viewer_reads_and_cannot_write(gcs: Storage) -> None:
    grant(gcs, "roles/storage.objectViewer")
    alice = gcs.as_(ALICE)
    assert alice.media("x") == b"hello"
    assert alice.names() == ["x"]
    alice.upload("y", status=403)
    alice.ask("DELETE", path("x"), None, 403)
    alice.ask("GET", f"{B}/data-bucket", None, 403)


def test_the_projects_viewers_read_and_its_editors_write(gcs: Storage) -> None:
    alice = gcs.as_(ALICE)
    gcs.call.grant("roles/viewer", ALICE)
    assert alice.media("x") == b"hello"
    alice.upload("y", status=403)
    gcs.call.grant("roles/editor", ALICE)
    alice.upload("x", b"new")


def test_overwriting_needs_the_permission_to_delete(gcs: Storage) -> None:
    grant(gcs, "roles/storage.objectCreator")
    alice = gcs.as_(ALICE)
    alice.upload("new")
    refused = alice.upload("x", status=403)
    assert "alice@example.com does not have storage.objects.delete access" in refused["error"]["message"]
    copied = alice.ask("POST", f"{path('x')}/rewriteTo/b/data-bucket/o/z", None, 403)
    assert "storage.objects.get access" in copied.message


def test_a_condition_on_the_name_grants_only_there(gcs: Storage) -> None:
    prefix = "projects/_/buckets/data-bucket/objects/teams/"
    grant(gcs, "roles/storage.objectUser", condition=f'resource.name.startsWith("{prefix}")')
    alice = gcs.as_(ALICE)
    alice.upload("teams/x")
    alice.upload("other/x", status=403)
    assert "condition" not in str(gcs.ask("GET", f"{B}/data-bucket/iam").json["bindings"])


def test_a_condition_on_the_type_distinguishes_objects_from_buckets(gcs: Storage) -> None:
    grant(gcs, "roles/storage.objectViewer", condition='resource.type == "storage.googleapis.com/Object"')
    alice = gcs.as_(ALICE)
    assert alice.media("x") == b"hello"
    alice.ask("GET", f"{B}/data-bucket/o", None, 403)


def test_an_anonymous_caller_gets_401_but_reads_public_objects(gcs: Storage) -> None:
    nobody = gcs.as_("")
    refused = nobody.ask("GET", path("x"), None, 401)
    assert refused.message.startswith("Anonymous caller does not have storage.objects.get access")
    assert refused.reason == "required"
    grant(gcs, "roles/storage.objectViewer", "allUsers")
    assert nobody.media("x") == b"hello"
    assert nobody.ask("GET", "/data-bucket/x").body == b"hello"
    nobody.upload("y", status=401)


def test_public_access_prevention_refuses_the_public(gcs: Storage) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"iamConfiguration": {"publicAccessPrevention": "enforced"}})
    policy = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allAuthenticatedUsers"]}]}
    refused = gcs.ask("PUT", f"{B}/data-bucket/iam", policy, 412)
    assert refused.message.startswith("The member bindings allUsers and allAuthenticatedUsers are not allowed")


def test_a_stale_policy_is_refused(gcs: Storage) -> None:
    stale = gcs.ask("GET", f"{B}/data-bucket/iam").json
    grant(gcs, "roles/storage.objectViewer")
    assert gcs.ask("PUT", f"{B}/data-bucket/iam", stale, 412).reason == "conditionNotMet"


def test_an_unknown_role_is_refused(gcs: Storage) -> None:
    policy = {"bindings": [{"role": "roles/storage.nothing", "members": [ALICE]}]}
    assert "roles/storage.nothing" in gcs.ask("PUT", f"{B}/data-bucket/iam", policy, 400).message


def test_permissions_are_tested_in_the_order_asked(gcs: Storage) -> None:
    grant(gcs, "roles/storage.objectViewer")
    query = "permissions=storage.objects.list&permissions=storage.buckets.delete&permissions=storage.objects.get"
    found = gcs.as_(ALICE).ask("GET", f"{B}/data-bucket/iam/testPermissions?{query}").json
    assert found["permissions"] == ["storage.objects.list", "storage.objects.get"]


@pytest.mark.parametrize(
    ("verb", "below", "message"),
    [
        ("GET", "/acl", "Cannot get legacy ACL for a bucket that has uniform bucket-level access."),
        ("POST", "/acl", "Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled."),
        ("POST", "/defaultObjectAcl", "Cannot use ACL API to update bucket policy when"),
        ("GET", "/o/x/acl", "Cannot get legacy ACL for an object when uniform bucket-level access is enabled."),
        ("POST", "/o/x/acl", "Cannot update access control for an object when uniform bucket-level access is enabled."),
    ],
)
def test_access_control_lists_are_refused_under_uniform_access(
    gcs: Storage, verb: str, below: str, message: str
) -> None:
    body = {"entity": "allUsers", "role": "READER"} if verb == "POST" else None
    assert gcs.ask(verb, f"{B}/data-bucket{below}", body, 400).message.startswith(message)


def test_an_upload_with_a_predefined_list_is_refused_under_uniform_access(gcs: Storage) -> None:
    refused = gcs.upload("y", query="&predefinedAcl=publicRead", status=400)
    assert refused["error"]["message"].startswith("Cannot insert legacy ACL for an object when uniform")


def test_enabling_uniform_access_revokes_grants_of_lists(gcs: Storage) -> None:
    gcs.bucket("fine-bucket", iamConfiguration={})
    gcs.ask("POST", f"/upload{B}/fine-bucket/o?uploadType=media&name=x", b"hello")
    url = f"{B}/fine-bucket/o/x?alt=media"
    assert gcs.ask("GET", url).body == b"hello"
    gcs.ask("PATCH", f"{B}/fine-bucket", UNIFORM)
    gcs.ask("GET", url, None, 403)
    gcs.ask("PATCH", f"{B}/fine-bucket", {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}})
    assert gcs.ask("GET", url).body == b"hello"


def test_an_upload_session_belongs_to_its_creator(gcs: Storage) -> None:
    url = f"/upload{B}/data-bucket/o?uploadType=resumable&name=big"
    location = gcs.ask("POST", url).headers["location"].removeprefix("http://127.0.0.1:1")
    gcs.as_("").ask("PUT", location, b"hello", 200)
    gcs.as_(ALICE).ask("POST", url, None, 403)


@pytest.mark.parametrize(
    ("verb", "target", "parameter"),
    [
        ("GET", f"{B}/some-bucket/iam/testPermissions", "permissions"),
        ("GET", B, "project"),
        ("POST", B, "project"),
        ("POST", f"{B}/some-bucket/o/thing/restore", "generation"),
        ("POST", f"{B}/some-bucket/lockRetentionPolicy", "ifMetagenerationMatch"),
    ],
)
def test_a_required_parameter_that_is_missing_is_named(gcs: Storage, verb: str, target: str, parameter: str) -> None:
    gcs.ask("POST", f"{B}?project={PROJECT}", {"name": "some-bucket"})
    refused = gcs.ask(verb, target, {} if verb == "POST" else None, 400)
    assert refused.message == f"Required parameter: {parameter}"
    assert refused.reason == "required"


def test_a_requester_pays_bucket_needs_a_billed_project(gcs: Storage) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"billing": {"requesterPays": True}})
    gcs.upload("x")
    policy = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"]}]}
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    ann = gcs.as_("user:ann@example.com")
    missing = ann.ask("GET", path("x"), None, 400)
    assert missing.message == "Bucket is requester pays bucket but no user project provided."
    assert missing.reason == "required"
    unknown = ann.ask("GET", f"{path('x')}?userProject=nobodys", None, 400)
    assert unknown.message == "User project specified in the request is invalid."
    denied = ann.ask("GET", f"{path('x')}?userProject={PROJECT}", None, 403)
    assert "serviceusage.services.use" in denied.message
    gcs.call.grant("roles/serviceusage.serviceUsageConsumer", "user:ann@example.com")
    ann.ask("GET", f"{path('x')}?userProject={PROJECT}")
    ann.ask("GET", path("x"), None, 200, x_goog_user_project=PROJECT)


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
@pytest.mark.parametrize("uniform", [True, False])
def test_prevention_of_public_access_overrides_what_was_granted(gcs: Storage, member: str, uniform: bool) -> None:
    """The grants stay, and apply again when prevention ends."""
    fine = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": uniform}}}
    gcs.bucket("open-bucket", **fine)
    path = f"{B}/open-bucket"
    gcs.ask("POST", f"/upload{path}/o?uploadType=media&name=x", b"hello")
    policy = gcs.ask("GET", f"{path}/iam").json
    policy["bindings"].append({"role": "roles/storage.objectViewer", "members": [member, ALICE]})
    gcs.ask("PUT", f"{path}/iam", policy)
    if not uniform:
        gcs.ask("POST", f"{path}/o/x/acl", {"entity": member, "role": "READER"})
    stranger, code = (
        gcs.as_("" if member == "allUsers" else "user:eve@example.com"),
        401 if member == "allUsers" else 403,
    )

    def prevented(value: str, status: int) -> None:
        gcs.ask("PATCH", path, {"iamConfiguration": {"publicAccessPrevention": value}})
        for url in (f"{path}/o/x?alt=media", f"{path}/o?prefix=x"):
            stranger.ask("GET", url, status=status)
        assert gcs.as_(ALICE).ask("GET", f"{path}/o/x?alt=media").body == b"hello"
        assert gcs.ask("GET", f"{path}/iam").json["bindings"][-1]["members"] == [member, ALICE]

    prevented("inherited", 200)
    prevented("enforced", code)
    assert stranger.ask("GET", "/open-bucket/x", status=403).body.startswith(b"<?xml")
    prevented("inherited", 200)
