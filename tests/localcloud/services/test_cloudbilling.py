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
