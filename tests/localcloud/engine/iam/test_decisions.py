"""Access decisions from policies on the resource, on its parents and on the project."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.iam import PROJECTS
from localcloud.engine.service import Resource, Service
from localcloud.errors import CloudError

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

SECRET = f"projects/{PROJECT}/secrets/s"
VERSION = f"{SECRET}/versions/1"
ACCESS = "secretmanager.versions.access"
ACCESSOR = "roles/secretmanager.secretAccessor"
BOB = "user:bob@example.com"
SERVICE = Service(
    api="secretmanager",
    resources={
        "projects.secrets": Resource(kind="Secret", id_param="secretId", iam=True),
        "projects.secrets.versions": Resource(kind="SecretVersion"),
    },
)


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, SERVICE)


def allowed(cloud: Inside, principal: str = BOB, resource: str = VERSION, permission: str = ACCESS) -> bool:
    return cloud.cloud.iam.allowed(principal, permission, "secretmanager", resource, PROJECT)


def bind(cloud: Inside, member: str = BOB, role: str = ACCESSOR, **condition: str) -> dict[str, Any]:
    binding: dict[str, Any] = {"role": role, "members": [member]}
    if condition:
        binding["condition"] = {"title": "t", **condition}
    return cloud.cloud.iam.set_policy("secretmanager", SECRET, {"version": 3, "bindings": [binding]}, project=PROJECT)


def test_without_a_binding_nobody_has_access(cloud: Inside) -> None:
    assert not allowed(cloud)


def test_a_binding_on_the_secret_covers_its_versions(cloud: Inside) -> None:
    bind(cloud)
    assert allowed(cloud)
    assert not allowed(cloud, resource=f"projects/{PROJECT}/secrets/other/versions/1")


def test_a_binding_on_the_project_covers_everything_in_it(cloud: Inside) -> None:
    cloud.grant(ACCESSOR, BOB)
    assert allowed(cloud)


def test_a_role_grants_only_its_permissions(cloud: Inside) -> None:
    bind(cloud)
    assert not allowed(cloud, permission="secretmanager.secrets.delete")


def test_a_decision_changes_with_the_policy(cloud: Inside) -> None:
    assert not allowed(cloud)
    bind(cloud)
    assert allowed(cloud)
    cloud.cloud.iam.set_policy("secretmanager", SECRET, {"bindings": []})
    assert not allowed(cloud)


def test_a_decision_is_dropped_when_the_policy_is_rolled_back(cloud: Inside) -> None:
    store = cloud.cloud.store
    store.begin()
    bind(cloud)
    assert allowed(cloud)
    store.rollback()
    assert not allowed(cloud)


@pytest.mark.parametrize(
    ("member", "principal", "granted"),
    [
        ("allUsers", "", True),
        ("allAuthenticatedUsers", "", False),
        ("allAuthenticatedUsers", BOB, True),
        ("domain:example.com", BOB, True),
        ("domain:example.org", BOB, False),
        ("user:Bob@Example.com", BOB, True),
        ("group:team@example.com", BOB, False),
    ],
)
def test_members_mean_principals(cloud: Inside, member: str, principal: str, granted: bool) -> None:
    bind(cloud, member)
    assert allowed(cloud, principal) is granted


def test_a_convenience_member_grants_by_the_projects_roles(cloud: Inside) -> None:
    cloud.cloud.iam.write(
        "secretmanager", SECRET, {"bindings": [{"role": ACCESSOR, "members": [f"projectViewer:{PROJECT}"]}]}
    )
    assert not allowed(cloud)
    cloud.grant("roles/viewer", BOB)
    assert allowed(cloud)


def test_a_convenience_member_in_the_projects_own_policy_matches_nobody(cloud: Inside) -> None:
    owners = {"role": ACCESSOR, "members": [f"projectOwner:{PROJECT}", f"projectViewer:{PROJECT}"]}
    cloud.cloud.iam.write(PROJECTS, f"projects/{PROJECT}", {"bindings": [owners]})
    assert not allowed(cloud)


@pytest.mark.parametrize(("numbered", "project"), [(True, NUMBER), (False, PROJECT)])
def test_a_condition_sees_names_as_the_service_writes_them(tmp_path: Path, numbered: bool, project: str) -> None:
    cloud = inside(tmp_path, replace(SERVICE, numbered=numbered))
    bind(cloud, expression=f'resource.name.startsWith("projects/{project}/secrets/s")')
    assert allowed(cloud)
    bind(cloud, expression=f'!resource.name.startsWith("projects/{project}/secrets/s")')
    assert not allowed(cloud)


def test_a_condition_may_ask_for_the_type(cloud: Inside) -> None:
    bind(cloud, expression='resource.type == "secretmanager.googleapis.com/SecretVersion"')
    assert allowed(cloud)
    assert not allowed(cloud, resource=SECRET)


def test_a_condition_ends_with_the_clock(cloud: Inside) -> None:
    ends = cloud.cloud.clock.rfc3339(60)
    bind(cloud, expression=f'request.time < timestamp("{ends}")')
    assert allowed(cloud)
    cloud.cloud.clock.advance(61)
    assert not allowed(cloud)


@pytest.mark.parametrize("expression", ["!" * 5000 + "true", "(" * 2000, "resource.owner == 'me'"])
def test_an_existing_condition_that_cannot_be_parsed_locks_nobody_out(cloud: Inside, expression: str) -> None:
    ours = {"role": ACCESSOR, "members": [BOB], "condition": {"title": "t", "expression": expression}}
    stored = cloud.cloud.iam.write("secretmanager", SECRET, {"version": 3, "bindings": [ours]})
    assert not allowed(cloud) or "!!" in expression
    cloud.grant("roles/owner", BOB)
    assert allowed(cloud)
    more = {"role": ACCESSOR, "members": ["user:ann@example.com"]}
    changed = cloud.cloud.iam.set_policy("secretmanager", SECRET, stored | {"bindings": [ours, more]}, project=PROJECT)
    assert changed["bindings"] == [ours, more]
    assert allowed(cloud, "user:ann@example.com")


def test_a_condition_that_cannot_be_read_does_not_grant(cloud: Inside) -> None:
    bind(cloud, expression='resource.matchTag("env", "prod")')
    assert not allowed(cloud)


def test_a_custom_role_grants_until_it_changes_or_is_deleted(cloud: Inside) -> None:
    role = f"projects/{PROJECT}/roles/reader"
    cloud.cloud.store.put("iam", role, {"includedPermissions": [ACCESS]})
    bind(cloud, role=role)
    assert allowed(cloud)
    cloud.cloud.store.put("iam", role, {"includedPermissions": ["secretmanager.secrets.get"]})
    assert not allowed(cloud)
    cloud.cloud.store.put("iam", role, {"includedPermissions": [ACCESS], "deleted": True})
    assert not allowed(cloud)


@pytest.mark.parametrize(
    ("member", "role", "message"),
    [
        ("bob@example.com", ACCESSOR, "unknown type"),
        (BOB, "roles/nosuch.role", "Role roles/nosuch.role is not supported for this resource"),
        (BOB, f"projects/{PROJECT}/roles/none", "is not supported for this resource"),
        (f"serviceAccount:none@{PROJECT}.iam.gserviceaccount.com", ACCESSOR, "does not exist"),
        ("serviceAccount:x@other-project.iam.gserviceaccount.com", ACCESSOR, "does not exist"),
        ("serviceAccount:service-999@gcp-sa-aiplatform.iam.gserviceaccount.com", ACCESSOR, "does not exist"),
    ],
)
def test_names_that_do_not_exist_are_refused(cloud: Inside, member: str, role: str, message: str) -> None:
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", {})
    response = cloud(
        "POST",
        f"secretmanager/v1/{SECRET}:setIamPolicy",
        {"policy": {"bindings": [{"role": role, "members": [member]}]}},
    )
    assert response.status == 400
    assert message in response.message


def test_existing_accounts_and_agents_of_known_projects_are_accepted(cloud: Inside) -> None:
    email = f"train@{PROJECT}.iam.gserviceaccount.com"
    cloud.cloud.store.put("iam", f"projects/{PROJECT}/serviceAccounts/{email}", {"email": email})
    bind(cloud, f"serviceAccount:{email}")
    bind(cloud, f"serviceAccount:service-{NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com")
    bind(cloud, f"serviceAccount:{NUMBER}@cloudbuild.gserviceaccount.com")


def test_an_existing_member_may_stay_after_its_account_is_deleted(cloud: Inside) -> None:
    email = f"train@{PROJECT}.iam.gserviceaccount.com"
    account = f"projects/{PROJECT}/serviceAccounts/{email}"
    cloud.cloud.store.put("iam", account, {"email": email})
    policy = bind(cloud, f"serviceAccount:{email}")
    cloud.cloud.store.delete("iam", account)
    more = [*policy["bindings"], {"role": "roles/viewer", "members": [BOB]}]
    assert len(cloud.cloud.iam.set_policy("secretmanager", SECRET, {"bindings": more})["bindings"]) == 2


def test_a_renamed_member_is_renamed_everywhere(cloud: Inside) -> None:
    bind(cloud)
    cloud.grant(ACCESSOR, BOB)
    cloud.cloud.iam.rename(BOB, "deleted:user:bob@example.com?uid=1")
    assert not allowed(cloud)
    text = str(cloud.cloud.iam.policy("secretmanager", SECRET))
    assert "deleted:user:bob@example.com?uid=1" in text


def test_setting_the_same_policy_again_keeps_its_etag(cloud: Inside) -> None:
    assert bind(cloud) == bind(cloud)


def test_a_refusal_names_the_permission_and_the_resource_in_googles_words(cloud: Inside) -> None:
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", {})
    response = cloud.as_(BOB)("GET", f"secretmanager/v1/{SECRET}")
    assert response.status == 403
    assert response.message == (
        f"Permission 'secretmanager.secrets.get' denied on resource '//secretmanager.googleapis.com/{SECRET}' (or it may not exist)."
    )
    detail = response.body["error"]["details"][0]
    assert (detail["reason"], detail["metadata"]["permission"]) == (
        "IAM_PERMISSION_DENIED",
        "secretmanager.secrets.get",
    )


def test_no_token_is_a_401_and_a_bad_one_too(cloud: Inside) -> None:
    anonymous = cloud.as_("")
    assert anonymous("GET", f"secretmanager/v1/projects/{PROJECT}/secrets").status == 401
    assert anonymous("GET", f"secretmanager/v1/projects/{PROJECT}/secrets", authorization="Bearer ya29.x").status == 401


def test_anybody_may_do_what_all_users_may(cloud: Inside) -> None:
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", {})
    bind(cloud, "allUsers", "roles/secretmanager.viewer")
    assert cloud.as_("")("GET", f"secretmanager/v1/{SECRET}").status == 200


@pytest.mark.parametrize(
    "role",
    [
        "projects/other-project/roles/reader",
        f"projects/{PROJECT}/serviceAccounts/ci@{PROJECT}.iam.gserviceaccount.com",
        f"projects/{PROJECT}/roles/reader/roles/reader",
        f"projects/{PROJECT}/roles/absent",
        "organizations/1/roles/reader",
        "reader",
    ],
)
def test_an_invalid_role_is_refused_and_grants_nothing(cloud: Inside, role: str) -> None:
    body = {"includedPermissions": [ACCESS], "email": "x"}
    if "absent" not in role:
        cloud.cloud.store.put("iam", role, body)
    with pytest.raises(CloudError, match="is not supported for this resource"):
        bind(cloud, role=role)
    cloud.cloud.iam.write("secretmanager", SECRET, {"bindings": [{"role": role, "members": [BOB]}]})
    assert not allowed(cloud)
