"""One HTTP call, to Google with the caller's login or to the local cloud with a plain token; answers as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from groundwork.errors import PermissionProblem

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

SECONDS = 60.0


class Unreachable(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True)
class Answer:
    """Status and body as they came."""

    status: int
    content: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.content)


class Transport(Protocol):
    """Sends one request; `body` goes as JSON unless it is None. Raises Unreachable, PermissionProblem."""

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Answer:
        """The answer, whatever its status."""
        ...


@dataclass(frozen=True)
class Loopback:
    """To the local cloud: no more than Python's own client, since importing Google's takes longer than most commands."""

    token: str

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Answer:
        """See Transport."""
        parts = urlsplit(url)
        query = urlencode({name: value for name, value in params.items() if value is not None}, doseq=True)
        target = parts.path + (f"?{query}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=SECONDS)
        try:
            connection.request(verb, target, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, HTTPException) as error:
            raise Unreachable(str(error) or type(error).__name__) from None
        finally:
            connection.close()


@dataclass(frozen=True)
class Google:
    """To Google, with google-auth's credentials: they are refreshed, and proxies and certificates are honoured."""

    credentials: Any

    @cached_property
    def _session(self) -> AuthorizedSession:
        from google.auth.transport.requests import AuthorizedSession

        return AuthorizedSession(self.credentials)  # type: ignore[no-untyped-call]

    def send(self, verb: str, url: str, params: Mapping[str, Any], body: Any) -> Answer:
        """See Transport."""
        from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
        from requests.exceptions import RequestException

        try:
            answer = self._session.request(verb, url, params=params, json=body, timeout=SECONDS)  # type: ignore[no-untyped-call]
        except (RefreshError, DefaultCredentialsError) as error:
            why = str(error.args[0]) if error.args else str(error)
            raise PermissionProblem(
                f"Your login is not valid any more ({why}): run `gcloud auth application-default login`."
            ) from None
        except (RequestException, TransportError) as error:
            raise Unreachable(
                str(error.__cause__ or error).rpartition(": ")[2].strip("')\"") or type(error).__name__
            ) from None
        return Answer(int(answer.status_code), bytes(answer.content))
