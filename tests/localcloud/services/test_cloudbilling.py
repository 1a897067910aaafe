"""The one simulated billing account."""

from tests.cloud_client import Client

ACCOUNT = "billingAccounts/000000-000000-000000"


def test_a_project_is_linked_and_unlinked(cloud: Client) -> None:
    path = f"cloudbilling/v1/projects/{cloud.project}/billingInfo"
    assert cloud.ok("GET", path)["billingEnabled"] is False
    assert cloud.ok("PUT", path, {"billingAccountName": ACCOUNT})["billingEnabled"] is True
    assert cloud.ok("GET", path)["billingAccountName"] == ACCOUNT
    assert cloud.ok("PUT", path, {"billingAccountName": ""})["billingEnabled"] is False


def test_there_is_one_account_and_it_says_that_it_is_simulated(cloud: Client) -> None:
    [account] = cloud.ok("GET", "cloudbilling/v1/billingAccounts")["billingAccounts"]
    assert account["name"] == ACCOUNT
    assert "Simulated" in account["displayName"]
    assert cloud.ok("GET", f"cloudbilling/v1/{ACCOUNT}") == account
    assert cloud("GET", "cloudbilling/v1/billingAccounts/111111-111111-111111").status == 404


def test_an_unknown_account_cannot_be_linked(cloud: Client) -> None:
    path = f"cloudbilling/v1/projects/{cloud.project}/billingInfo"
    answer = cloud("PUT", path, {"billingAccountName": "billingAccounts/111111-111111-111111"})
    assert answer.status == 400
    assert ACCOUNT in answer.message


def test_linking_needs_its_permission(cloud: Client) -> None:
    cloud.grant("roles/viewer", "user:bob@example.com")
    bob = cloud.as_("user:bob@example.com")
    path = f"cloudbilling/v1/projects/{cloud.project}/billingInfo"
    assert bob("GET", path).status == 200
    assert bob("PUT", path, {"billingAccountName": ""}).status == 403


def test_the_account_lists_the_projects_that_it_pays_for(cloud: Client) -> None:
    path = f"cloudbilling/v1/{ACCOUNT}/projects"
    cloud.ok("PUT", f"cloudbilling/v1/projects/{cloud.project}/billingInfo", {"billingAccountName": ACCOUNT})
    listed = cloud.ok("GET", path)["projectBillingInfo"]
    assert cloud.ok("GET", f"cloudbilling/v1/projects/{cloud.project}/billingInfo") in listed
    stranger = cloud.as_("user:stranger@example.com").ok("GET", path)
    assert cloud.project not in {one["projectId"] for one in stranger.get("projectBillingInfo", [])}
    cloud.ok("PUT", f"cloudbilling/v1/projects/{cloud.project}/billingInfo", {"billingAccountName": ""})
    left = cloud.ok("GET", path).get("projectBillingInfo", [])
    assert cloud.project not in {one["projectId"] for one in left}


def test_everybody_may_use_the_simulated_account_and_no_other(cloud: Client) -> None:
    request = {"permissions": ["billing.resourceAssociations.create", "billing.accounts.get"]}
    assert cloud.ok("POST", f"cloudbilling/v1/{ACCOUNT}:testIamPermissions", request) == request
    assert "bindings" not in cloud.ok("GET", f"cloudbilling/v1/{ACCOUNT}:getIamPolicy")
    other = cloud("POST", "cloudbilling/v1/billingAccounts/111111-111111-111111:testIamPermissions", request)
    assert (other.status, other.message) == (403, "The caller does not have permission")
