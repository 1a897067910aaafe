"""Projects: made, read, changed, marked for deletion and brought back."""

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


def test_the_operation_of_a_create_is_done_and_can_be_asked_for(cloud: Client) -> None:
    operation = cloud.ok("POST", V3, {"projectId": f"{cloud.project}-x", "displayName": "X", "labels": {"a": "b"}})
    assert operation["done"] is True
    assert operation["metadata"]["@type"].endswith("CreateProjectMetadata")
    assert operation["response"]["displayName"] == "X"
    assert cloud.ok("GET", f"cloudresourcemanager/v3/{operation['name']}") == operation


@pytest.mark.parametrize("identity", ["", "Upper-case", "short", "ends-with-", "1digit-first", "x" * 31])
def test_an_id_that_google_would_not_take_is_refused(cloud: Client, identity: str) -> None:
    answer = cloud("POST", V1, {"projectId": identity})
    assert answer.status == 400
    assert "6 to 30 lower-case letters" in answer.message


def test_an_id_is_taken_once_whoever_asks(cloud: Client) -> None:
    assert cloud.as_(BOB)("POST", V1, {"projectId": cloud.project}).status == 409


def test_an_unknown_project_is_a_403_and_so_is_somebody_elses(cloud: Client) -> None:
    for client, project in [(cloud, "no-such-project"), (cloud.as_(BOB), cloud.project)]:
        answer = client("GET", f"{V1}/{project}")
        assert (answer.status, answer.body["error"]["status"]) == (403, "PERMISSION_DENIED")
        assert answer.message == "The caller does not have permission"
        assert answer.reasons == ["IAM_PERMISSION_DENIED"]
        newer = client("GET", f"{V3}/{project}")
        where = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        assert newer.message == (
            f"Permission 'resourcemanager.projects.get' denied on resource '{where}' (or it may not exist)."
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
    body = cloud.ok("PUT", f"{V1}/{cloud.project}", {"name": "New", "labels": {"c": "d"}})
    assert (body["name"], body["labels"]) == ("New", {"c": "d"})


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
    asked = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.delete"]}
    path = f"{V1}/{cloud.project}:testIamPermissions"
    assert cloud.as_(BOB).ok("POST", path, asked) == {"permissions": ["resourcemanager.projects.get"]}
    assert cloud.as_("user:eve@example.com").ok("POST", path, asked) == {}


def test_the_ancestry_of_a_lone_project_is_itself(cloud: Client) -> None:
    found = cloud.ok("POST", f"{V1}/{cloud.project}:getAncestry", {})
    assert found == {"ancestor": [{"resourceId": {"type": "project", "id": cloud.project}}]}


def test_folders_are_not_emulated_and_say_so(cloud: Client) -> None:
    assert cloud("GET", "cloudresourcemanager/v3/folders/1").status == 501
