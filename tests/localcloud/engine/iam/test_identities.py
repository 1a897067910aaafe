"""Callers, and which members of policies match them."""

import pytest
from localcloud.engine.iam.identities import Federated, NoIdentity, canonical, federated, member, members

POOL = "projects/1/locations/global/workloadIdentityPools/github"
AT = f"principal://iam.googleapis.com/{POOL}"
SETS = f"principalSet://iam.googleapis.com/{POOL}"


def test_an_anonymous_caller_matches_only_all_users() -> None:
    assert members(canonical("")) == {"allUsers"}


def test_a_user_is_also_of_a_domain_and_known() -> None:
    known = {"user:alice@example.com", "domain:example.com", "allAuthenticatedUsers", "allUsers"}
    assert members(canonical("user:Alice@Example.com")) == known


def test_a_service_account_belongs_to_no_domain() -> None:
    assert not any(one.startswith("domain:") for one in members("serviceAccount:a@p.iam.gserviceaccount.com"))


@pytest.mark.parametrize(
    "spelt",
    [
        "serviceAccount:ci@p.iam.gserviceaccount.com",
        "serviceAccount:CI@P.IAM.GServiceAccount.com",
        "user:ci@p.iam.gserviceaccount.com",
        "user:Ci@p.iam.gserviceAccount.com",
    ],
)
def test_an_account_is_one_principal_in_every_spelling(spelt: str) -> None:
    assert canonical(spelt) == "serviceAccount:ci@p.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    "text",
    ["alice", "user:", "user:alice", "user:a@b\n", "user:a b@c", "serviceAccount:118318581234567890123", "domain:b.com",
     "user:a@b@c", "principal://elsewhere/x", f"{AT}/subject/", f"{AT}x/y/subject/s", "allUsers"],
)  # fmt: skip
def test_an_invalid_name_is_no_principal(text: str) -> None:
    with pytest.raises(NoIdentity):
        canonical(text)


def test_a_federated_principal_is_in_the_sets_of_its_attributes() -> None:
    someone = Federated(POOL, "repo:o/r", ("admins",), (("attribute.repository", "o/r"),))
    assert members(someone.text) == {
        *("allUsers", "allAuthenticatedUsers", f"{AT}/subject/repo:o/r", f"{SETS}/*"),
        *(f"{SETS}/group/admins", f"{SETS}/attribute.repository/o/r"),
    }


NASTY = [
    "repo:good/repo:environment:x?attribute.rule=main&z=",
    "x?group=admins",
    "x&group=admins",
    "x#y",
    "a/subject/b",
    "a%3Fgroup=admins",
    "a;b=c",
    "a=b",
    "a+b c",
    "a\tb\nc",
    "æ☃",
    "/",
    "?",
]


@pytest.mark.parametrize("text", NASTY)
def test_a_subject_cannot_forge_other_names(text: str) -> None:
    someone = Federated(POOL, text)
    assert federated(someone.text) == someone
    assert canonical(someone.text) == someone.text
    assert members(someone.text) == {"allUsers", "allAuthenticatedUsers", f"{AT}/subject/{text}", f"{SETS}/*"}
    assert member(someone.text) == f"{AT}/subject/{text}"


@pytest.mark.parametrize("text", NASTY)
def test_groups_and_attributes_cannot_forge_other_names(text: str) -> None:
    someone = Federated(POOL, "s", (text,), (("attribute.a", text),))
    assert federated(someone.text) == someone
    more = {f"{SETS}/group/{text}", f"{SETS}/attribute.a/{text}"}
    assert members(someone.text) == {"allUsers", "allAuthenticatedUsers", f"{AT}/subject/s", f"{SETS}/*"} | more
