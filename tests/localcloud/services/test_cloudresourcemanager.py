"""Projects: created, read, changed, marked for deletion and restored."""

import pytest

from tests.cloud_client import Client

V1 = "cloudresourcemanager/v1/projects"
V3 = "cloudresourcemanager/v3/projects"
BOB = "user:bob@example.com"


def test_a_new_project_has_a_number_and_belongs_to_its_maker(cloud: Client) -> None:
    body = cloud.ok("GET", f"{V1}/{cloud.project}")
    assert body["projectId"] == body["name"] == cloud.project
    assert body["lifecycleState"] == "ACTIVE"
    assert len(body["projectNumber"]) == 12
    policy = cloud.ok("POST", f"{V1}/{cloud.project}:getIamPolicy", {})
    assert policy["bindings"] == [{"role": "roles/owner", "members": [cloud.principal]}]


def test_version_3_names_it_by_number(cloud: Client) -> None:
    number = cloud.ok("GET", f"{V1}/{cloud.project}")["projectNumber"]
    body = cloud.ok("GET", f"{V3}/{cloud.project}")
    assert (body["name"], body["projectId"], body["state"]) == (f"projects/{number}", cloud.project, "ACTIVE")
    assert cloud.ok("GET", f"{V3}/{number}") == body
    assert cloud.ok("GET", f"{V1}/{number}")["projectId"] == cloud.project


def test_the_operation_of_a_create_is_done_and_can_be_read(cloud: Client) -> None:
    operation = cloud.ok(
        "POST", V3, {"projectId": f"{cloud.project}-x", "displayName": "Cats and dogs!", "labels": {"a": "b"}}
    )
    assert operation["done"] is True
    assert operation["metadata"]["@type"].endswith("CreateProjectMetadata")
    assert operation["response"]["displayName"] == "Cats and dogs!"
    assert cloud.ok("GET", f"cloudresourcemanager/v3/{operation['name']}") == operation


@pytest.mark.parametrize(
    ("identity", "issue"),
    [
        ("", "must be at least 6 characters long"),
        ("short", "must be at least 6 characters long"),
        ("x" * 31, "must be at most 30 characters long"),
        ("Upper-case", "contains invalid characters"),
        ("ends-with-", "contains invalid characters"),
        ("1digit-first", "contains invalid characters"),
    ],
)
def test_an_id_that_google_would_refuse_is_refused(cloud: Client, identity: str, issue: str) -> None:
    answer = cloud("POST", V1, {"projectId": identity})
    assert (answer.status, answer.message) == (400, f"field [project_id] has issue [project_id {issue}]")


@pytest.mark.parametrize("name", ["Cat", "x" * 31, "Cats <3"])
def test_a_display_name_has_4_to_30_plain_characters(cloud: Client, name: str) -> None:
    response = cloud("POST", V3, {"projectId": f"{cloud.project}-n", "displayName": name})
    assert (response.status, "field [display_name] has issue" in response.message) == (400, True)
    assert cloud("PATCH", f"{V3}/{cloud.project}", {"displayName": name}, updateMask="displayName").status == 400
    assert "field [name] has issue" in cloud("PUT", f"{V1}/{cloud.project}", {"name": name}).message


def test_each_operation_says_what_kind_of_change_it_was(cloud: Client) -> None:
    kinds = [
        cloud.ok("PATCH", f"{V3}/{cloud.project}", {"displayName": "Newer"}, updateMask="displayName"),
        cloud.ok("DELETE", f"{V3}/{cloud.project}"),
        cloud.ok("POST", f"{V3}/{cloud.project}:undelete", {}),
    ]
    prefix = "type.googleapis.com/google.cloud.resourcemanager.v3."
    assert [one["metadata"] for one in kinds] == [
        {"@type": f"{prefix}{verb}ProjectMetadata"} for verb in ("Update", "Delete", "Undelete")
    ]
    assert {one["response"]["@type"] for one in kinds} == {f"{prefix}Project"}


