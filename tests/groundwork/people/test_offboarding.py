"""A person is offboarded only if nothing gives them access any more: policies, access control lists, everybody, domains, groups, other spellings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.google.cloud import GoogleCloud
from groundwork.people.spelling import after_apply
from groundwork.resources.bindings import Binding, Policies, account
from groundwork.resources.item import Item
from groundwork.resources.policies import read, read_all, without, write
from groundwork.terraform.events import PlannedChange
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import open_session

from tests.groundwork.people.conftest import Platform


@contextmanager
def old_bucket(cloud: GoogleCloud, name: str) -> Iterator[Item]:
    """A bucket made by hand, without uniform access, with an object in it."""
    project = {"project": cloud.project}
    cloud.request("POST", "storage", "v1/b", params=project, json={"name": name})
    cloud.storage().bucket(name).blob("folder/a.txt").upload_from_string("text")
    try:
        yield Item("bucket", name)
    finally:
        cloud.request("DELETE", "storage", f"v1/b/{name}/o/folder%2Fa.txt")
        cloud.request("DELETE", "storage", f"v1/b/{name}")


@contextmanager
def granted(cloud: GoogleCloud, item: Item, role: str, member: str) -> Iterator[None]:
    policy = read(cloud, item)
    write(cloud, item, {**policy, "bindings": [*policy.get("bindings", []), {"role": role, "members": [member]}]})
    try:
        yield
    finally:
        write(cloud, item, without(read(cloud, item), lambda one: one == member))


@pytest.mark.parametrize("path", ["defaultObjectAcl", "o/folder%2Fa.txt/acl"])
def test_entries_of_access_control_lists_are_drift_and_are_removed(platform: Platform, path: str) -> None:
    cloud = platform.cloud()
    with old_bucket(cloud, "lists-by-hand"):
        entry = {"entity": "user-kim@example.com", "role": "READER"}
        cloud.request("POST", "storage", f"v1/b/lists-by-hand/{path}", json=entry)
        drift = platform("people", "drift")
        result = platform("people", "remove", "kim@example.com")
        assert read_all(cloud).held_by("kim@example.com") == ()
    where = "new objects of bucket lists-by-hand" if "default" in path else "object lists-by-hand/folder/a.txt#"
    assert (drift.returncode, f"by hand  kim@example.com  READER on {where}" in drift.stdout) == (7, True)
    assert (result.returncode, f"gone  READER on {where}" in result.stdout) == (0, True), result.stderr


def test_a_manual_grant_of_a_role_in_the_file_is_reported_and_removed_by_up(platform: Platform) -> None:
    cloud, bucket = platform.cloud(), platform.environment.buckets["data"].full_name
    policy = cloud.request("GET", "storage", f"v1/b/{bucket}/iam")
    (role,) = (one for one in policy["bindings"] if one["role"] == "roles/storage.objectUser")
    role["members"].append("user:eve@example.com")
    cloud.request("PUT", "storage", f"v1/b/{bucket}/iam", json=policy)
    drift = platform("people", "drift")
    assert (
        drift.returncode,
        f"by hand  eve@example.com  roles/storage.objectUser on bucket {bucket}" in drift.stdout,
    ) == (7, True)
    assert "`groundwork up` revokes what was granted by hand in a role that the file grants to others" in drift.stdout
    assert re.search(r"^  - eve@example.com +1 grant$", platform("plan").stderr, re.MULTILINE)
    up = platform("up")
    assert "granted by hand, and revoked because the file grants that role to others" in up.stderr
    assert "! eve@example.com: roles/storage.objectUser on bucket data" in up.stderr
    assert read_all(cloud).held_by("eve@example.com") == ()


def test_lists_that_cannot_be_read_make_the_answer_unknown(platform: Platform) -> None:
    cloud = platform.cloud()
    with (
        old_bucket(cloud, "lists-unread"),
        platform.fault(method="storage.defaultObjectAccessControls.list", kind="error", code=403),
    ):
        result = platform("people", "remove", "alice@example.com", "--dry-run")
    assert (result.returncode, "access control lists of bucket lists-unread" in result.stderr) == (8, True)


def test_what_cannot_be_read_keeps_nobody_in_any_other_policy(platform: Platform) -> None:
    cloud = platform.cloud()
    with old_bucket(cloud, "still-readable") as bucket:
        policy = read(cloud, bucket)
        grant = {"role": "roles/storage.objectViewer", "members": ["user:kim@example.com"]}
        write(cloud, bucket, {**policy, "bindings": [*policy["bindings"], grant]})
        with platform.fault(method="secretmanager.projects.secrets.getIamPolicy", kind="error", code=403):
            result = platform("people", "remove", "kim@example.com")
        assert read_all(cloud).held_by("kim@example.com") == ()
    assert result.returncode == 8
    assert "gone  roles/storage.objectViewer on bucket still-readable" in result.stdout
    assert (
        "No policy that could be read names kim@example.com any more; it is unknown whether they still" in result.stderr
    )
    assert "could not be read: secret wandb-api-key: " in result.stderr


def test_nobody_is_removed_while_it_is_unknown_who_owns_the_project(platform: Platform) -> None:
    with platform.fault(method="cloudresourcemanager.projects.getIamPolicy", kind="error", code=403):
        result = platform("people", "remove", "alice@example.com")
    assert (result.returncode, "so nothing is claimed about access" in result.stderr) == (8, True)
    assert "alice@example.com" in platform.environment.members


@pytest.mark.parametrize(
    ("email", "member", "code", "sentence"),
    [
        (
            "leo@example.com",
            "allAuthenticatedUsers",
            7,
            "still has access by allAuthenticatedUsers: roles/storage.objectAdmin on bucket {bucket}",
        ),
        (
            "lea@example.com",
            "domain:example.com",
            7,
            "still has access by domain:example.com: roles/storage.objectAdmin on bucket {bucket}",
        ),
        (
            "len@example.com",
            "group:team@example.com",
            8,
            "still has access, if a member of it, by group:team@example.com: roles/storage.objectAdmin",
        ),
        ("lou@example.com", "domain:example.org", 0, ""),
    ],
)
def test_access_that_does_not_name_them_is_reported(
    platform: Platform, email: str, member: str, code: int, sentence: str
) -> None:
    bucket = "lists-and-doors"
    with (
        old_bucket(platform.cloud(), bucket),
        granted(platform.cloud(), Item("bucket", bucket), "roles/storage.objectAdmin", member),
    ):
        drift = platform("people", "drift")
        dry = platform("people", "remove", email, "--dry-run")
        result = platform("people", "remove", email)
    assert (drift.returncode, f"--member={member} --role=roles/storage.objectAdmin" in drift.stdout) == (
        7, "@" not in member,
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    assert sentence.format(bucket=bucket) in result.stderr
    assert ("would stay" in dry.stdout) == bool(sentence)
    assert ("no longer has access" in result.stdout) == (not sentence)


def test_what_terraform_granted_is_outdated_and_not_by_hand_after_a_component_left_the_file(platform: Platform) -> None:
    former = platform.file.read_text("utf-8")
    line = "  models: {force_destroy: true}\n"
    assert line in former
    uses = former.replace("data: read, models: write", "data: read").replace("    buckets: {models: read}\n", "")
    platform.file.write_text(uses.replace(line, ""), "utf-8")
    try:
        result = platform("people", "drift")
        data = json.loads(platform("people", "drift", "--json").stdout)
    finally:
        platform.file.write_text(former, "utf-8")
    bucket = f"{platform.environment.project}-models"
    assert result.returncode == 7
    assert f"outdated alice@example.com  roles/storage.objectUser on bucket {bucket}" in result.stdout
    assert "by hand" not in result.stdout
    assert "offboard" not in result.stdout
    assert (data["extra"], {one["on"] for one in data["outdated"]}) == ([], {f"bucket {bucket}"})


def test_an_alias_is_found_by_what_the_file_gives_and_nothing_is_claimed(platform: Platform) -> None:
    """As Google does: a grant to an alias appears in every policy under the account's primary address."""
    cloud = platform.cloud()
    for item in {binding.item for binding in read_all(cloud).held_by("nick@example.com")}:
        policy = json.loads(json.dumps(read(cloud, item)).replace("user:nick@", "user:nicholas@"))
        write(cloud, item, policy)
    session = open_session(platform.checkout, platform.environment, None, "up", lambda _text: None)
    google = replace(session, environment=replace(platform.environment, local=False))
    granted = PlannedChange("m.g", "m", "google_storage_bucket_iam_member", "g", "create")
    applied = LayerPlan("platform", Path("plan"), pending=True, changes=(granted,))
    assert [(one.email, one.stored) for one in after_apply(google, [applied])] == [
        ("nick@example.com", "nicholas@example.com")
    ]
    assert after_apply(google, [replace(applied, changes=())]) == ()
    drift = platform("people", "drift")
    result = platform("people", "remove", "nick@example.com")
    assert "nicholas@example.com is its primary address; use that in the file" in drift.stdout
    assert (result.returncode, "nicholas@example.com" in result.stderr) == (8, True)
    assert read_all(cloud).held_by("nicholas@example.com") == (), (
        "the roles are the file's, so whoever is not in it lost them"
    )


def test_gmail_addresses_are_one_account_however_they_are_spelled() -> None:
    held = Policies((Binding(Item("project", "p"), "roles/viewer", ("user:ada.lovelace@gmail.com",)),), {})
    assert held.held_by("AdaLovelace+ml@googlemail.com")
    assert account("ada.l@example.com") != account("adal@example.com")


def test_pools_of_people_may_let_somebody_in_and_pools_of_workloads_do_not() -> None:
    pool = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*"
    workload = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/*"
    policies = Policies((Binding(Item("project", "p"), "roles/viewer", (pool, workload)),), {})
    assert [(way.member, way.certain) for way in policies.letting_in("a@example.com")] == [(pool, False)]
