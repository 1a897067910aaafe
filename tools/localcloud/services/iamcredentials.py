"""IAM Credentials: short-lived tokens of service accounts for those who may impersonate them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

from localcloud import tokens
from localcloud.call import Call
from localcloud.errors import CloudError, error_info, failed_precondition, invalid, unimplemented
from localcloud.service import Body, Service
from localcloud.services.iam import accounts

LONGEST = 3600
_SHORT_SCOPES = frozenset({"openid", "email", "profile"})
_LIFETIME = re.compile(r"(\d+)(?:\.\d+)?s")
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
    return {"accessToken": tokens.token(f"serviceAccount:{account['email']}", expiry), "expireTime": moment}


def id_token(call: Call) -> Body:
    """generateIdToken: the claims of an OpenID Connect token, unsigned and marked as simulated."""
    _check_chain(call, "iam.serviceAccounts.getOpenIdToken")
    audience = call.body.get("audience")
    if not audience:
        raise invalid("The request has no audience; name one.", "audience")
    account = _account(call)
    now = int(call.cloud.clock.seconds())
    claims: Body = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "azp": account["uniqueId"],
        "sub": account["uniqueId"],
        "iat": now,
        "exp": now + LONGEST,
        "simulated": True,
    }
    if call.body.get("includeEmail"):
        claims |= {"email": account["email"], "email_verified": True}
    parts = [{"alg": "none", "typ": "JWT"}, claims, "simulated"]
    return {"token": ".".join(_encoded(part) for part in parts)}


def sign(call: Call) -> Body:
    """signBlob and signJwt: not possible, since accounts here have no keys."""
    _check_chain(call, f"iam.serviceAccounts.{call.method.verb}")
    raise unimplemented(
        f"{call.method.id} needs a private key of the service account, and the local cloud has none. "
        "To add it: tools/localcloud/services/iamcredentials.py."
    )


def allowed_locations(call: Call) -> Body:
    """getAllowedLocations: no account here is bound to locations."""
    accounts.find(call)
    return {"encodedLocations": "0x0"}


def _check_chain(call: Call, permission: str) -> None:
    """Refuses callers who may not impersonate the account, directly or through every delegate in turn."""
    holder = call.principal
    for delegate in call.body.get("delegates", []):
        found = _DELEGATE.fullmatch(delegate)
        if found is None:
            raise invalid(f"The delegate {delegate} is not of the form projects/-/serviceAccounts/EMAIL.", "delegates")
        _check(call, holder, "iam.serviceAccounts.implicitDelegation", f"projects/-/serviceAccounts/{found['email']}")
        holder = f"serviceAccount:{found['email']}"
    _check(call, holder, permission, call.path)
    account = accounts.find(call)
    if account.get("disabled"):
        raise failed_precondition(f"Service account {account['email']} is disabled; enable it to use it.")


def _check(call: Call, principal: str, permission: str, path: str) -> None:
    about = replace(call, path=path)
    name = accounts.resolved(about)
    if not call.cloud.iam.allowed(principal, permission, accounts.API, name, accounts.project(about)):
        raise _refused(about, permission, name)


def _refused(call: Call, permission: str, name: str) -> CloudError:
    problem = call.cloud.iam.refusal(call, permission, name)
    problem.args = (f"Permission '{permission}' denied on resource (or it may not exist).",)
    problem.message = problem.args[0]
    problem.details = [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": permission})]
    return problem


def _account(call: Call) -> Body:
    return accounts.find(call)


def _lifetime(text: str) -> int:
    found = _LIFETIME.fullmatch(text)
    seconds = int(found[1]) if found else 0
    if not 0 < seconds <= LONGEST:
        raise invalid(f"The lifetime {text} must be between 1s and {LONGEST}s.", "lifetime")
    return seconds


def _encoded(part: object) -> str:
    data = part.encode() if isinstance(part, str) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_ACCOUNTS = "iamcredentials.projects.serviceAccounts"
_METHODS = {
    f"{_ACCOUNTS}.generateAccessToken": access_token,
    f"{_ACCOUNTS}.generateIdToken": id_token,
    f"{_ACCOUNTS}.signBlob": sign,
    f"{_ACCOUNTS}.signJwt": sign,
    f"{_ACCOUNTS}.getAllowedLocations": allowed_locations,
}
SERVICE = Service(
    api="iamcredentials",
    title="IAM Service Account Credentials API",
    methods=_METHODS,
    # The policy that decides is the account's, which the IAM API keeps: the functions ask it themselves.
    permissions=dict.fromkeys(_METHODS),
    project=accounts.project,
)
