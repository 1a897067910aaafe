"""Keys of service accounts, as in a project without an organization, and the access that they give."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key, pkcs12
from google.auth import crypt, jwt
from localcloud.spec.timestamps import parse

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

EMAIL = f"keeper@{PROJECT}.iam.gserviceaccount.com"
KEYS = f"/iam/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}/keys"
SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "iam", "secretmanager")
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "keeper"})
    return call


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mine")])
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    )
    builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=20_000))
    return base64.b64encode(builder.sign(key, SHA256()).public_bytes(Encoding.PEM)).decode()


def granted(call: Sender, signer: Any, status: int = 200, **claims: Any) -> dict[str, Any]:
    now = int(call.cloud.clock.seconds())
    body = {"iss": EMAIL, "aud": "https://oauth2.googleapis.com/token", "iat": now, "exp": now + 3600} | claims
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt.encode(signer, body).decode()}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    created: dict[str, Any] = call.send("POST", "/oauth2/token", headers, urlencode(form).encode(), status)
    return created


def test_a_new_key_is_a_credentials_file_and_its_private_half_is_shown_once(call: Sender) -> None:
    created = call("POST", KEYS, {})
    file = json.loads(base64.b64decode(created.pop("privateKeyData")))
    assert (file["type"], file["client_email"], file["token_uri"]) == (
        "service_account", EMAIL, "https://oauth2.googleapis.com/token",
    )  # fmt: skip
    assert created.pop("privateKeyType") == "TYPE_GOOGLE_CREDENTIALS_FILE"
    assert created["name"].endswith(file["private_key_id"])
    assert (created["keyType"], created["keyOrigin"], created["keyAlgorithm"]) == (
        "USER_MANAGED",
        "GOOGLE_PROVIDED",
        "KEY_ALG_RSA_2048",
    )
    assert created["validBeforeTime"] == "9999-12-31T23:59:59Z"
    assert call("GET", f"/iam/v1/{created['name']}") == created
    assert call("GET", f"{KEYS}?keyTypes=USER_MANAGED") == {"keys": [created]}
    assert b"PRIVATE KEY" not in b"".join(path.read_bytes() for path in call.cloud.store.folder.glob("cloud.db*"))


def test_an_account_has_a_key_of_googles_from_the_start(call: Sender) -> None:
    assert call("GET", f"{KEYS}?keyTypes=USER_MANAGED") == {}
    (system,) = call("GET", KEYS)["keys"]
    assert (system["keyType"], system["keyOrigin"]) == ("SYSTEM_MANAGED", "GOOGLE_PROVIDED")
    days = parse(system["validBeforeTime"]) - parse(system["validAfterTime"])
    assert 16 <= days.days <= 17
    assert call("GET", f"{KEYS}?keyTypes=SYSTEM_MANAGED") == {"keys": [system]}
    found = call("GET", f"/iam/v1/{system['name']}?publicKeyType=TYPE_X509_PEM_FILE")
    assert b"BEGIN CERTIFICATE" in base64.b64decode(found.pop("publicKeyData"))
    assert found == system
    call("DELETE", f"/iam/v1/{system['name']}", status=404)


def test_a_key_can_be_a_pkcs12_file_and_its_public_half_is_read(call: Sender) -> None:
    created = call("POST", KEYS, {"privateKeyType": "TYPE_PKCS12_FILE", "keyAlgorithm": "KEY_ALG_RSA_1024"})
    private, _, _ = pkcs12.load_key_and_certificates(base64.b64decode(created["privateKeyData"]), b"notasecret")
    assert isinstance(private, rsa.RSAPrivateKey)
    for form, read in (
        ("TYPE_RAW_PUBLIC_KEY", load_pem_public_key),
        ("TYPE_X509_PEM_FILE", lambda data: x509.load_pem_x509_certificate(data).public_key()),
    ):
        public = base64.b64decode(call("GET", f"/iam/v1/{created['name']}?publicKeyType={form}")["publicKeyData"])
        assert read(public) == private.public_key()


def test_a_key_acts_as_its_account_until_it_is_disabled_or_deleted(call: Sender) -> None:
    created = call("POST", KEYS, {})
    signer = crypt.RSASigner.from_service_account_info(json.loads(base64.b64decode(created["privateKeyData"])))
    call.grant("roles/secretmanager.viewer", f"serviceAccount:{EMAIL}")
    bearer = {"authorization": f"Bearer {granted(call, signer)['access_token']}"}
    call.send("GET", SECRETS, bearer, b"")
    call("POST", f"/iam/v1/{created['name']}:disable", {})
    assert granted(call, signer, 400)["error_description"] == "Invalid JWT Signature."
    assert call("GET", f"/iam/v1/{created['name']}")["disabled"] is True
    call("POST", f"/iam/v1/{created['name']}:enable", {})
    granted(call, signer)
    call("POST", f"{KEYS.removesuffix('/keys')}:disable", {})
    assert "account not found" in granted(call, signer, 400)["error_description"]
    call("POST", f"{KEYS.removesuffix('/keys')}:enable", {})
    call("DELETE", f"/iam/v1/{created['name']}")
    granted(call, signer, 400)
    call.refused("GET", f"/iam/v1/{created['name']}", status=404)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": f"other@{PROJECT}.iam.gserviceaccount.com"}, "account not found"),
        ({"exp": 1}, "short-lived token"),
        ({"exp": 10**12}, "short-lived token"),
        ({"iat": "now"}, "whole numbers"),
    ],
)
def test_a_keys_assertion_must_have_valid_claims(call: Sender, claims: dict[str, Any], message: str) -> None:
    created = call("POST", KEYS, {})
    signer = crypt.RSASigner.from_service_account_info(json.loads(base64.b64decode(created["privateKeyData"])))
    assert message in granted(call, signer, 400, **claims)["error_description"]


@pytest.mark.parametrize(
    "body",
    [b"", b"grant_type=password", b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"],
)
def test_an_invalid_request_gets_no_token(call: Sender, body: bytes) -> None:
    assert "error" in call.send(
        "POST", "/oauth2/token", {"content-type": "application/x-www-form-urlencoded"}, body, 400
    )


def test_a_public_half_can_be_uploaded(call: Sender) -> None:
    key = rsa.generate_private_key(65537, 2048)
    created = call("POST", f"{KEYS}:upload", {"publicKeyData": certificate(key)})
    assert (created["keyOrigin"], created["validAfterTime"]) == ("USER_PROVIDED", "2020-01-01T00:00:00Z")
    assert call("POST", f"{KEYS}:upload", {"publicKeyData": certificate(key)})["name"] == created["name"]
    assert len(call("GET", f"{KEYS}?keyTypes=USER_MANAGED")["keys"]) == 1


@pytest.mark.parametrize(
    "data",
    [
        "",
        "AAAA",
        certificate(ec.generate_private_key(ec.SECP256R1())),
        certificate(rsa.generate_private_key(65537, 3072)),
    ],
)
def test_anything_but_an_rsa_certificate_is_refused(call: Sender, data: str) -> None:
    assert "X.509" in call.refused("POST", f"{KEYS}:upload", {"publicKeyData": data})


@pytest.mark.parametrize(("verb", "what"), [("", "Creation"), (":upload", "Upload")])
@pytest.mark.parametrize("kind", ["", "managed."])
def test_a_constraint_that_is_set_forbids_them(call: Sender, verb: str, what: str, kind: str) -> None:
    call.grant("roles/orgpolicy.policyAdmin", call.principal)
    constraint = f"constraints/iam.{kind}disableServiceAccountKey{what}"
    policy = {"constraint": constraint, "booleanPolicy": {"enforced": True}}
    call("POST", f"/cloudresourcemanager/v1/projects/{PROJECT}:setOrgPolicy", {"policy": policy})
    problem = call("POST", f"{KEYS}{verb}", {}, 400)["error"]
    assert problem["message"] == f"Key {what.lower()} is not allowed on this service account."
    assert problem["status"] == "FAILED_PRECONDITION"
    assert problem["details"][0]["violations"][0]["type"] == constraint
    call("POST", f"/cloudresourcemanager/v1/projects/{PROJECT}:clearOrgPolicy", {"constraint": constraint})
    if not verb:
        call("POST", KEYS, {})


def test_an_account_has_at_most_ten_keys_which_are_deleted_with_it(call: Sender) -> None:
    for _ in range(10):
        call("POST", KEYS, {"keyAlgorithm": "KEY_ALG_RSA_1024"})
    assert "may have 10 keys" in call.refused("POST", KEYS, {})
    call("DELETE", KEYS.removesuffix("/keys"))
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "keeper"})
    assert call("GET", f"{KEYS}?keyTypes=USER_MANAGED") == {}


def test_keys_need_their_own_permissions(call: Sender) -> None:
    ann = call.as_("user:ann@example.com")
    call.grant("roles/iam.serviceAccountUser", ann.principal)
    for verb, path in (("POST", KEYS), ("POST", f"{KEYS}:upload"), ("GET", KEYS), ("DELETE", f"{KEYS}/x")):
        assert "iam.serviceAccountKeys." in ann.refused(verb, path, {} if verb == "POST" else None, status=403)
