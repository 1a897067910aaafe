"""The JWT bearer grant at oauth2.googleapis.com/token: a token for a JWT signed with a service account key (RFC 7523)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.errors import OAuthError
from localcloud.services.iam import keys
from localcloud.spec import json_text

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600
_SKEW = 300


def token(call: Call) -> Body | Reply:
    """The grant at the local cloud's own address."""
    form = dict(parse_qsl(call.content.read().decode("utf-8", "replace"))) if call.content is not None else {}
    try:
        return granted(call.cloud, form)
    except OAuthError as refusal:
        return Reply(400, refusal.body())


def granted(cloud: Cloud, form: Mapping[str, str]) -> Body:
    """A token of the account whose key signed the assertion, for an hour: an identity token if the assertion has a `target_audience`.

    Raises OAuthError.
    """
    account, claims = _signed(cloud, form)
    principal, now = f"serviceAccount:{account['email']}", cloud.clock.seconds()
    if "target_audience" in claims:
        audience = str(claims["target_audience"])
        return {"id_token": cloud.tokens.identity(principal, audience, now, subject=account["uniqueId"])}
    given = cloud.tokens.token(principal, int(now) + _LIFETIME)
    return {"access_token": given, "expires_in": _LIFETIME - 1, "token_type": "Bearer"}


def _signed(cloud: Cloud, form: Mapping[str, str]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The account that signed, and its claims; refuses what is stale, of no account, or signed by no key of it."""
    if form.get("grant_type") != GRANT:
        raise OAuthError("unsupported_grant_type", f"Invalid grant_type: the local cloud takes {GRANT}.")
    content, _, code = form.get("assertion", "").rpartition(".")
    header, claims = (_decoded(part) for part in (content.split(".", 1) if content.count(".") == 1 else ("", "")))
    _check_times(cloud, claims)
    account = keys.account_of(cloud, str(claims.get("iss", "")).lower())
    if account is None or account.get("disabled"):
        raise OAuthError("invalid_grant", "Invalid grant: account not found")
    if header.get("alg") != "RS256" or not keys.vouched(cloud, account, content.encode(), _bytes(code)):
        raise OAuthError("invalid_grant", "Invalid JWT Signature.")
    return account, claims


def _check_times(cloud: Cloud, claims: Mapping[str, Any]) -> None:
    now = cloud.clock.seconds()
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
