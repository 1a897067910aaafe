"""IAM Credentials: short-lived tokens of service accounts for those who may impersonate them."""

from __future__ import annotations

import base64
import json
import re
from functools import partial

from localcloud.engine import gate
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import IdTokens
from localcloud.engine.service import Body, Call, Endpoints, Service
from localcloud.errors import CloudError, error_info, failed_precondition, invalid, not_found
from localcloud.services.iam import accounts, signing
from localcloud.spec import json_text

LONGEST = 3600
_LONGEST_JWT = 12 * 3600
_URL_SAFE = str.maketrans("-_", "+/")
_SHORT_SCOPES = frozenset({"openid", "email", "profile"})
_LIFETIME = re.compile(r"(\d{1,9})(?:\.\d{1,9})?s")
_DELEGATE = re.compile(r"projects/-/serviceAccounts/(?P<email>[^/]+)")


def access_token(call: Call) -> Body:
    """generateAccessToken: a token that acts as the account, at most an hour long."""
    _check_chain(call, "iam.serviceAccounts.getAccessToken")
    if not call.body.get("scope"):
        raise invalid("The request has no scope; name at least one.", "scope")
    if not all(scope.startswith("https://") or scope in _SHORT_SCOPES for scope in call.body["scope"]):
        raise invalid("Invalid OAuth scope or ID token audience provided.", "scope")
    seconds = _lifetime(call.body.get("lifetime", "3600s"))
    expiry = int(call.cloud.clock.seconds()) + seconds
    account = _account(call)
    # Whole seconds, as Google writes this moment: google-auth reads no fractions of it.
    moment = call.cloud.clock.rfc3339(seconds)[:19] + "Z"
    return {"accessToken": call.cloud.tokens.token(f"serviceAccount:{account['email']}", expiry), "expireTime": moment}


def id_token(call: Call) -> Body:
    """generateIdToken: an OpenID Connect token that the local cloud knows again, marked as simulated."""
    _check_chain(call, "iam.serviceAccounts.getOpenIdToken")
    audience = call.body.get("audience")
    if not audience:
        raise invalid("The request has no audience; name one.", "audience")
    token = _identity(call.cloud, _account(call), audience, email=bool(call.body.get("includeEmail")))
    return {"token": token}


def identity_of(cloud: Cloud, email: str, audience: str) -> str:
    """The identity token with which a service calls an address as an account; 404 for an account that is none."""
    account = accounts.of_email(cloud, email)
    if account is None or account.get("disabled"):
        raise not_found(f"Service account {email} does not exist, or is disabled.")
    return _identity(cloud, account, audience, email=True)


def _identity(cloud: Cloud, account: Body, audience: str, *, email: bool) -> str:
    who, now = f"serviceAccount:{account['email']}", cloud.clock.seconds()
    return cloud.tokens.identity(who, audience, now, subject=account["uniqueId"], email=email)


def sign_blob(call: Call) -> Body:
    """signBlob: bytes under the account's own key (simulated: only the local cloud knows it)."""
    _check_chain(call, "iam.serviceAccounts.signBlob")
    payload = base64.b64decode(call.body.get("payload", "").translate(_URL_SAFE) + "==")
    if not payload:
        raise invalid("The request has no payload; give the bytes to sign.", "payload")
    key, signature = _signed(call, payload)
    return {"keyId": key, "signedBlob": base64.b64encode(signature).decode()}


def sign_jwt(call: Call) -> Body:
    """signJwt: a token with claims of the caller's, under the account's own key; it ends within twelve hours."""
    _check_chain(call, "iam.serviceAccounts.signJwt")
    try:
        claims = json_text.read(call.body.get("payload", "").encode())
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise invalid("The payload is not a JSON object of claims.", "payload")
    now = int(call.cloud.clock.seconds())
    ends = claims.setdefault("exp", now + LONGEST)
    if not isinstance(ends, int) or not now < ends <= now + _LONGEST_JWT:
        raise invalid("The claim exp must be a Unix time within the next twelve hours.", "payload")
    header = {"alg": "RS256", "kid": signing.key_id(call.cloud.store, _account(call)["uniqueId"]), "typ": "JWT"}
    token = f"{_encoded(header)}.{_encoded(claims)}"
    key, signature = _signed(call, token.encode())
    return {"keyId": key, "signedJwt": f"{token}.{_encoded(signature)}"}


def _signed(call: Call, data: bytes) -> tuple[str, bytes]:
    """The name of the account's key, and what it makes of the data."""
    store, account = call.cloud.store, _account(call)["uniqueId"]
    return signing.key_id(store, account), signing.sign(store, account, data)


def allowed_locations(call: Call) -> Body:
    """getAllowedLocations: no account here is bound to locations."""
    accounts.find(call)
    return {"encodedLocations": "0x0"}


def _check_chain(call: Call, permission: str) -> None:
    """Refuses callers who may not impersonate the account, directly or through every delegate in turn."""
    holder = call.principal
    for delegate in call.body.get("delegates", []):
        match = _DELEGATE.fullmatch(delegate)
        if match is None:
            raise invalid(f"The delegate {delegate} is not of the form projects/-/serviceAccounts/EMAIL.", "delegates")
        link = call._replace(path=f"projects/-/serviceAccounts/{match['email']}")
        _check(link, holder, "iam.serviceAccounts.implicitDelegation")
        holder = f"serviceAccount:{_enabled(link)['email']}"
    _check(call, holder, permission)
    _enabled(call)


def _enabled(call: Call) -> Body:
    """The account that the URL names, however it spells it; 404 for none, 400 for a disabled one."""
    account = accounts.find(call)
    if account.get("disabled"):
        raise failed_precondition(f"Service account {account['email']} is disabled; enable it to use it.")
    return account


def _check(call: Call, principal: str, permission: str) -> None:
    name = accounts.resolved(call)
    if not call.cloud.iam.allowed(principal, permission, accounts.API, name, accounts.project(call)):
        raise _refused(call, permission, name)


def _refused(call: Call, permission: str, name: str) -> CloudError:
    problem = gate.refusal(call, permission, name)
    problem.args = (f"Permission '{permission}' denied on resource (or it may not exist).",)
    problem.message = problem.args[0]
    problem.details = [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": permission})]
    return problem


def _account(call: Call) -> Body:
    return accounts.find(call)


def _lifetime(text: str) -> int:
    match = _LIFETIME.fullmatch(text)
    seconds = int(match[1]) if match else 0
    if not 0 < seconds <= LONGEST:
        raise invalid(f"The lifetime {text} must be between 1s and {LONGEST}s.", "lifetime")
    return seconds


def _encoded(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_ACCOUNTS = "iamcredentials.projects.serviceAccounts"
_METHODS = {
    f"{_ACCOUNTS}.generateAccessToken": access_token,
    f"{_ACCOUNTS}.generateIdToken": id_token,
    f"{_ACCOUNTS}.signBlob": sign_blob,
    f"{_ACCOUNTS}.signJwt": sign_jwt,
    f"{_ACCOUNTS}.getAllowedLocations": allowed_locations,
}
SERVICE = Service(
    offers=lambda cloud: (IdTokens(partial(identity_of, cloud)),),
    data_access=("iamcredentials.",),
    api="iamcredentials",
    title="IAM Service Account Credentials API",
    endpoints=Endpoints(terraform={"IAM_CREDENTIALS": "v1/"}, gcloud=""),
    methods=_METHODS,
    # The policy that decides is the account's, which the IAM API keeps: the functions ask it themselves.
    permissions=dict.fromkeys(_METHODS),
    project=accounts.project,
)
