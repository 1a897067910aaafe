"""IAM: service accounts, their bindings after deletion, and roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

IAM = f"/iam/v1/projects/{PROJECT}"
ACCOUNTS = f"{IAM}/serviceAccounts"
EMAIL = f"trainer@{PROJECT}.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "iam", "secretmanager")


def account(call: Sender, name: str = "trainer") -> dict[str, Any]:
    created: dict[str, Any] = call("POST", ACCOUNTS, {"accountId": name, "serviceAccount": {"displayName": "Trains"}})
    return created


def set_policy(call: Sender, resource: str, role: str, member: str, status: int = 200) -> Any:
    policy = {"bindings": [{"role": role, "members": [member]}]}
    return call("POST", f"{resource}:setIamPolicy", {"policy": policy}, status)


def project_members(call: Sender, role: str) -> list[str]:
    policy = call.cloud.iam.policy("cloudresourcemanager", f"projects/{PROJECT}")
    return [member for binding in policy["bindings"] if binding["role"] == role for member in binding["members"]]


# Service accounts.


def test_a_new_account_has_an_email_a_21_digit_id_and_no_trace_of_keys(call: Sender) -> None:
    created = account(call)
    assert created["name"] == f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
    assert created["email"] == EMAIL
    assert created["projectId"] == PROJECT
    assert len(created["uniqueId"]) == 21
    assert created["oauth2ClientId"] == created["uniqueId"]
    assert call("GET", f"{ACCOUNTS}/{EMAIL}/keys?keyTypes=USER_MANAGED") == {}


@pytest.mark.parametrize("path", [EMAIL, EMAIL.replace("@", "%40"), "UNIQUE"])
@pytest.mark.parametrize("project", [PROJECT, NUMBER, "-"])
def test_an_account_is_found_by_email_or_unique_id_with_or_without_its_project(
    call: Sender, path: str, project: str
) -> None:
    created = account(call)
    path = path.replace("UNIQUE", created["uniqueId"])
    assert call("GET", f"/iam/v1/projects/{project}/serviceAccounts/{path}") == created


@pytest.mark.parametrize("name", ["", "short", "1starts-with-digit", "Upper-case", "x" * 31, "ends-with-"])
def test_account_ids_are_lower_case_words_of_6_to_30_characters(call: Sender, name: str) -> None:
    assert "does not have a length between 6 and 30" in call.refused("POST", ACCOUNTS, {"accountId": name})


def test_an_existing_or_missing_account_is_named_in_googles_words(call: Sender) -> None:
    account(call)
    text = call.refused("POST", ACCOUNTS, {"accountId": "trainer"}, status=409)
    assert text == f"Service account trainer already exists within project projects/{PROJECT}."
    missing = f"nobody@{PROJECT}.iam.gserviceaccount.com"
    text = call.refused("GET", f"{ACCOUNTS}/{missing}", status=404)
    assert text == "Unknown service account"
    text = call.refused("GET", f"{ACCOUNTS}/{missing}/keys", status=404)
    assert text == f"Service account projects/{PROJECT}/serviceAccounts/{missing} does not exist."


def test_a_patch_wraps_the_account_with_a_mask_and_returns_the_changes(call: Sender) -> None:
    account(call)
    change = {"serviceAccount": {"description": "Nightly", "displayName": "ignored"}, "updateMask": "description"}
    assert call("PATCH", f"{ACCOUNTS}/{EMAIL}", change)["description"] == "Nightly"
    found = call("GET", f"{ACCOUNTS}/{EMAIL}")
    assert (found["displayName"], found["description"]) == ("Trains", "Nightly")
    call("PATCH", f"{ACCOUNTS}/{EMAIL}", {"serviceAccount": {}, "updateMask": "display_name"})
    assert "displayName" not in call("GET", f"{ACCOUNTS}/{EMAIL}")
    wrong = {"serviceAccount": {"email": "x"}, "updateMask": "email"}
    assert "only display_name and description can be changed" in call.refused("PATCH", f"{ACCOUNTS}/{EMAIL}", wrong)


def test_a_disabled_account_can_do_nothing_until_it_is_enabled(call: Sender) -> None:
    account(call)
    call.grant("roles/secretmanager.admin", MEMBER)
    train = call.as_(MEMBER)
    call.grant("roles/storage.admin", MEMBER)
    paths = (f"/secretmanager/v1/projects/{PROJECT}/secrets", f"/storage/v1/b?project={PROJECT}")
    for path in paths:
        train("GET", path)
    call("POST", f"{ACCOUNTS}/{EMAIL}:disable", {})
    assert call("GET", f"{ACCOUNTS}/{EMAIL}")["disabled"] is True
    for path in paths:
        assert "is disabled or deleted" in train.refused("GET", path, status=401)
    call("POST", f"{ACCOUNTS}/{EMAIL}:enable", {})
    for path in paths:
        train("GET", path)


def test_a_deleted_account_leaves_a_marked_member_and_returns_with_its_bindings(call: Sender) -> None:
    unique = account(call)["uniqueId"]
    call.grant("roles/viewer", MEMBER)
    set_policy(call, f"{ACCOUNTS}/{EMAIL}", "roles/iam.serviceAccountUser", "user:ann@example.com")
    call("DELETE", f"{ACCOUNTS}/{EMAIL}")
    assert project_members(call, "roles/viewer") == [f"deleted:{MEMBER}?uid={unique}"]
    call.as_(MEMBER).refused("GET", f"/secretmanager/v1/projects/{PROJECT}/secrets", status=401)
    call.later(days=29)
    call.refused("GET", f"{ACCOUNTS}/{unique}", status=404)
    restored = call("POST", f"/iam/v1/projects/-/serviceAccounts/{unique}:undelete", {})["restoredAccount"]
    assert restored["uniqueId"] == unique
    assert project_members(call, "roles/viewer") == [MEMBER]
    assert call("POST", f"{ACCOUNTS}/{EMAIL}:getIamPolicy", {})["bindings"][0]["members"] == ["user:ann@example.com"]


def test_a_recreated_account_has_none_of_the_old_ones_rights(call: Sender) -> None:
    unique = account(call)["uniqueId"]
    call.grant("roles/viewer", MEMBER)
    set_policy(call, f"{ACCOUNTS}/{EMAIL}", "roles/iam.serviceAccountUser", "user:ann@example.com")
    call("DELETE", f"{ACCOUNTS}/{EMAIL}")
    assert account(call)["uniqueId"] != unique
    call.as_(MEMBER).refused("GET", f"/secretmanager/v1/projects/{PROJECT}/secrets", status=403)
    assert "bindings" not in call("POST", f"{ACCOUNTS}/{EMAIL}:getIamPolicy", {})
    assert "was created since" in call.refused("POST", f"{ACCOUNTS}/{unique}:undelete", {}, status=409)


def test_thirty_days_after_its_deletion_an_account_is_gone(call: Sender) -> None:
    unique = account(call)["uniqueId"]
    call("DELETE", f"{ACCOUNTS}/{EMAIL}")
    call.later(days=31)
    assert "within the last 30 days" in call.refused("POST", f"{ACCOUNTS}/{unique}:undelete", {}, status=404)


def test_the_deprecated_way_to_sign_is_not_emulated_and_says_where_to_add_it(call: Sender) -> None:
    account(call)
    text = call.refused("POST", f"{ACCOUNTS}/{EMAIL}:signBlob", {"bytesToSign": "eA=="}, status=501)
    assert "iam.projects.serviceAccounts.signBlob" in text
    assert "tools/localcloud/services/iam/" in text


def test_the_policy_of_an_account_is_one_whatever_name_is_used(call: Sender) -> None:
    unique = account(call)["uniqueId"]
    set_policy(
        call, f"/iam/v1/projects/-/serviceAccounts/{EMAIL}", "roles/iam.serviceAccountUser", "user:ann@example.com"
    )
    by_id = call("POST", f"{ACCOUNTS}/{unique}:getIamPolicy", {})
    assert by_id["bindings"] == [{"role": "roles/iam.serviceAccountUser", "members": ["user:ann@example.com"]}]
    request = {"permissions": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.delete"]}
    ann = call.as_("user:ann@example.com")
    assert ann("POST", f"{ACCOUNTS}/{EMAIL}:testIamPermissions", request) == {
        "permissions": ["iam.serviceAccounts.actAs"]
    }


def test_a_binding_cannot_name_an_account_that_does_not_exist(call: Sender) -> None:
    account(call)
    ghost = f"serviceAccount:ghost@{PROJECT}.iam.gserviceaccount.com"
    problem = set_policy(call, f"{ACCOUNTS}/{EMAIL}", "roles/iam.serviceAccountUser", ghost, 400)
    assert problem["error"]["message"] == f"Service account ghost@{PROJECT}.iam.gserviceaccount.com does not exist."


def test_group_members_grant_nothing_since_nobody_here_is_in_a_group(call: Sender) -> None:
    account(call)
    call.grant("roles/iam.serviceAccountViewer", "group:team@example.com")
    ann = call.as_("user:ann@example.com")
    refused = ann.refused("GET", f"{ACCOUNTS}/{EMAIL}", status=403)
    assert refused == "Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist)."
    refused = ann.refused("POST", f"/iam/v1/projects/{PROJECT}/roles", {"roleId": "mine"}, 403)
    assert refused == f"You don't have permission to create a role in projects/{PROJECT}."


def test_accounts_are_listed_in_pages(call: Sender) -> None:
    for name in ("train-a", "train-b", "train-c"):
        account(call, name)
    first = call("GET", f"{ACCOUNTS}?pageSize=2")
    rest = call("GET", f"{ACCOUNTS}?pageSize=2&pageToken={first['nextPageToken']}")
    assert [one["email"].partition("@")[0] for one in first["accounts"] + rest["accounts"]] == [
        "train-a",
        "train-b",
        "train-c",
    ]


# Roles.


def role(call: Sender, identity: str, *permissions: str, **more: str) -> dict[str, Any]:
    body = {"roleId": identity, "role": {"title": "T", "includedPermissions": permissions, **more}}
    created: dict[str, Any] = call("POST", f"{IAM}/roles", body)
    return created


def test_a_custom_role_grants_what_it_includes_while_it_lives(call: Sender) -> None:
    role(call, "lister", "secretmanager.secrets.list", stage="GA")
    call.grant(f"projects/{PROJECT}/roles/lister", "user:ann@example.com")
    ann, secrets = call.as_("user:ann@example.com"), f"/secretmanager/v1/projects/{PROJECT}/secrets"
    ann("GET", secrets)
    deleted = call("DELETE", f"{IAM}/roles/lister")
    assert deleted["deleted"] is True
    ann.refused("GET", secrets, status=403)
    call("POST", f"{IAM}/roles/lister:undelete", {})
    ann("GET", secrets)
    call("PATCH", f"{IAM}/roles/lister?updateMask=stage", {"stage": "DISABLED"})
    ann.refused("GET", secrets, status=403)


def test_a_deleted_role_keeps_its_id_for_37_days(call: Sender) -> None:
    role(call, "lister", "secretmanager.secrets.list")
    call("DELETE", f"{IAM}/roles/lister")
    again = {"roleId": "lister", "role": {}}
    assert "existing role with that role_id in a deleted state" in call.refused("POST", f"{IAM}/roles", again)
    assert call("GET", f"{IAM}/roles/lister")["deleted"] is True
    assert call("GET", f"{IAM}/roles") == {}
    assert len(call("GET", f"{IAM}/roles?showDeleted=true")["roles"]) == 1
    call.later(days=8)
    assert "more than 7 days ago" in call.refused("POST", f"{IAM}/roles/lister:undelete", {})
    call.later(days=30)
    call.refused("GET", f"{IAM}/roles/lister", status=404)
    assert "deleted" not in call("POST", f"{IAM}/roles", again)


@pytest.mark.parametrize(
    ("identity", "body", "message"),
    [
        ("ab", {}, "3 to 64 letters"),
        ("has-hyphen", {}, "3 to 64 letters"),
        (
            "fine",
            {"includedPermissions": ["secretmanager.secrets.steal"]},
            "Permission secretmanager.secrets.steal is not valid.",
        ),
        (
            "fine",
            {"includedPermissions": ["resourcemanager.projects.list"]},
            "Permission resourcemanager.projects.list is not valid.",
        ),
        ("fine", {"includedPermissions": ["nonsense"]}, "Permission nonsense is not valid."),
        (
            "fine",
            {"includedPermissions": ["resourcemanager.projects.list\n"]},
            "Permission resourcemanager.projects.list\n is not valid.",
        ),
        ("fine", {"stage": "PERFECT"}, "Invalid value at 'role.stage'"),
        ("fine", {"title": "x" * 101}, "may have 100 characters"),
    ],
)
def test_wrong_roles_are_refused(call: Sender, identity: str, body: dict[str, Any], message: str) -> None:
    assert message in call.refused("POST", f"{IAM}/roles", {"roleId": identity, "role": body})


def test_a_role_is_patched_by_mask_and_guarded_by_its_etag(call: Sender) -> None:
    created = role(call, "lister", "secretmanager.secrets.list")
    assert "stage" not in created, "ALPHA is left out, as Google leaves it out"
    call("PATCH", f"{IAM}/roles/lister?updateMask=includedPermissions,title", {"title": "New", "etag": created["etag"]})
    found = call("GET", f"{IAM}/roles/lister")
    assert found["title"] == "New"
    assert "includedPermissions" not in found
    stale = {"title": "Old", "etag": created["etag"]}
    assert "has changed since it was read" in call.refused(
        "PATCH", f"{IAM}/roles/lister?updateMask=title", stale, status=409
    )


def test_predefined_roles_come_from_the_tables(call: Sender) -> None:
    found = call("GET", "/iam/v1/roles/secretmanager.secretAccessor")
    assert found["title"] == "Secret Manager Secret Accessor"
    assert "secretmanager.versions.access" in found["includedPermissions"]
    assert "roles/nobody.knows was not found" in call.refused("GET", "/iam/v1/roles/nobody.knows", status=404)
    names, token = [], ""
    while True:
        page = call("GET", f"/iam/v1/roles?pageSize=40&pageToken={token}")
        names += [one["name"] for one in page["roles"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert len(names) == len(set(names)) > 90
    assert "includedPermissions" not in page["roles"][0]


def test_roles_that_can_be_granted_depend_on_the_resource(call: Sender) -> None:
    def names(resource: str) -> set[str]:
        request = {"fullResourceName": resource, "pageSize": 1000}
        return {one["name"] for one in call("POST", "/iam/v1/roles:queryGrantableRoles", request)["roles"]}

    role(call, "lister", "secretmanager.secrets.list")
    project = names(f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}")
    assert {"roles/viewer", f"projects/{PROJECT}/roles/lister"} <= project
    assert "roles/storage.legacyBucketReader" not in project
    assert project == names(f"//127.0.0.1:8080/cloudresourcemanager/projects/{PROJECT}"), "as gcloud writes it"
    bucket = names("//storage.googleapis.com/projects/_/buckets/b")
    assert "roles/storage.legacyBucketReader" in bucket
    assert "roles/secretmanager.admin" not in bucket
    assert "is not one such as" in call.refused("POST", "/iam/v1/roles:queryGrantableRoles", {"fullResourceName": "x"})


def test_testable_permissions_say_which_custom_roles_may_not_hold(call: Sender) -> None:
    request = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{PROJECT}", "pageSize": 1000}
    first = call("POST", "/iam/v1/permissions:queryTestablePermissions", request)
    rest = call("POST", "/iam/v1/permissions:queryTestablePermissions", request | {"pageToken": first["nextPageToken"]})
    found = {one["name"]: one for one in first["permissions"] + rest["permissions"]}
    assert found["resourcemanager.projects.list"]["customRolesSupportLevel"] == "NOT_SUPPORTED"
    assert "customRolesSupportLevel" not in found["secretmanager.versions.access"]
