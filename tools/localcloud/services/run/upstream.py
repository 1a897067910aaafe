"""The instance's side of the proxy: parses responses only as far as needed to find their end."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools

from localcloud.services.run.exchanges import ClientConnection, Exchange

_HTTP = b"HTTP/1."
_LAST_CHUNK = b"0\r\n\r\n"
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})


class Upstream(asyncio.Protocol):
    """A connection to an instance, which serves one exchange after another."""

    def __init__(self) -> None:
        self._visit: ClientConnection | None = None
        self._exchange: Exchange | None = None
        self._parser: Any = None
        self._parts: _Parts | None = None
        self._whole = self._keep = False
        self._tunnel = False
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Stores the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def begin(self, visit: ClientConnection, exchange: Exchange) -> None:
        """From now on it is there for an exchange: what is known of the request is sent."""
        self._visit, self._exchange = visit, exchange
        self._parts = None if visit.takes_bytes else _Parts(self, visit, exchange)
        self._parser, self._whole = httptools.HttpResponseParser(self._parts or self), False
        last = _LAST_CHUNK if exchange.chunked and exchange.complete else b""
        self.transport.write(b"".join((exchange.head(), *map(exchange.piece, exchange.body), last, exchange.early)))

    def send(self, data: bytes) -> None:
        """Sends a piece of the request's body."""
        if self._exchange is not None:
            self.transport.write(self._exchange.piece(data))

    def finish(self) -> None:
        """The request is whole."""
        if self._exchange is not None and self._exchange.chunked:
            self.transport.write(_LAST_CHUNK)

    def tunnel(self, data: bytes) -> None:
        """Sends bytes of another protocol."""
        self.transport.write(data)

    def end(self) -> None:
        """Half-closes the connection: nothing more will be sent."""
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def close(self) -> None:
        """Closes the connection."""
        self.usable, self._visit, self._exchange = False, None, None
        self.transport.close()

    def reading(self, on: bool) -> None:
        """Pauses or resumes reading from the instance."""
        if on:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Forwards bytes of the response to the client."""
        visit, exchange = self._visit, self._exchange
        if visit is None or exchange is None:
            self.close()  # the instance sent something without a request
            return
        if not exchange.answer_size and not data.startswith(_HTTP[: len(data)]):
            self.close()  # the instance speaks another protocol, such as HTTP/2
            visit.broken(exchange)
            return
        exchange.answer_size += len(data)
        if exchange.verb == b"HEAD":
            head, end, _ = data.partition(b"\r\n\r\n")  # some apps answer HEAD with a body
            data = head + end
        if self._parts is None:
            visit.answer(data)
        if self._tunnel:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self._whole = True
            visit.done(exchange, reusable=False)
            return
        if self._tunnel:
            visit.changed(self)
        elif self._whole:
            self._visit = self._exchange = None
            visit.done(exchange, reusable=self._keep)

    def on_headers_complete(self) -> None:
        """Reads the status; a response to HEAD is complete now."""
        exchange = self._exchange
        status = self._parser.get_status_code()
        if exchange is None or (100 <= status < 200 and status != 101):
            return
        exchange.status = status
        self._keep = self._parser.should_keep_alive()  # the parser no longer knows once the response is complete
        self._tunnel = status == 101
        self._whole = exchange.verb == b"HEAD"

    def on_message_complete(self) -> None:
        """The response is complete, unless it was an interim one."""
        if self._exchange is not None and self._exchange.status and not self._tunnel:
            self._whole = True

    def pause_writing(self) -> None:
        """Stops reading from the client: the instance is reading too slowly."""
        if self._visit is not None:
            self._visit.stop_reading()

    def resume_writing(self) -> None:
        """Reads from the client again."""
        if self._visit is not None:
            self._visit.read_on()

    def connection_lost(self, _: Exception | None) -> None:
        """The connection has closed: the end of a response without a length, or a failure."""
        self.usable = False
        visit, exchange = self._visit, self._exchange
        self._visit = self._exchange = None
        if visit is None or exchange is None:
            return
        if exchange.status and self._parts is not None and self._parts.endless:
            visit.done(exchange, reusable=False)
        else:
            visit.broken(exchange)


class _Parts:
    """Hears the parser for a client that is given answers in parts."""

    def __init__(self, upstream: Upstream, client: ClientConnection, exchange: Exchange) -> None:
        self._upstream, self._client, self._exchange = upstream, client, exchange
        self._headers: list[tuple[bytes, bytes]] = []
        self.endless = False
        """Whether the end of the connection is the end of the answer."""

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers, self._headers = self._headers, []
        before = self._exchange.status
        self._upstream.on_headers_complete()
        if self._exchange.status != before:
            self.endless = not any(name in _LENGTHS for name, _ in headers)
            self._client.head(self._exchange, self._exchange.status, headers)

    def on_body(self, data: bytes) -> None:
        if self._exchange.verb != b"HEAD":
            self._client.piece(data)

    def on_message_complete(self) -> None:
        if self._headers:
            self._client.trailers(self._headers)
        self._upstream.on_message_complete()
