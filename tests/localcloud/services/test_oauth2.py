"""Google's token host, to which clients go with the credentials that they find in files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from google.auth import crypt, jwt
from localcloud.services import iam, oauth2

from tests.localcloud.inside import OWNER, PROJECT, Inside, inside

EMAIL = f"keeper@{PROJECT}.iam.gserviceaccount.com"
ACCOUNTS = f"iam/v1/projects/{PROJECT}/serviceAccounts"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, iam.SERVICE, oauth2.SERVICE)


def exchanged(cloud: Inside, status: int = 200, **form: str) -> dict[str, Any]:
    headers = {"host": "oauth2.googleapis.com", "content-type": "application/x-www-form-urlencoded"}
    response = cloud("POST", "token", urlencode(form).encode(), **headers)
    assert response.status == status, response.body
    body: dict[str, Any] = response.body
    return body


def signed(cloud: Inside, **claims: Any) -> str:
    """What a new key of an account signs."""
    cloud("POST", ACCOUNTS, {"accountId": "keeper"})
    file = json.loads(base64.b64decode(cloud("POST", f"{ACCOUNTS}/{EMAIL}/keys", {}).body["privateKeyData"]))
    now = int(cloud.cloud.clock.seconds())
    body = {"iss": EMAIL, "aud": file["token_uri"], "iat": now, "exp": now + 3600, **claims}
    return jwt.encode(crypt.RSASigner.from_service_account_info(file), body).decode()


def test_a_refresh_token_gives_tokens_of_the_same_person(cloud: Inside) -> None:
    token = cloud.cloud.tokens.lasting(OWNER)
    given = exchanged(cloud, grant_type="refresh_token", refresh_token=token, client_id="a-client")
    assert given["access_token"] == token
    principal, audience, _ = cloud.cloud.tokens.identified(given["id_token"], cloud.cloud.clock.seconds())
    assert (principal, audience) == (OWNER, "a-client")


def test_a_key_file_gives_an_access_token_of_its_account(cloud: Inside) -> None:
    given = exchanged(cloud, grant_type=ASSERTION, assertion=signed(cloud))
    bearer = {"authorization": f"Bearer {given['access_token']}"}
    assert cloud.cloud.tokens.principal(bearer, cloud.cloud.clock.seconds()) == f"serviceAccount:{EMAIL}"


def test_a_key_file_gives_an_identity_token_for_the_audience_that_it_names(cloud: Inside) -> None:
    given = exchanged(cloud, grant_type=ASSERTION, assertion=signed(cloud, target_audience="https://a.example"))
    principal, audience, _ = cloud.cloud.tokens.identified(given["id_token"], cloud.cloud.clock.seconds())
    assert (principal, audience) == (f"serviceAccount:{EMAIL}", "https://a.example")


def test_what_is_neither_is_refused(cloud: Inside) -> None:
    assert exchanged(cloud, 400, grant_type="password")["error"] == "unsupported_grant_type"
    refused = exchanged(cloud, 400, grant_type=ASSERTION, assertion=signed(cloud)[:-8])
    assert refused["error_description"] == "Invalid JWT Signature."
    assert exchanged(cloud, 400, grant_type="refresh_token", refresh_token="no")["error"] == "invalid_grant"
