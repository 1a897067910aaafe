"""Security Token Service: exchanges a token of the local cloud, or of a trusted identity provider, for an access token.

Of a foreign token the issuer, audience and expiry are checked, and the provider's mapping and condition. Its signature is simulated:
no issuer is ever asked for its keys, so the token must be one that was made with the local cloud's own key.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from localcloud.engine import tokens
from localcloud.engine.exchange import Reply
from localcloud.engine.iam.identities import Federated
from localcloud.engine.service import Alias, Body, Call, Service
from localcloud.errors import CloudError, OAuthError
from localcloud.services.iam import pools
from localcloud.services.sts import key_grants
from localcloud.spec import expressions, json_text
from localcloud.spec.discovery import snake
from localcloud.spec.expressions import Language

LIFETIME = 3600
# Source: https://github.com/google-github-actions/auth/blob/main/docs/TROUBLESHOOTING.md#subject-exceeds-the-127-byte-limit
_LONGEST_SUBJECT = 127
_LONGEST_TOGETHER = 8192
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_WORKFORCE = re.compile(r"//iam\.googleapis\.com/locations/global/workforcePools/[^/]+/providers/[^/]+")
_WORKLOAD = re.compile(
    r"(?:https:)?//iam\.googleapis\.com/(?P<pool>projects/[^/]+/locations/global/workloadIdentityPools/[^/]+)/providers/(?P<provider>[^/]+)"
)


def exchange(call: Call) -> Body | Reply:
    """token: RFC 8693 with Google's parameters, as JSON or as a form; errors in OAuth's own shape."""
    try:
        _check_request(call.body)
        principal, until = _subject(call)
    except OAuthError as refusal:
        return Reply(400, refusal.body())
    now = call.cloud.clock.seconds()
    expiry = int(min(until, now + LIFETIME))
    return {
        "access_token": call.cloud.tokens.token(principal, expiry),
        "issued_token_type": _ACCESS,
        "token_type": "Bearer",
        "expires_in": expiry - int(now),
    }


def _check_request(body: Body) -> None:
    if body.get("grantType") != _GRANT:
        raise OAuthError("unsupported_grant_type", f"grant_type must be {_GRANT}.")
    if body.get("requestedTokenType", _ACCESS) != _ACCESS:
        raise OAuthError("invalid_request", f"requested_token_type must be {_ACCESS} in the local cloud.")
    # The token that is given for it may do everything that the caller may.
    if "accessBoundary" in body.get("options", ""):
        raise OAuthError("invalid_request", "The local cloud does not emulate Credential Access Boundaries.")
    for field in ("subjectToken", "subjectTokenType", "audience", "scope"):
        if not body.get(field):
            raise OAuthError("invalid_request", f'Invalid value for "{snake(field)}". It must not be empty.')


def _subject(call: Call) -> tuple[str, float]:
    """Who the subject token says, and until when."""
    token, audience = call.body["subjectToken"].strip(), call.body["audience"]
    provider = None if _WORKFORCE.fullmatch(audience) else _provider(call, audience)
    if token.startswith(tokens.PREFIX):
        return _local(call, token)
    if provider is None:
        raise OAuthError(
            "invalid_grant",
            "Workforce pools are simulated: their subject token must be one of the local cloud.",
        )
    return _federated(call, provider, _decoded(call, token))


def _local(call: Call, token: str) -> tuple[str, float]:
    """Whom a token of the local cloud names, and until when: no exchange prolongs it."""
    now = call.cloud.clock.seconds()
    try:
        principal, left = call.cloud.tokens.holder(token, now)
    except CloudError:
        raise OAuthError(
            "invalid_grant", "The subject token is not a token of the local cloud, or has expired."
        ) from None
    return principal, now + left


def _provider(call: Call, audience: str) -> Body:
    match = _WORKLOAD.fullmatch(audience)
    if match is None:
        raise OAuthError(
            "invalid_request", f'Invalid value for "audience": {audience} names no identity pool provider.'
        )
    name = call.cloud.projects.named(match["pool"])
    pool = call.cloud.store.get("iam", name)
    provider = call.cloud.store.get("iam", f"{name}/providers/{match['provider']}")
    for body in (pool, provider):
        if (
            body is None
            or body["state"] != "ACTIVE"
            or body.get("disabled")
            or call.cloud.lateness.fresh("iam", body["name"], lambda profile: profile.pools)
        ):
            raise OAuthError(
                "invalid_target",
                f'The target service indicated by the "audience" parameters is invalid: {audience} does not exist, is deleted or is disabled.',
            )
    return provider or {}


def _decoded(call: Call, token: str) -> Body:
    try:
        part = token.split(".")[1]
        body = json_text.read(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        raise OAuthError(
            "invalid_grant", "The subject token is neither a token of the local cloud nor a JSON Web Token."
        ) from None
    if not isinstance(body, dict):
        raise OAuthError("invalid_grant", "The subject token holds no claims.")
    if not call.cloud.tokens.asserted(token):
        raise OAuthError(
            "invalid_grant",
            "Error code: invalid_grant. The signature of the subject token is invalid: the local cloud takes tokens that were made with its own key "
            "(python -m localcloud token --claims).",
        )
    return body


def _federated(call: Call, provider: Body, assertion: Body) -> tuple[str, float]:
    until = _check_claims(call, provider, assertion)
    mapped = _mapped(provider, assertion)
    pool = call.cloud.projects.numbered(provider["name"].rpartition("/providers/")[0])
    attributes = tuple((key, value) for key, value in mapped.items() if key.startswith("attribute."))
    someone = Federated(pool, mapped["google.subject"], tuple(mapped.get("google.groups", ())), attributes)
    return someone.text, until


def _check_claims(call: Call, provider: Body, assertion: Body) -> float:
    oidc = provider.get("oidc")
    if oidc is None:
        raise OAuthError(
            "invalid_grant", "The local cloud exchanges OIDC tokens only; this provider is of another kind."
        )
    if str(assertion.get("iss", "")).rstrip("/") != oidc["issuerUri"].rstrip("/"):
        raise OAuthError(
            "invalid_grant",
            f"The issuer in ID Token {assertion.get('iss')} does not match the expected ones: {oidc['issuerUri']}.",
        )
    own = f"//iam.googleapis.com/{call.cloud.projects.numbered(provider['name'])}"
    allowed = oidc.get("allowedAudiences") or [own, f"https:{own}"]
    audiences = assertion.get("aud", [])
    allowed_audiences = audiences if isinstance(audiences, list) else [audiences]
    if not any(audience in allowed_audiences for audience in allowed):
        raise OAuthError(
            "invalid_grant",
            f"The audience in ID Token [{audiences}] does not match the expected audience {allowed[0]}.",
        )
    until = assertion.get("exp", 0)
    if not isinstance(until, (int, float)) or until <= call.cloud.clock.seconds():
        raise OAuthError(
            "invalid_grant", f"ID Token issued at {assertion.get('iat')} is stale to sign-in: it expired at {until}."
        )
    return float(until)


def _mapped(provider: Body, assertion: Body) -> Body:
    names: Body = {"assertion": assertion, "google": {}, "attribute": {}}
    mapped: Body = {}
    for key, expression in pools.mapping(provider).items():
        value = mapped[key] = _attribute(key, expression, assertion)
        owner, _, field = key.partition(".")
        names[owner][field] = value
    if len(json.dumps(mapped)) > _LONGEST_TOGETHER:
        raise OAuthError("invalid_request", f"All mapped attributes together may take {_LONGEST_TOGETHER} bytes.")
    condition = provider.get("attributeCondition")
    if condition and _value("attribute condition", Language.ADMISSION, condition, names) is not True:
        raise OAuthError("unauthorized_client", "The given credential is rejected by the attribute condition.")
    return mapped


def _attribute(key: str, expression: str, assertion: Body) -> str | list[str]:
    value = _value(f"mapping of {key}", Language.MAPPING, expression, {"assertion": assertion})
    if key == "google.groups":
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        raise OAuthError("unauthorized_client", f"The mapped attribute '{key}' must be of type LIST of STRING.")
    if not isinstance(value, str):
        raise OAuthError("unauthorized_client", f"The mapped attribute '{key}' must be of type STRING.")
    if key == "google.subject" and not 0 < len(value.encode()) <= _LONGEST_SUBJECT:
        raise OAuthError(
            "invalid_request",
            f"The size of mapped attribute {key} exceeds the {_LONGEST_SUBJECT} bytes limit. Either modify your attribute mapping "
            f"or the incoming assertion to produce a mapped attribute that is less than {_LONGEST_SUBJECT} bytes."
            if value
            else f"The mapped attribute '{key}' must not be empty.",
        )
    return value


def _value(what: str, language: Language, expression: str, names: Body) -> Any:
    try:
        return expressions.compiled(language, expression)(names)
    except expressions.BadExpression as problem:
        raise OAuthError("invalid_grant", f"The {what} cannot be read: {problem}.") from None
    except expressions.Undecided as problem:
        raise OAuthError("unauthorized_client", f"The {what} cannot be evaluated: {problem}.") from None


SERVICE = Service(
    data_access=("sts.",),
    api="sts",
    versions=("v1",),
    title="Security Token Service API",
    methods={"sts.token": exchange, "sts.keyGrant": key_grants.token},
    anonymous=frozenset({"sts.token", "sts.keyGrant"}),
    aliases=(Alias("POST", "oauth2/token", "sts.keyGrant"),),
    always_enabled=True,
)
