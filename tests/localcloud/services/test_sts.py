"""Token exchange: local tokens, and tokens of identity providers that a project trusts."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from localcloud.engine.tokens import Tokens

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

TOKEN = "/sts/v1/token"
POOLS = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/github"
AUDIENCE = f"//iam.googleapis.com/{POOL}/providers/github"
WORKFORCE = "//iam.googleapis.com/locations/global/workforcePools/team/providers/local"
SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"
ISSUER = "https://token.actions.githubusercontent.com"
PROVIDER = {
    "oidc": {"issuerUri": ISSUER},
    "attributeMapping": {
        "google.subject": "assertion.sub",
        "attribute.repository": "assertion.repository",
        "attribute.main": "assertion.ref == 'refs/heads/main' ? 'yes' : 'no'",
    },
    "attributeCondition": "assertion.repository_owner_id == '42' && assertion.repository.startsWith('cats/')",
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "iam", "iamcredentials", "secretmanager")
    call("POST", f"{POOLS}?workloadIdentityPoolId=github", {})
    call("POST", f"{POOLS}/github/providers?workloadIdentityPoolProviderId=github", PROVIDER)
    return call


def exchange(call: Sender, token: str, audience: str = AUDIENCE, status: int = 200, **more: str) -> dict[str, Any]:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": audience,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    } | more
    headers = {"content-type": "application/x-www-form-urlencoded"}
    created: dict[str, Any] = call.send("POST", TOKEN, headers, urlencode(form).encode(), status)
    return created


def jwt(call: Sender, **changes: Any) -> str:
    body = {
        "iss": ISSUER,
        "aud": f"https:{AUDIENCE}",
        "sub": "repo:cats/dogs:ref:refs/heads/main",
        "repository": "cats/dogs",
        "repository_owner_id": "42",
        "ref": "refs/heads/main",
        "exp": call.cloud.clock.seconds() + 300,
    } | changes
    return call.cloud.tokens.assertion(body)


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {answer['access_token']}", "content-type": "application/json"}


@pytest.mark.parametrize("audience", [WORKFORCE, AUDIENCE])
def test_a_local_token_is_exchanged_for_one_of_the_same_principal_for_an_hour(call: Sender, audience: str) -> None:
    answer = exchange(call, f"{call.cloud.tokens.token(call.principal)}\n", audience)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    call.send("GET", SECRETS, bearer(answer), b"")
    call.later(seconds=3601)
    call.send("GET", SECRETS, bearer(answer), b"", 401)


@pytest.mark.parametrize("audience", [WORKFORCE, AUDIENCE])
def test_no_exchange_prolongs_a_token(call: Sender, audience: str) -> None:
    soon = int(call.cloud.clock.seconds()) + 60
    answer = exchange(call, call.cloud.tokens.token(call.principal, soon), audience)
    assert answer["expires_in"] <= 60
    call.later(seconds=61)
    call.send("GET", SECRETS, bearer(answer), b"", 401)


def test_a_request_for_a_downscoped_token_gets_no_full_token(call: Sender) -> None:
    boundary = json.dumps({"accessBoundary": {"accessBoundaryRules": []}})
    answer = exchange(call, call.cloud.tokens.token(call.principal), status=400, options=boundary)
    assert "Credential Access Boundaries" in answer["error_description"]


def test_a_trusted_workflow_acts_as_what_its_claims_map_to(call: Sender) -> None:
    answer = exchange(call, jwt(call))
    assert answer["expires_in"] <= 300
    call.send("GET", SECRETS, bearer(answer), b"", 403)
    call.grant("roles/secretmanager.viewer", f"principalSet://iam.googleapis.com/{POOL}/attribute.repository/cats/dogs")
    call.send("GET", SECRETS, bearer(answer), b"")
    other = exchange(call, jwt(call, repository="cats/birds"))
    call.send("GET", SECRETS, bearer(other), b"", 403)


def test_a_workflow_impersonates_an_account_that_trusts_its_repository(call: Sender) -> None:
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "deployer"})
    account = f"deployer@{PROJECT}.iam.gserviceaccount.com"
    member = f"principalSet://iam.googleapis.com/{POOL}/attribute.main/yes"
    policy = {"bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [member]}]}
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts/{account}:setIamPolicy", {"policy": policy})
    path, body = f"/iamcredentials/v1/projects/-/serviceAccounts/{account}:generateAccessToken", b'{"scope":["openid"]}'
    created = call.send("POST", path, bearer(exchange(call, jwt(call))), body)
    assert created["accessToken"].startswith(f"local/serviceAccount:{account}/")
    call.send("POST", path, bearer(exchange(call, jwt(call, ref="refs/heads/evil"))), body, 403)


@pytest.mark.parametrize(
    ("changes", "word", "message"),
    [
        ({"iss": "https://evil.example.com"}, "invalid_grant", "does not match the expected ones"),
        ({"aud": "somebody-else"}, "invalid_grant", "does not match the expected audience"),
        ({"exp": 1}, "invalid_grant", "is stale to sign-in"),
        ({"repository_owner_id": "666"}, "unauthorized_client", "rejected by the attribute condition"),
        ({"repository": "dogs/cats"}, "unauthorized_client", "rejected by the attribute condition"),
        ({"repository": None}, "unauthorized_client", "must be of type STRING"),
        ({"sub": 7}, "unauthorized_client", "'google.subject' must be of type STRING"),
        ({"sub": "é" * 64}, "invalid_request", "google.subject exceeds the 127 bytes limit"),
    ],
)
def test_a_token_that_the_provider_does_not_trust_is_refused(
    call: Sender, changes: dict[str, Any], word: str, message: str
) -> None:
    answer = exchange(call, jwt(call, **changes), status=400)
    assert answer["error"] == word
    assert message in answer["error_description"]


@pytest.mark.parametrize(
    ("token", "more", "word"),
    [
        ("nonsense", {}, "invalid_grant"),
        ("local/user:owner@example.com/1", {}, "invalid_grant"),
        ("", {}, "invalid_request"),
        ("local/user:a@example.com", {"grant_type": "password"}, "unsupported_grant_type"),
        ("local/user:a@example.com", {"audience": "//iam.googleapis.com/nonsense"}, "invalid_request"),
        ("local/user:a@example.com", {"audience": AUDIENCE.replace("/github/", "/none/")}, "invalid_target"),
    ],
)
def test_wrong_exchanges_are_refused_in_the_words_of_oauth(
    call: Sender, token: str, more: dict[str, str], word: str
) -> None:
    assert exchange(call, token, status=400, **more)["error"] == word


def test_claims_without_the_clouds_key_are_refused(call: Sender) -> None:
    parts = jwt(call).split(".")
    parts[1] = base64.urlsafe_b64encode(json.dumps({"iss": ISSUER, "sub": "repo:cats/dogs"}).encode()).decode()
    for forged in (
        ".".join(parts),
        jwt(call).rpartition(".")[0] + ".signature",
        Tokens(b"guess").assertion({"iss": ISSUER}),
    ):
        answer = exchange(call, forged, status=400)
        assert (answer["error"], "signature" in answer["error_description"]) == ("invalid_grant", True)


def test_a_deleted_pool_or_disabled_provider_trusts_nobody(call: Sender) -> None:
    call("PATCH", f"{POOLS}/github/providers/github?updateMask=disabled", {"disabled": True})
    assert exchange(call, jwt(call), status=400)["error"] == "invalid_target"
    call("PATCH", f"{POOLS}/github/providers/github?updateMask=disabled", {"disabled": False})
    exchange(call, jwt(call))
    call("DELETE", f"{POOLS}/github")
    assert exchange(call, jwt(call), status=400)["error"] == "invalid_target"


@pytest.mark.parametrize(
    "subject",
    [
        "repo:good/repo:environment:x?attribute.main=yes&z=",
        "x&attribute.main=yes",
        "x/attribute.main/yes",
        "x?group=admins",
        "x%3Fattribute.main=yes",
        "x#?attribute.main=yes",
        "x;attribute.main=yes",
        "x\n?attribute.main=yes",
        "x/9999999999",
    ],
)
def test_a_subjects_special_characters_gain_nothing(call: Sender, subject: str) -> None:
    for more in ("attribute.main/yes", "group/admins"):
        call.grant("roles/secretmanager.viewer", f"principalSet://iam.googleapis.com/{POOL}/{more}")
    answer = exchange(call, jwt(call, sub=subject, ref="refs/heads/evil"))
    call.send("GET", SECRETS, bearer(answer), b"", 403)
    call.grant("roles/secretmanager.viewer", f"principal://iam.googleapis.com/{POOL}/subject/{subject}")
    call.send("GET", SECRETS, bearer(answer), b"")


@pytest.mark.parametrize(("subject", "length"), [("é" * 64, 128), ("", 0)])
def test_a_subject_has_between_1_and_127_bytes(call: Sender, subject: str, length: int) -> None:
    assert len(subject.encode()) == length
    assert "google.subject" in exchange(call, jwt(call, sub=subject), status=400)["error_description"]
    exchange(call, jwt(call, sub="x" * 127))


def test_a_condition_with_a_costly_regular_expression_answers_at_once(call: Sender) -> None:
    condition = "assertion.repository_owner_id == '42' && assertion.a.matches('^(a+)+$')"
    call("PATCH", f"{POOLS}/github/providers/github?updateMask=attributeCondition", {"attributeCondition": condition})
    assert exchange(call, jwt(call, a="a" * 30_000 + "b"), status=400)["error"] == "unauthorized_client"
    exchange(call, jwt(call, a="a" * 30_000))


def test_a_token_of_a_pool_ends_with_the_pool_and_returns_with_it(call: Sender) -> None:
    headers = bearer(exchange(call, jwt(call)))
    subject = f"principal://iam.googleapis.com/{POOL}/subject/repo:cats/dogs:ref:refs/heads/main"
    call.grant("roles/secretmanager.admin", subject)
    assert call.reply("GET", SECRETS, headers).status == 200
    for verb, path, body, status in (
        ("PATCH", f"{POOLS}/github?updateMask=disabled", {"disabled": True}, 401),
        ("PATCH", f"{POOLS}/github?updateMask=disabled", {"disabled": False}, 200),
        ("DELETE", f"{POOLS}/github", None, 401),
        ("POST", f"{POOLS}/github:undelete", {}, 200),
    ):
        call(verb, path, body)
        assert call.reply("GET", SECRETS, headers).status == status, path
    assert call.reply("GET", f"/storage/v1/b?project={PROJECT}", headers).status != 401
    call("PATCH", f"{POOLS}/github?updateMask=disabled", {"disabled": True})
    assert call.reply("GET", f"/storage/v1/b?project={PROJECT}", headers).status == 401
