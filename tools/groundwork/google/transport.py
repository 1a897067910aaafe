"""A single HTTP call, to Google with the caller's credentials or to the local cloud with its token."""

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
    from google.auth.credentials import Credentials
    from google.auth.transport.requests import AuthorizedSession

SECONDS = 60.0


class Unreachable(Exception):
    """There was no response; the text says why."""


@dataclass(frozen=True)
class Response:
    """The status and body of a response."""

    status: int
    content: bytes

    def json(self) -> Any:
        """The parsed body. Raises ValueError when it is not JSON."""
        return json.loads(self.content)


class Transport(Protocol):
    """Sends one request, with `body` as JSON unless it is None. Raises Unreachable, PermissionProblem."""

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Response:
        """The response, whatever its status."""
        ...


@dataclass(frozen=True)
class Loopback:
    """To the local cloud, with a socket and HTTP/1.0: importing an HTTP client takes longer than most calls."""

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


def loopback_session(credentials: Credentials) -> AuthorizedSession:
    """A session for official clients of the local cloud, which ignores proxy variables."""
    from google.auth.transport.requests import AuthorizedSession

    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.trust_env = False
    return session


def _answer(received: bytes) -> Response:
    """Parse everything that was received until the connection closed. Raises Unreachable for a truncated response."""
    head, separator, content = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")]
    if not separator or any(length != len(content) for length in lengths):
        raise Unreachable("the connection was closed before the response was complete")
    return Response(int(status.split()[1]), content)


@dataclass(frozen=True)
class Google:
    """To Google, with google-auth's credentials, which are refreshed; the user's proxies and certificates apply."""

    credentials: Credentials

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
    """Why there was no response, without the addresses and attempts that the libraries put first."""
    return str(error.__cause__ or error).rpartition(": ")[2].strip("')\"") or type(error).__name__


def refused_login(error: Exception, credentials: object = None) -> PermissionProblem:
    """google-auth's error for a login that does not work, as a sentence with a remedy.

    Only the error's first line is shown: the rest is Google's whole response, which may contain a token.
    """
    why = str(error.args[0] if error.args else error).partition("\n")[0]
    account = getattr(credentials, "service_account_email", None)
    if account and "impersonated" in why:
        return PermissionProblem(
            f"Your login may not act as {account}, or there is no such account. Operators of the project may; to act as "
            "yourself, unset GOOGLE_IMPERSONATE_SERVICE_ACCOUNT or run `gcloud auth application-default login`. A new grant takes "
            "a few minutes to work.",
            [why],
        )
    return PermissionProblem(f"Your login is no longer valid ({why}): run `groundwork login --env NAME`.")
