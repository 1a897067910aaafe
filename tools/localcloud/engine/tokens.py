"""Access tokens of the local cloud: they name the caller, and are authenticated with the state folder's key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from localcloud.errors import CloudError, unauthenticated

PREFIX = "local/"
KEY = "tokens.key"
ISSUER = "https://accounts.google.com"
LIFETIME = 3600
KINDS = ("user:", "serviceAccount:", "principal:", "group:")
INVALID = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. The local cloud accepts the tokens that it issues, and those of `groundwork local env`."
)
EXPIRED = (
    "The access token expired at {expiry:%Y-%m-%d %H:%M} UTC, and by the local cloud's clock it is {now:%Y-%m-%d %H:%M} UTC: take a new one, "
    'in a shell with `eval "$(groundwork local env)"`; if that has expired as well, set the clock of the program that took it, which is slow.'
)
_KEY_BYTES = 32
_HALF_DAY = 12 * 3600
_WALL = "w"
"""The prefix of the expiry of tokens that expire by the machine's clock, rather than the local cloud's, which can be moved."""
_KEPT = 4096


class Tokens:
    """Issues and verifies the tokens of one local cloud."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._read: Callable[[str], tuple[str, float, bool]] = lru_cache(maxsize=_KEPT)(self._opened)

    def token(self, principal: str, expires: int | None = None) -> str:
        """The token of a principal, optionally ending at a Unix time; a bare e-mail address is a user's or an account's."""
        return self._sealed(principal, "" if expires is None else str(expires))

    def lasting(self, principal: str) -> str:
        """A token for a shell, which expires in 12 to 24 hours; the same one for most calls within half a day."""
        return self._sealed(principal, f"{_WALL}{(int(time.time()) // _HALF_DAY + 2) * _HALF_DAY}")

    def principal(self, headers: Mapping[str, str], now: float) -> str:
        """The principal of a request's headers; "" without a token; 401 for an invalid or expired one."""
        authorization = headers.get("authorization", "")
        if not authorization:
            return ""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise refused()
        return self.holder(value, now)[0]

    def holder(self, token: str, now: float) -> tuple[str, float]:
        """The principal of a token, and the seconds that it has left (infinite if it never expires); 401 for an invalid or expired one."""
        name, expiry, by_machine = self._read(token)
        now = time.time() if by_machine else now
        if expiry <= now:
            moments = {"expiry": datetime.fromtimestamp(expiry, UTC), "now": datetime.fromtimestamp(now, UTC)}
            raise refused("ACCESS_TOKEN_EXPIRED", EXPIRED.format(**moments))
        return name, expiry - now

    def assertion(self, claims: Mapping[str, Any]) -> str:
        """A JSON Web Token like an external identity provider's (simulated): the local cloud stands in for all of them."""
        content = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{content}.{self._code(content)}"

    def asserted(self, token: str) -> bool:
        """Whether a JSON Web Token is one of these."""
        content, _, code = token.rpartition(".")
        return self._proves(content, code)

    def identity(self, principal: str, audience: str, now: float, *, subject: str = "", email: bool = True) -> str:
        """A Google identity token, valid for an hour; only the local cloud can verify it (simulated)."""
        address = principal.partition(":")[2]
        who = subject or str(int.from_bytes(hashlib.sha256(address.encode()).digest()[:8]))
        claims = {"iss": ISSUER, "aud": audience, "azp": who, "sub": who, "iat": int(now), "exp": int(now) + LIFETIME}
        named = {"email": address, "email_verified": True} if email else {}
        return self.assertion({**claims, **named, "principal": principal, "simulated": True})

    def identified(self, token: str, now: float) -> tuple[str, str, float]:
        """The principal and the audience of an identity token, and when it ends; 401 for an invalid or expired one."""
        try:
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")) if self.asserted(token) else {}
            principal, audience, expires = claims["principal"], claims["aud"], claims["exp"]
        except (ValueError, LookupError, TypeError, AttributeError):
            raise refused() from None
        if claims.get("iss") != ISSUER:
            raise refused()
        if expires <= now:
            raise refused("ACCESS_TOKEN_EXPIRED")
        return str(principal), str(audience), float(expires)

    def secret(self, purpose: str) -> str:
        """A secret derived from the state folder's key for another purpose; it never changes."""
        return hmac.digest(self._key, f"secret for {purpose}".encode(), hashlib.sha256).hex()[:40]

    def _sealed(self, principal: str, expiry: str) -> str:
        kind = "serviceAccount:" if principal.endswith(".gserviceaccount.com") else "user:"
        named = principal if principal.startswith(KINDS) else f"{kind}{principal}"
        content = f"{PREFIX}{quote(named, safe=':@')}/{expiry}"
        return f"{content}/{self._code(content)}"

    def _opened(self, value: str) -> tuple[str, float, bool]:
        """The principal of a token, the Unix time of its expiry, and whether that is by the machine's clock."""
        content, _, code = value.rpartition("/")
        if not content.startswith(PREFIX) or not self._proves(content, code):
            raise refused()
        expiry = content.rpartition("/")[2]
        return named(value), float(expiry.removeprefix(_WALL) or math.inf), expiry.startswith(_WALL)

    def _code(self, content: str) -> str:
        return _encoded(hmac.digest(self._key, content.encode(), hashlib.sha256))

    def _proves(self, content: str, code: str) -> bool:
        return hmac.compare_digest(self._code(content).encode(), code.encode())


def named(token: str) -> str:
    """The principal that a token claims, without verification; "" if it is not one of the local cloud's."""
    return unquote(token[len(PREFIX) :].partition("/")[0]) if token.startswith(PREFIX) else ""


def of(folder: Path) -> Tokens:
    """The tokens of the local cloud that keeps its state in a folder. Raises FileNotFoundError before its first start."""
    return Tokens(binascii.unhexlify((folder / KEY).read_bytes()))


def opened(folder: Path) -> Tokens:
    """Like `of`, but creates the key if there is none, readable only by the owner whatever the umask; of several creators the first wins."""
    path = folder / KEY
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=folder, prefix=KEY)
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_hex(_KEY_BYTES).encode())
        with suppress(FileExistsError):
            path.hardlink_to(name)
        Path(name).unlink()
    path.chmod(0o600)
    return of(folder)


def refused(why: str = "ACCESS_TOKEN_TYPE_UNSUPPORTED", text: str = INVALID) -> CloudError:
    """The 401 for a bad or expired token."""
    problem = unauthenticated(text, why)
    problem.reason = "authError"
    problem.headers["WWW-Authenticate"] += ', error="invalid_token"'
    return problem


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
