"""One HTTP call, to Google with the caller's credentials or to the local cloud with its token."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from groundwork.errors import PermissionProblem

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

SECONDS = 60.0


class Unreachable(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True)
class Response:
    """Status and body as they came."""

    status: int
    content: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.content)


class Transport(Protocol):
    """Sends one request; `body` goes as JSON unless it is None. Raises Unreachable, PermissionProblem."""

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Response:
        """The answer, whatever its status."""
        ...


@dataclass(frozen=True)
class Loopback:
    """To the local cloud: a socket and HTTP/1.0, since importing an HTTP client takes longer than most of the calls."""

    token: str

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Response:
        """See Transport."""
        parts = urlsplit(url)
        query = urlencode({name: value for name, value in params.items() if value is not None}, doseq=True)
        content = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{verb} {parts.path}{'?' if query else ''}{query} HTTP/1.0",
            f"Host: {parts.netloc}",
            f"Authorization: Bearer {self.token}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        try:
            with socket.create_connection((str(parts.hostname), parts.port or 80), SECONDS) as connection:
                connection.sendall("\r\n".join([*head, "", ""]).encode() + content)
                with connection.makefile("rb") as stream:
                    return _answer(stream.read())
        except OSError as error:
            raise Unreachable(str(error)) from None


def loopback_session(credentials: Any) -> AuthorizedSession:
    """For official clients that speak to the local cloud: no variable sends what they say to a proxy."""
    from google.auth.transport.requests import AuthorizedSession

    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.trust_env = False
    return session


def _answer(received: bytes) -> Response:
    """The answer in all that came until the connection was closed; one that was cut off is none."""
    head, separator, content = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")]
    if not separator or any(length != len(content) for length in lengths):
        raise Unreachable("the connection was closed before the whole answer had come")
    return Response(int(status.split()[1]), content)


@dataclass(frozen=True)
class Google:
    """To Google, with google-auth's credentials: they are refreshed, and proxies and certificates are honoured."""

    credentials: Any

    @cached_property
    def _session(self) -> AuthorizedSession:
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(self.credentials)  # type: ignore[no-untyped-call]

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Response:
        """See Transport."""
        from google.auth.exceptions import GoogleAuthError, TransportError
        from requests.exceptions import RequestException

        try:
            answer = self._session.request(verb, url, params=params, json=body, timeout=SECONDS)  # type: ignore[no-untyped-call]
        except (RequestException, TransportError) as error:
            raise Unreachable(unanswered(error)) from None
        except GoogleAuthError as error:
            raise refused_login(error, self.credentials) from None
        return Response(int(answer.status_code), bytes(answer.content))


def unanswered(error: Exception) -> str:
    """Why no answer came, without the addresses and attempts that the libraries put before it."""
    return str(error.__cause__ or error).rpartition(": ")[2].strip("')\"") or type(error).__name__


def refused_login(error: Exception, credentials: Any = None) -> PermissionProblem:
    """What google-auth says of a login that does not work, as a sentence with the way on.

    Only the first of what it says: what follows is Google's whole answer, which may hold a token.
    """
    why = str(error.args[0] if error.args else error).partition("\n")[0]
    account = getattr(credentials, "service_account_email", None)
    if account and "impersonated" in why:
        return PermissionProblem(
            f"Your login may not act as {account}, or there is no such account: an operator of the project may; to be "
            "yourself, unset GOOGLE_IMPERSONATE_SERVICE_ACCOUNT or run `gcloud auth application-default login`. Where that was granted "
            "just now, it works in some minutes.",
            [why],
        )
    return PermissionProblem(f"Your login is not valid any more ({why}): run `gcloud auth application-default login`.")