def test_there_is_no_organization_around_a_project(cloud: Client) -> None:
    api = "cloudresourcemanager"
    for verb, path in [("POST", "v1/organizations:search"), ("GET", "v3/organizations:search"), ("GET", "v1/liens")]:
        assert cloud.ok(verb, f"{api}/{path}") == {}
    for version, message in [("v1", "does not have permission"), ("v3", "'resourcemanager.organizations.get' denied")]:
        answer = cloud("GET", f"{api}/{version}/organizations/123")
        assert (answer.status, message in answer.message) == (403, True)


def test_no_constraint_holds_until_it_is_set(cloud: Client) -> None:
    request = {"constraint": "constraints/iam.disableServiceAccountKeyCreation"}
    path = f"{V1}/{cloud.project}"
    assert cloud.ok("POST", f"{path}:getEffectiveOrgPolicy", request) == request | {"booleanPolicy": {}}
    assert cloud.ok("POST", f"{path}:getOrgPolicy", request) == request
    assert cloud.ok("POST", f"{path}:listOrgPolicies", {}) == {}
    sent = {"policy": request | {"booleanPolicy": {"enforced": True}}}
    assert cloud("POST", f"{path}:setOrgPolicy", sent).status == 403
    policy = cloud.ok("POST", f"{path}:getIamPolicy", {})
    policy["bindings"].append({"role": "roles/orgpolicy.policyAdmin", "members": [cloud.principal]})
    cloud.ok("POST", f"{path}:setIamPolicy", {"policy": policy})
    created = cloud.ok("POST", f"{path}:setOrgPolicy", sent)
    assert cloud.ok("POST", f"{path}:getOrgPolicy", {"constraint": request["constraint"][12:]}) == created
    assert cloud.ok("POST", f"{path}:getEffectiveOrgPolicy", request)["booleanPolicy"] == {"enforced": True}
    assert cloud.ok("POST", f"{path}:listOrgPolicies", {}) == {"policies": [created]}
    assert cloud("POST", f"{path}:setOrgPolicy", {"policy": sent["policy"] | {"etag": "AAAA"}}).status == 409
    assert cloud("POST", f"{path}:setOrgPolicy", {"policy": request | {"listPolicy": {}}}).status == 501
    assert cloud.ok("POST", f"{path}:clearOrgPolicy", request | {"etag": created["etag"]}) == {}
    assert cloud.ok("POST", f"{path}:listOrgPolicies", {}) == {}
    assert cloud.as_(BOB)("POST", f"{path}:listOrgPolicies", {}).status == 403


def test_an_id_can_be_used_once_by_anybody(cloud: Client) -> None:
    assert cloud.as_(BOB)("POST", V1, {"projectId": cloud.project}).status == 409


def test_an_unknown_project_is_a_403_and_so_is_an_invisible_one(cloud: Client) -> None:
    for client, project in [(cloud, "no-such-project"), (cloud.as_(BOB), cloud.project)]:
        answer = client("GET", f"{V1}/{project}")
        assert (answer.status, answer.body["error"]["status"]) == (403, "PERMISSION_DENIED")
        assert answer.message == "The caller does not have permission"
        assert answer.reasons == ["IAM_PERMISSION_DENIED"]
        newer = client("GET", f"{V3}/{project}")
        resource = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        assert newer.message == (
            f"Permission 'resourcemanager.projects.get' denied on resource '{resource}' (or it may not exist)."
        )


def test_lists_show_what_the_caller_may_see(cloud: Client) -> None:
    assert cloud.project in [one["projectId"] for one in cloud.ok("GET", V1, pageSize="500")["projects"]]
    assert cloud.as_(f"user:{cloud.project}@example.com").ok("GET", V1) == {}


