"""Members and the principals that they mean."""

import pytest
from localcloud.engine.iam.members import check, convenience, identities, normal
from localcloud.errors import CloudError

POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github"


@pytest.mark.parametrize(
    "member",
    [
        "allUsers",
        "user:alice@example.com",
        "group:team@example.com",
        "domain:example.com",
        "serviceAccount:a@p.iam.gserviceaccount.com",
        "projectEditor:p",
        "deleted:serviceAccount:a@p.iam.gserviceaccount.com?uid=1",
        f"principal:{POOL}/subject/s",
        f"principalSet:{POOL}/attribute.repository/o/r",
    ],
)
def test_members_that_google_takes_are_taken(member: str) -> None:
    check(member)


@pytest.mark.parametrize(
    "member", ["alice@example.com", "person:alice@example.com", "user:alice", "domain:", "principal://nowhere/x"]
)
def test_members_that_google_refuses_are_refused(member: str) -> None:
    with pytest.raises(CloudError) as caught:
        check(member)
    assert caught.value.code == 400


def test_the_error_says_what_a_member_needs() -> None:
    with pytest.raises(CloudError, match="Please set a valid type prefix for the member"):
        check("alice@example.com")


def test_nobody_is_only_all_users() -> None:
    assert identities("") == {"allUsers"}


def test_a_user_is_also_of_a_domain_and_known() -> None:
    assert identities("user:Alice@Example.com") >= {
        "user:alice@example.com",
        "domain:example.com",
        "allAuthenticatedUsers",
        "allUsers",
    }


def test_a_service_account_is_of_no_domain() -> None:
    assert not any(member.startswith("domain:") for member in identities("serviceAccount:a@p.iam.gserviceaccount.com"))


def test_a_federated_principal_is_in_the_sets_of_its_attributes() -> None:
    found = identities(f"principal:{POOL}/subject/repo%3Ao?attribute.repository=o/r&group=g")
    assert f"principal:{POOL}/subject/repo%3Ao" in found
    assert f"principalSet:{POOL}/attribute.repository/o/r" in found
    assert f"principalSet:{POOL}/group/g" in found
    assert f"principalSet:{POOL}/*" in found


def test_addresses_are_compared_in_lower_case() -> None:
    assert normal("user:Alice@Example.com") == "user:alice@example.com"
    assert normal("allUsers") == "allUsers"


def test_convenience_members_mean_a_role_in_a_project() -> None:
    assert convenience("projectOwner:p") == ("roles/owner", "p")
    assert convenience("user:a@example.com") is None
