"""IAM Credentials: who may impersonate whom, and the permissions of the tokens."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.services.iam import signing

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

ACCOUNTS = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
TOKENS = "/iamcredentials/v1/projects/-/serviceAccounts"
SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"
SCOPE = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
ANN = "user:ann@example.com"


def email(name: str) -> str:
    return f"{name}@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "iam", "iamcredentials", "secretmanager")
    for name in ("deployer", "stepping", "trainer"):
        call("POST", ACCOUNTS, {"accountId": name})
    return call


def let_impersonate(call: Sender, member: str, account: str) -> None:
    policy = {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [member]}]}
    call("POST", f"{ACCOUNTS}/{email(account)}:setIamPolicy", {"policy": policy})


def access_token(call: Sender, account: str, **more: Any) -> dict[str, Any]:
    created: dict[str, Any] = call("POST", f"{TOKENS}/{email(account)}:generateAccessToken", SCOPE | more)
    return created


def test_an_impersonated_account_acts_with_its_own_rights_until_the_token_expires(call: Sender) -> None:
    let_impersonate(call, ANN, "deployer")
    call.grant("roles/secretmanager.viewer", f"serviceAccount:{email('deployer')}")
    ann = call.as_(ANN)
    ann.refused("GET", SECRETS, status=403)
    token = access_token(ann, "deployer", lifetime="600s")
    assert token["expireTime"].endswith("Z")
    assert "." not in token["expireTime"]
    bearer = {"authorization": f"Bearer {token['accessToken']}"}
    call.send("GET", SECRETS, bearer, b"")
    call.send("POST", f"{SECRETS}?secretId=x", bearer | {"content-type": "application/json"}, b"{}", 403)
    call.later(seconds=601)
    call.send("GET", SECRETS, bearer, b"", 401)


def test_even_the_owner_needs_permission_to_impersonate(call: Sender) -> None:
    text = call.refused("POST", f"{TOKENS}/{email('deployer')}:generateAccessToken", SCOPE, status=403)
    assert text == "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
    problem = call("POST", f"{TOKENS}/{email('nobody')}:generateAccessToken", SCOPE, 403)["error"]
    assert problem["details"][0]["metadata"]["permission"] == "iam.serviceAccounts.getAccessToken"


def test_every_link_of_a_delegation_chain_is_checked(call: Sender) -> None:
    let_impersonate(call, ANN, "stepping")
    chain = {"delegates": [f"projects/-/serviceAccounts/{email('stepping')}"]}
    ann, path = call.as_(ANN), f"{TOKENS}/{email('trainer')}:generateAccessToken"
    assert "getAccessToken" in ann.refused("POST", path, SCOPE | chain, status=403)
    let_impersonate(call, f"serviceAccount:{email('stepping')}", "trainer")
    assert access_token(ann, "trainer", **chain)["accessToken"].startswith(f"local/serviceAccount:{email('trainer')}/")
    other = {"delegates": [f"projects/-/serviceAccounts/{email('deployer')}"]}
    assert "implicitDelegation" in ann.refused("POST", path, SCOPE | other, status=403)
    assert "is not of the form" in ann.refused("POST", path, SCOPE | {"delegates": ["me"]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "no scope"),
        ({"scope": ["cloud-platform"]}, "Invalid OAuth scope"),
        (SCOPE | {"lifetime": "3601s"}, "between 1s and 3600s"),
        (SCOPE | {"lifetime": "0s"}, "between 1s and 3600s"),
    ],
)
def test_a_token_has_a_scope_and_lives_an_hour_at_most(call: Sender, body: dict[str, Any], message: str) -> None:
    let_impersonate(call, ANN, "deployer")
    assert message in call.as_(ANN).refused("POST", f"{TOKENS}/{email('deployer')}:generateAccessToken", body)


def test_a_disabled_account_gives_no_tokens(call: Sender) -> None:
    let_impersonate(call, ANN, "deployer")
    call("POST", f"{ACCOUNTS}/{email('deployer')}:disable", {})
    text = call.as_(ANN).refused("POST", f"{TOKENS}/{email('deployer')}:generateAccessToken", SCOPE)
    assert text == f"Service account {email('deployer')} is disabled; enable it to use it."


def spellings(call: Sender, name: str) -> list[str]:
    unique = call("GET", f"{ACCOUNTS}/{email(name)}")["uniqueId"]
    return [email(name), email(name).upper(), email(name).title(), unique]


@pytest.mark.parametrize("spelling", range(4))
def test_a_disabled_account_does_not_act_under_any_spelling_of_its_name(call: Sender, spelling: int) -> None:
    let_impersonate(call, ANN, "stepping")
    let_impersonate(call, f"serviceAccount:{email('stepping')}", "trainer")
    call.grant("roles/secretmanager.viewer", f"serviceAccount:{email('stepping')}")
    name = spellings(call, "stepping")[spelling]
    ann, path = call.as_(ANN), f"{TOKENS}/{email('trainer')}:generateAccessToken"
    chain = SCOPE | {"delegates": [f"projects/-/serviceAccounts/{name}"]}
    ann("POST", path, chain)
    ann("POST", f"{TOKENS}/{name}:generateAccessToken", SCOPE)
    if "@" in name:
        for kind in ("serviceAccount", "user"):
            call.as_(f"{kind}:{name}")("GET", SECRETS)
    call("POST", f"{ACCOUNTS}/{email('stepping')}:disable", {})
    assert "is disabled" in ann.refused("POST", path, chain)
    assert "is disabled" in ann.refused("POST", f"{TOKENS}/{name}:generateAccessToken", SCOPE)
    for kind in ("serviceAccount", "user"):
        call.as_(f"{kind}:{name}").refused("GET", SECRETS, status=401)


def test_an_identity_token_has_three_parts_and_says_that_it_is_simulated(call: Sender) -> None:
    let_impersonate(call, ANN, "deployer")
    request = {"audience": "https://service.example.com", "includeEmail": True}
    token = call.as_(ANN)("POST", f"{TOKENS}/{email('deployer')}:generateIdToken", request)["token"]
    body = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert body["aud"] == "https://service.example.com"
    assert body["email"] == email("deployer")
    assert body["simulated"] is True
    assert call.cloud.tokens.identified(token, 0)[:2] == (f"serviceAccount:{email('deployer')}", body["aud"])


@pytest.mark.parametrize(("verb", "body"), [("signBlob", {"payload": "eA=="}), ("signJwt", {"payload": "{}"})])
def test_signing_needs_a_permission(call: Sender, verb: str, body: dict[str, str]) -> None:
    path = f"{TOKENS}/{email('deployer')}:{verb}"
    assert f"iam.serviceAccounts.{verb}" in call.refused("POST", path, body, status=403)
    let_impersonate(call, ANN, "deployer")
    assert len(call.as_(ANN)("POST", path, body)["keyId"]) == 40


def test_every_account_signs_with_a_key_of_its_own(call: Sender) -> None:
    signed = {}
    for name in ("deployer", "trainer"):
        let_impersonate(call, ANN, name)
        path = f"{TOKENS}/{email(name)}:signBlob"
        signed[name] = call.as_(ANN)("POST", path, {"payload": "eA=="})
        assert call.as_(ANN)("POST", path, {"payload": "eA=="}) == signed[name]
        unique = call("GET", f"{ACCOUNTS}/{email(name)}")["uniqueId"]
        signature = base64.b64decode(signed[name]["signedBlob"])
        assert signing.signed(call.cloud.store, unique, b"x", signature)
        assert not signing.signed(call.cloud.store, unique, b"y", signature)
    assert signed["deployer"]["keyId"] != signed["trainer"]["keyId"]


def test_a_signed_token_has_the_claims_and_expires(call: Sender) -> None:
    let_impersonate(call, ANN, "deployer")
    path = f"{TOKENS}/{email('deployer')}:signJwt"
    created = call.as_(ANN)("POST", path, {"payload": '{"sub": "somebody"}'})
    header, claims, _ = created["signedJwt"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {
        "alg": "RS256",
        "kid": created["keyId"],
        "typ": "JWT",
    }
    body = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (body["sub"], body["exp"] - int(call.cloud.clock.seconds()) <= 3600) == ("somebody", True)


@pytest.mark.parametrize("payload", ["", "[]", "no", '{"exp": 1}', '{"exp": 99999999999}', '{"exp": "soon"}'])
def test_unacceptable_claims_are_not_signed(call: Sender, payload: str) -> None:
    let_impersonate(call, ANN, "deployer")
    text = call.as_(ANN).refused("POST", f"{TOKENS}/{email('deployer')}:signJwt", {"payload": payload})
    assert "payload" in text or "exp" in text