def test_lists_are_filtered_and_paged(cloud: Client) -> None:
    carol = cloud.as_(f"user:carol-{cloud.project}@example.com")
    names = [f"{cloud.project}-{letter}" for letter in "abc"]
    for name in names:
        carol.ok("POST", V1, {"projectId": name, "labels": {"team": name[-1]}})
    carol.ok("DELETE", f"{V1}/{names[2]}")
    first = carol.ok("GET", V1, filter="lifecycleState:ACTIVE", pageSize="1")
    rest = carol.ok("GET", V1, filter="lifecycleState:ACTIVE", pageSize="1", pageToken=first["nextPageToken"])
    assert [one["projectId"] for one in first["projects"] + rest["projects"]] == names[:2]
    assert "nextPageToken" not in rest
    assert [one["projectId"] for one in carol.ok("GET", V1, filter="labels.team:b")["projects"]] == [names[1]]
    assert [one["projectId"] for one in carol.ok("GET", f"{V3}:search", query=f"id:{names[0]}")["projects"]] == [
        names[0]
    ]


def test_labels_and_names_change(cloud: Client) -> None:
    cloud.ok("PATCH", f"{V3}/{cloud.project}", {"labels": {"a": "b"}}, updateMask="labels")
    body = cloud.ok("PUT", f"{V1}/{cloud.project}", {"name": "Newer", "labels": {"c": "d"}})
    assert (body["name"], body["labels"]) == ("Newer", {"c": "d"})


def test_a_deleted_project_answers_only_about_itself_and_can_come_back(cloud: Client) -> None:
    cloud.enable("secretmanager")
    assert cloud.ok("DELETE", f"{V1}/{cloud.project}") == {}
    assert cloud.ok("GET", f"{V1}/{cloud.project}")["lifecycleState"] == "DELETE_REQUESTED"
    assert cloud("GET", f"secretmanager/v1/projects/{cloud.project}/secrets").status == 403
    assert cloud("DELETE", f"{V1}/{cloud.project}").status == 400
    cloud.ok("POST", f"{V1}/{cloud.project}:undelete", {})
    assert cloud.ok("GET", f"secretmanager/v1/projects/{cloud.project}/secrets") == {}
    assert cloud("POST", f"{V1}/{cloud.project}:undelete", {}).status == 400


def test_policies_are_changed_by_read_modify_write(cloud: Client) -> None:
    cloud.grant("roles/viewer", BOB)
    assert cloud.as_(BOB)("GET", f"{V1}/{cloud.project}").status == 200
    assert cloud.as_(BOB)("POST", f"{V1}/{cloud.project}:setIamPolicy", {"policy": {}}).status == 403
    stale = cloud("POST", f"{V1}/{cloud.project}:setIamPolicy", {"policy": {"etag": "BwAAAAAAAAA=", "bindings": []}})
    assert stale.status == 409
    assert "There were concurrent policy changes" in stale.message


