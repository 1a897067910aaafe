"""The JWT bearer grant at oauth2.googleapis.com/token: an access token for a JWT signed with a service account key (RFC 7523)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.errors import OAuthError
from localcloud.services.iam import keys
from localcloud.spec import json_text

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600
_SKEW = 300


def token(call: Call) -> Body | Reply:
    """An access token of the account whose key signed the assertion, for an hour."""
    form = dict(parse_qsl(call.content.read().decode("utf-8", "replace"))) if call.content is not None else {}
    try:
        email = _signer(call, form)
    except OAuthError as refusal:
        return Reply(400, refusal.body())
    expiry = int(call.cloud.clock.seconds()) + _LIFETIME
    given = call.cloud.tokens.token(f"serviceAccount:{email}", expiry)
    return {"access_token": given, "expires_in": _LIFETIME - 1, "token_type": "Bearer"}


def _signer(call: Call, form: Mapping[str, str]) -> str:
    """The address of the account that signed; refuses what is stale, of no account, or signed by no key of it."""
    if form.get("grant_type") != GRANT:
        raise OAuthError("unsupported_grant_type", f"Invalid grant_type: the local cloud takes {GRANT}.")
    content, _, code = form.get("assertion", "").rpartition(".")
    header, claims = (_decoded(part) for part in (content.split(".", 1) if content.count(".") == 1 else ("", "")))
    if "target_audience" in claims:
        raise OAuthError("invalid_request", "The local cloud gives access tokens for keys, and no ID tokens.")
    _check_times(call, claims)
    account = keys.account_of(call.cloud, str(claims.get("iss", "")).lower())
    if account is None or account.get("disabled"):
        raise OAuthError("invalid_grant", "Invalid grant: account not found")
    if header.get("alg") != "RS256" or not keys.vouched(call.cloud, account, content.encode(), _bytes(code)):
        raise OAuthError("invalid_grant", "Invalid JWT Signature.")
    return str(account["email"])


def _check_times(call: Call, claims: Mapping[str, Any]) -> None:
    now = call.cloud.clock.seconds()
    begins, ends = claims.get("iat"), claims.get("exp")
    for moment in (begins, ends):
        if not isinstance(moment, int) or isinstance(moment, bool):
            raise OAuthError("invalid_grant", "Invalid JWT: iat and exp must be whole numbers of seconds.")
    if not (begins - _SKEW <= now < ends <= begins + _LIFETIME):  # type: ignore[operator]  # both are numbers, see above
        raise OAuthError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
            "values in the JWT claim.",
        )


def _decoded(part: str) -> dict[str, Any]:
    try:
        decoded = json_text.read(_bytes(part))
    except ValueError:
        decoded = None
    if not isinstance(decoded, dict):
        raise OAuthError("invalid_grant", "Invalid JWT: Failed to parse the assertion.")
    return decoded


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""
