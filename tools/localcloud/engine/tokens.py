"""Bearer tokens of the local cloud: they say who calls. No secret is in them; they only work here."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.errors import CloudError, unauthenticated

PREFIX = "local/"
KINDS = ("user:", "serviceAccount:", "principal:", "group:")
INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. The local cloud takes tokens such as local/user:alice@example.com."
)


def token(principal: str, expires: int | None = None) -> str:
    """The token of a principal, optionally ending at a Unix time; a bare e-mail address is a user's or an account's."""
    kind = "serviceAccount:" if principal.endswith(".gserviceaccount.com") else "user:"
    named = principal if principal.startswith(KINDS) else f"{kind}{principal}"
    return f"{PREFIX}{named}" + (f"/{expires}" if expires is not None else "")


def principal(headers: Mapping[str, str], now: float) -> str:
    """Who sends these headers; "" without a token; 401 for a token that is none, or that has expired.

    A federated principal ("principal://…", which holds slashes) always carries its expiry.
    """
    given = headers.get("authorization", "")
    if not given:
        return ""
    scheme, _, value = given.partition(" ")
    if scheme.lower() != "bearer" or not value.startswith(PREFIX):
        raise refused()
    name, slash, ending = value[len(PREFIX) :].rpartition("/")
    if slash and ending.isdecimal():
        if int(ending) <= now:
            raise refused("ACCESS_TOKEN_EXPIRED")
    else:
        name = value[len(PREFIX) :]
    if not name.startswith(KINDS) or ("/" in name and not name.startswith("principal:")):
        raise refused()
    return name


def refused(why: str = "ACCESS_TOKEN_TYPE_UNSUPPORTED") -> CloudError:
    """The 401 for a bad or expired token."""
    problem = unauthenticated(INVALID, why)
    problem.reason = "authError"
    problem.headers["WWW-Authenticate"] += ', error="invalid_token"'
    return problem