def test_the_provider_sends_a_mask_with_a_policy(cloud: Client) -> None:
    path = f"{V1}/{cloud.project}"
    policy = cloud.ok("POST", f"{path}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    policy["bindings"].append({"role": "roles/viewer", "members": [BOB]})
    sent = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    assert len(cloud.ok("POST", f"{path}:setIamPolicy", sent)["bindings"]) == 2


def test_permissions_are_tested_for_the_caller(cloud: Client) -> None:
    cloud.grant("roles/viewer", BOB)
    request = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.delete"]}
    path = f"{V1}/{cloud.project}:testIamPermissions"
    assert cloud.as_(BOB).ok("POST", path, request) == {"permissions": ["resourcemanager.projects.get"]}
    assert cloud.as_("user:eve@example.com").ok("POST", path, request) == {}


def test_the_ancestry_of_a_lone_project_is_itself(cloud: Client) -> None:
    found = cloud.ok("POST", f"{V1}/{cloud.project}:getAncestry", {})
    assert found == {"ancestor": [{"resourceId": {"type": "project", "id": cloud.project}}]}


def test_folders_are_not_emulated_and_say_so(cloud: Client) -> None:
    assert cloud("POST", "cloudresourcemanager/v3/folders", {"displayName": "Cats"}).status == 501


@pytest.mark.parametrize("mask", ["projectId", "state", "parent", "displayName,createTime", "nonsense"])
def test_only_name_and_labels_of_a_project_can_be_changed(cloud: Client, mask: str) -> None:
    before = cloud.ok("GET", f"{V3}/{cloud.project}")
    refused = cloud("PATCH", f"{V3}/{cloud.project}", {"displayName": "Newer"}, updateMask=mask)
    assert (refused.status, "cannot be changed" in refused.message) == (400, True)
    assert cloud.ok("GET", f"{V3}/{cloud.project}") == before


def test_a_mask_for_everything_clears_the_labels_and_nothing_else(cloud: Client) -> None:
    cloud.ok("PATCH", f"{V3}/{cloud.project}", {"labels": {"a": "b"}}, updateMask="labels")
    cloud.ok("PATCH", f"{V3}/{cloud.project}", {"displayName": "Newer", "projectId": "other"}, updateMask="*")
    body = cloud.ok("GET", f"{V3}/{cloud.project}")
    assert (body["displayName"], body["projectId"], "labels" in body) == ("Newer", cloud.project, False)


def test_a_stale_etag_of_a_project_is_refused(cloud: Client) -> None:
    etag = cloud.ok("GET", f"{V3}/{cloud.project}")["etag"]
    cloud.ok("PATCH", f"{V3}/{cloud.project}", {"displayName": "Newer", "etag": etag}, updateMask="displayName")
    stale = cloud("PATCH", f"{V3}/{cloud.project}", {"displayName": "Newest", "etag": etag}, updateMask="displayName")
    assert (stale.status, "has changed since it was read" in stale.message) == (409, True)


@pytest.mark.parametrize("public", ["allUsers", "allAuthenticatedUsers"])
def test_a_project_cannot_be_public(cloud: Client, public: str) -> None:
    path = f"{V1}/{cloud.project}"
    policy = cloud.ok("POST", f"{path}:getIamPolicy", {})
    policy["bindings"].append({"role": "roles/viewer", "members": [public]})
    refused = cloud("POST", f"{path}:setIamPolicy", {"policy": policy})
    assert (refused.status, refused.body["error"]["details"][0]["member"]) == (400, public)


@pytest.mark.parametrize("left", [[], [{"role": "roles/editor", "members": [BOB]}]])
def test_a_project_keeps_an_owner(cloud: Client, left: list[object]) -> None:
    path = f"{V1}/{cloud.project}"
    before = cloud.ok("POST", f"{path}:getIamPolicy", {})
    refused = cloud("POST", f"{path}:setIamPolicy", {"policy": {"bindings": left}})
    assert (refused.status, "must keep an owner" in refused.message) == (400, True)
    assert cloud.ok("POST", f"{path}:getIamPolicy", {}) == before
    kept = [*left, {"role": "roles/owner", "members": [cloud.principal]}]
    cloud.ok("POST", f"{path}:setIamPolicy", {"policy": {"bindings": kept}})


def test_a_person_becomes_an_owner_only_by_invitation(cloud: Client) -> None:
    path = f"{V1}/{cloud.project}"
    policy = cloud.ok("POST", f"{path}:getIamPolicy", {})
    policy["bindings"][0]["members"].append(BOB)
    refused = cloud("POST", f"{path}:setIamPolicy", {"policy": policy})
    assert (refused.status, refused.body["error"]["details"]) == (
        400,
        [
            {
                "@type": "type.googleapis.com/google.cloudresourcemanager.v1.ProjectIamPolicyError",
                "member": BOB,
                "type": "SOLO_MUST_INVITE_OWNERS",
                "role": "roles/owner",
            }
        ],
    )
