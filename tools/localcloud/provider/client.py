"""A small HTTP client for the local cloud: JSON in and out, one keep-alive connection per thread."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httptools

# Servers close idle connections after a few seconds; a connection idle for longer is not reused.
_IDLE_SECONDS = 3.0
_CHUNK = 65_536
_WITH_BODY = ("PATCH", "POST", "PUT")
# Other characters could end the target or the header that they are in.
_TARGET, _HEADER = re.compile(r"[!-~]+"), re.compile(r"[\t -~\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: HTTP status code, and JSON object ({} without a body)."""

    code: int
    body: dict[str, Any]


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


class _Response:
    """A response while it is received. httptools, which reads it, calls the methods."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = bytearray()
        self.stays_open = self.complete = False

    def on_headers_complete(self) -> None:
        self.stays_open = self.parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


@dataclass
class _Kept:
    connection: socket.socket
    used: float


class Client:
    """Sends requests; thread-safe."""

    def __init__(self) -> None:
        self._local = threading.local()

    def send(self, verb: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Answer:
        """Sends one request; raises HttpError for an error status and NoAnswer without a response. Timeout in seconds."""
        parts = urlsplit(url)
        request = _request(verb, parts, body, headers)
        reused = False
        try:
            connection, reused = self._connection(parts, timeout)
            response = _exchange(connection, request)
        except (OSError, httptools.HttpParserError) as error:
            self._drop(parts.netloc)
            if reused and isinstance(error, ConnectionError) and verb == "GET":
                return self.send(verb, url, body, headers, timeout)
            raise NoAnswer(error, sent=not isinstance(error, ConnectionRefusedError)) from error
        if response.stays_open:
            self._kept[parts.netloc] = _Kept(connection, time.monotonic())
        else:
            connection.close()
            self._kept.pop(parts.netloc, None)
        code = response.parser.get_status_code()
        answer = Answer(code, _json(bytes(response.body), code))
        if answer.code >= 400:
            raise _refusal(answer)
        return answer

    @property
    def _kept(self) -> dict[str, _Kept]:
        if not hasattr(self._local, "kept"):
            self._local.kept = {}
        kept: dict[str, _Kept] = self._local.kept
        return kept

    def _connection(self, parts: SplitResult, timeout: float) -> tuple[socket.socket, bool]:
        kept = self._kept.get(parts.netloc)
        if kept and time.monotonic() - kept.used < _IDLE_SECONDS:
            kept.connection.settimeout(timeout)
            return kept.connection, True
        self._drop(parts.netloc)
        connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._kept[parts.netloc] = _Kept(connection, time.monotonic())
        return connection, False

    def _drop(self, netloc: str) -> None:
        kept = self._kept.pop(netloc, None)
        if kept:
            kept.connection.close()


def _request(verb: str, parts: SplitResult, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    """The request's bytes; raises HttpError, as a server would, for what cannot be in a target or a header."""
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    own = {"Host": parts.netloc, **headers}
    if body is not None or verb in _WITH_BODY:
        own["Content-Length"] = str(len(body or b""))
    if not _TARGET.fullmatch(target) or not all(_HEADER.fullmatch(value) for value in own.values()):
        raise HttpError(400, "A URL or a header of the request has a character that cannot be there.")
    lines = [f"{verb} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in own.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


def _exchange(connection: socket.socket, request: bytes) -> _Response:
    connection.sendall(request)
    response = _Response()
    while not response.complete:
        data = connection.recv(_CHUNK)
        if not data:
            raise ConnectionResetError("the connection was closed before the response was complete")
        response.parser.feed_data(data)
    return response


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
