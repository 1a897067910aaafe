"""A small HTTP client for the local cloud: JSON in and out, one keep-alive connection per thread."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# Servers close idle connections after a few seconds; a connection idle for longer is not reused.
_IDLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: HTTP status code, JSON object ({} without a body), and headers with lower-case names."""

    code: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """An HTTP error response. `text` is the whole body, for the few retry rules that inspect it."""

    def __init__(self, code: int, message: str, status: str = "", text: str = "") -> None:
        super().__init__(f"{code} {status}: {message}" if status else f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.text = text


class NoAnswer(Exception):
    """No response arrived. `sent` is whether the request may have reached the server."""

    def __init__(self, cause: Exception, *, sent: bool) -> None:
        super().__init__(f"The local cloud did not answer: {cause or type(cause).__name__}.")
        self.sent = sent


@dataclass
class _Kept:
    connection: http.client.HTTPConnection
    used: float


class Client:
    """Sends requests; thread-safe."""

    def __init__(self) -> None:
        self._local = threading.local()

    def send(self, verb: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Answer:
        """Sends one request; raises HttpError for an error status and NoAnswer without a response. Timeout in seconds."""
        parts = urlsplit(url)
        connection, reused = self._connection(parts.netloc, timeout)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            answer = _exchange(connection, verb, target, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._drop(parts.netloc)
            if reused and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)) and verb == "GET":
                return self.send(verb, url, body, headers, timeout)
            raise NoAnswer(error, sent=not isinstance(error, ConnectionRefusedError)) from error
        self._kept[parts.netloc] = _Kept(connection, time.monotonic())
        if answer.code >= 400:
            raise _refusal(answer)
        return answer

    @property
    def _kept(self) -> dict[str, _Kept]:
        if not hasattr(self._local, "kept"):
            self._local.kept = {}
        kept: dict[str, _Kept] = self._local.kept
        return kept

    def _connection(self, netloc: str, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        kept = self._kept.get(netloc)
        if kept and time.monotonic() - kept.used < _IDLE_SECONDS and kept.connection.sock is not None:
            kept.connection.sock.settimeout(timeout)
            return kept.connection, True
        self._drop(netloc)
        return http.client.HTTPConnection(netloc, timeout=timeout), False

    def _drop(self, netloc: str) -> None:
        kept = self._kept.pop(netloc, None)
        if kept:
            kept.connection.close()


def _exchange(
    connection: http.client.HTTPConnection, verb: str, target: str, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    connection.request(verb, target, body=body, headers=dict(headers))
    response = connection.getresponse()
    raw = response.read()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, _json(raw, response.status), received)


def _json(raw: bytes, code: int) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        parsed = json.loads(raw)
    except ValueError:
        parsed = {"error": {"message": raw.decode(errors="replace")}} if code >= 400 else {}
    return parsed if isinstance(parsed, dict) else {}


def _refusal(answer: Answer) -> HttpError:
    error = answer.body.get("error")
    if not isinstance(error, dict):
        return HttpError(answer.code, str(error or "no reason was given"), text=json.dumps(answer.body))
    return HttpError(
        answer.code,
        str(error.get("message", "no reason was given")),
        str(error.get("status", "")),
        json.dumps(answer.body),
    )
