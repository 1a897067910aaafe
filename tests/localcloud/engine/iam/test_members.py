"""Members of policies."""

import pytest
from localcloud.engine.iam.members import check, convenience, normal
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
def test_members_that_google_accepts_are_accepted(member: str) -> None:
    check(member)


@pytest.mark.parametrize(
    "member", ["alice@example.com", "person:alice@example.com", "user:alice", "domain:", "principal://nowhere/x"]
)
def test_members_that_google_refuses_are_refused(member: str) -> None:
    with pytest.raises(CloudError) as caught:
        check(member)
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "member",
    [
        "user:\N{CYRILLIC SMALL LETTER A}lice@example.com", "user:alice\u202e@example.com", "group:team\u200b@example.com",
        "user:alice\x1b[2J@example.com", "user:alice@ex\N{CYRILLIC SMALL LETTER A}mple.com", "domain:example\x1b.com", "domain:example.com\n",
    ],
)  # fmt: skip
def test_no_address_looks_like_another(member: str) -> None:
    with pytest.raises(CloudError, match=r"Invalid (user|group|domain)"):
        check(member)


def test_the_error_says_what_a_member_needs() -> None:
    with pytest.raises(CloudError, match="Please set a valid type prefix for the member"):
        check("alice@example.com")


def test_addresses_are_compared_case_insensitively() -> None:
    assert normal("user:Alice@Example.com") == "user:alice@example.com"
    assert normal("allUsers") == "allUsers"


def test_convenience_members_mean_a_role_in_a_project() -> None:
    assert convenience("projectOwner:p") == ("roles/owner", "p")
    assert convenience("user:a@example.com") is None
