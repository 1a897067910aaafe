"""uvicorn's cycle of a request and its answer: formats a head in one go, and sends it together with the beginning of its body."""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_NO_NAME = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]|\A\Z")
_CONTROLS = bytes([*range(9), *range(10, 32), 127])  # the tab is allowed in a value
_WITHOUT_BODY = frozenset({204, 304})


class _Form(NamedTuple):
    """A head but for its values, and the positions among these of three that matter, -1 for one that is not there."""

    text: bytes
    length: int
    encoding: int
    connection: int


class ResponseHead(NamedTuple):
    """A head, and what it says: the length of the body or that it is chunked, and whether the connection stays."""

    text: bytes
    length: int
    chunked: bool
    keep_alive: bool


class Cycle(RequestResponseCycle):
    """One request and its answer. Most answers are one system call; a head whose body is late leaves when the loop comes round."""

    _head = b""

    async def send(self, message: Any) -> None:
        """ASGI's send."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if not self.response_started and message["type"] == "http.response.start":
            headers = [*self.default_headers, *message.get("headers", ())]
            names, values = tuple([name for name, _ in headers]), tuple([value for _, value in headers])
            response_head = head(message["status"], names, values, self.scope["method"], keep_alive=self.keep_alive)
            self._head, self.expected_content_length, self.chunked_encoding, self.keep_alive = response_head
            self.response_started, self.waiting_for_100_continue = True, False
            asyncio.get_running_loop().call_soon(self._leave)
        elif self._head and self._ends(message):
            begun, self._head = self._head, b""
            self.transport.write(begun + message.get("body", b""))
            self._complete()
        else:
            self._leave()
            await super().send(message)

    def _ends(self, message: Any) -> bool:
        """Whether this is the whole of a body that is sent as it is."""
        if message["type"] != "http.response.body" or message.get("more_body") or self.chunked_encoding:
            return False
        return self.scope["method"] != "HEAD" and len(message.get("body", b"")) == self.expected_content_length

    def _complete(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _leave(self) -> None:
        begun, self._head = self._head, b""
        if begun and not self.transport.is_closing():
            self.transport.write(begun)


def head(
    status: int, names: tuple[bytes, ...], values: tuple[bytes, ...], method: str, *, keep_alive: bool
) -> ResponseHead:
    """The head of an answer. Raises RuntimeError for a header that would end its line."""
    form = _form(status, names)
    joined = b"".join(values)
    if len(joined.translate(None, _CONTROLS)) < len(joined):
        raise RuntimeError("Invalid HTTP header value.")
    more = b""
    if form.connection >= 0 and b"close" in values[form.connection].lower():
        keep_alive = False
    elif not keep_alive:
        more = b"connection: close\r\n"
    length = int(values[form.length]) if form.length >= 0 else 0
    chunked = form.encoding >= 0 and values[form.encoding].lower() == b"chunked"
    if form.length < 0 and not chunked and method != "HEAD" and status not in _WITHOUT_BODY:
        chunked, more = True, more + b"transfer-encoding: chunked\r\n"
    return ResponseHead(b"%b%b\r\n" % (form.text % values, more), 0 if chunked else length, chunked, keep_alive)


def text_head(
    status: int,
    common: tuple[tuple[bytes, bytes], ...],
    names: tuple[str, ...],
    values: tuple[str, ...],
    *,
    keep_alive: bool,
) -> bytes:
    """The head of an answer that says its length itself; its `values` are on one line each. Raises RuntimeError for a name that is none."""
    return (_template(status, common, names, keep_alive=keep_alive) % values).encode()


@lru_cache(maxsize=512)
def _template(status: int, common: tuple[tuple[bytes, bytes], ...], names: tuple[str, ...], *, keep_alive: bool) -> str:
    if any(_NO_NAME.search(name.encode()) for name in names):
        raise RuntimeError("Invalid HTTP header name.")
    begin = b"".join([STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in common)]).decode("latin-1")
    own = [f"{name.lower().replace('%', '%%')}: %s\r\n" for name in names]
    return "".join([begin.replace("%", "%%"), *own, "\r\n" if keep_alive else "connection: close\r\n\r\n"])


@lru_cache(maxsize=512)
def _form(status: int, names: tuple[bytes, ...]) -> _Form:
    """Raises RuntimeError for a name that is none."""
    if any(_NO_NAME.search(name) for name in names):
        raise RuntimeError("Invalid HTTP header name.")
    lower = [name.lower() for name in names]
    lines = [name.replace(b"%", b"%%") + b": %b\r\n" for name in lower]
    at = {name: lower.index(name) for name in lower}
    special = (b"content-length", b"transfer-encoding", b"connection")
    return _Form(STATUS_LINE[status] + b"".join(lines), *(at.get(name, -1) for name in special))
