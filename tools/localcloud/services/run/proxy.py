"""Clients that speak HTTP/1.1 with services: heads are parsed to admit, route, count and time each request; bodies pass unchanged.

One connection of a client's speaks with as many instances as its requests are given to; WebSocket and whatever else changes the
protocol passes as bytes from then on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from localcloud.services.run.answers import Http1Answer, refusal
from localcloud.services.run.exchanges import Desk, Exchange, Headers, InstanceConnection, ProxyError
from localcloud.services.run.relay import Relay
from localcloud.services.run.streams import StreamsVisit

_LARGEST_HEAD = 64 * 1024
_MOST_WAITING = 1 << 20
_IDLE = 75.0
_PREFACE = b"PRI * HTTP/2"


class Visit(asyncio.Protocol):
    """A client's connection, which one that begins in HTTP/2 is handed on from."""

    takes_bytes = True

    def __init__(self, desk: Desk, secure: bool) -> None:
        self._desk, self._secure = desk, secure
        self._relay = Relay(desk)
        self._loop = asyncio.get_running_loop()
        self._begun: bytes | None = b""
        self._parser = httptools.HttpRequestParser(self)
        self._coming: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._head_size = 0
        self._parts = Http1Answer()
        self._tunnel: InstanceConnection | None = None
        self._paused = self._closing = False
        self._idle: asyncio.TimerHandle | None = None
        self.peer = ""

    # The client's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to listen."""
        self.transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.peer = name[0] if name else ""
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Reads what came, as HTTP until the protocol is changed."""
        if self._begun is not None:
            data = self._begun + data
            self._begun = data if len(data) < len(_PREFACE) and _PREFACE.startswith(data) else None
            if self._begun is not None:
                return
            if data.startswith(_PREFACE):
                self._hand_on(data)
                return
        if self._tunnel is not None:
            self._tunnel.tunnel(data)
            return
        if self._coming is None or not self._coming.chosen:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as changed:
            self._early(data[changed.args[0] :])
        except httptools.HttpParserError:
            self._refuse_all(400, "The request is no HTTP that can be read.")
        if self._coming is not None and self._head_size > _LARGEST_HEAD:
            self._refuse_all(431, "The head of the request is too large.")

    def _hand_on(self, data: bytes) -> None:
        if self._idle is not None:
            self._idle.cancel()
        streams = StreamsVisit(self._desk, self._secure)
        streams.connection_made(self.transport)
        self.transport.set_protocol(streams)
        streams.data_received(data)

    def eof_received(self) -> bool:
        """The client says no more."""
        if self._tunnel is not None:
            self._tunnel.end()
            return True
        return bool(self._queue)

    def pause_writing(self) -> None:
        """The client takes no more for now."""
        self._reading(upstream=False)

    def resume_writing(self) -> None:
        """The client takes more again."""
        self._reading(upstream=True)

    def connection_lost(self, _: Exception | None) -> None:
        """The client is gone: what is under way for it is given up."""
        self._closing = True
        if self._idle is not None:
            self._idle.cancel()
        if self._tunnel is not None:
            self._tunnel.close()
        for exchange in self._queue:
            self._relay.give_up(exchange)
        self._queue.clear()

    # What the parser says.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._coming = Exchange(self.peer, self._secure)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def on_url(self, url: bytes) -> None:
        """Its address, in pieces."""
        assert self._coming is not None
        self._coming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        assert self._coming is not None
        self._coming.add(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the request can be given to somebody."""
        exchange = self._coming
        assert exchange is not None
        self._head_size = 0
        exchange.started = self._loop.time()
        exchange.verb = self._parser.get_method()
        exchange.keep = self._parser.should_keep_alive()
        exchange.upgrade = self._parser.should_upgrade()
        exchange.old = self._parser.get_http_version() == "1.0"
        exchange.chunked = b"transfer-encoding" in exchange.fields
        if exchange.codings not in ([], [b"chunked"]):
            # The parser takes others before the last one, and blanks; an instance may find the end of the body elsewhere.
            self._refuse_all(400, "The transfer encoding of a request can be chunked only.")
            return
        if not exchange.target.startswith(b"/") and b"://" in exchange.target:
            exchange.target = b"/" + exchange.target.partition(b"://")[2].partition(b"/")[2]
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self._relay.begin(self, exchange)

    def on_body(self, data: bytes) -> None:
        """A piece of its body."""
        exchange = self._coming
        assert exchange is not None
        if exchange.upstream is not None:
            exchange.upstream.send(data)
            return
        exchange.body.append(data)
        exchange.size += len(data)
        if exchange.size > _MOST_WAITING and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange = self._coming
        assert exchange is not None
        exchange.complete = True
        if exchange.upstream is not None:
            exchange.upstream.finish()
        if len(self._queue) > 1 and not self._paused:
            self._paused = True  # who sends ahead waits
            self.transport.pause_reading()

    # One exchange after the other.

    def answer(self, data: bytes) -> None:
        """Bytes of an instance's."""
        self.transport.write(data)

    def head(self, exchange: Exchange, status: int, headers: Headers, *, whole: bool = False) -> None:
        """The head of an answer, which may be all of it, or one that says only that it is to come."""
        self.transport.write(self._parts.head(exchange, status, headers, whole=whole))

    def piece(self, data: bytes) -> None:
        """A piece of its body."""
        self.transport.write(self._parts.piece(data))

    def trailers(self, headers: Headers) -> None:
        """The headers behind its body."""
        self._parts.trailers = headers

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """An answer is whole."""
        if last := self._parts.end():
            self.transport.write(last)
        self._relay.done(exchange, reusable=reusable)
        keep = exchange.keep and exchange.complete and reusable and not exchange.upgrade
        self._next(exchange, keep=keep and not self._parts.endless)

    def changed(self, upstream: InstanceConnection) -> None:
        """The instance has agreed to another protocol."""
        self._tunnel = upstream
        self.taken()

    def broken(self, exchange: Exchange) -> None:
        """The connection to the instance ended before the answer did."""
        self._relay.broken(self, exchange)

    def cut(self) -> None:
        """Ends an answer that cannot be completed, so that nobody takes it for whole."""
        self.transport.close()

    def refuse(self, exchange: Exchange, refused: ProxyError) -> None:
        """Answers in place of an instance."""
        if self._closing:
            return
        exchange.status = refused.status
        keep = exchange.complete and exchange.keep
        self.transport.write(refusal(refused, keep=keep, body=exchange.verb != b"HEAD"))
        self._relay.refused(exchange)
        self._next(exchange, keep=keep)

    def _refuse_all(self, status: int, sentence: str) -> None:
        exchange = self._coming or Exchange(self.peer, self._secure)
        exchange.complete = False
        self.refuse(exchange, ProxyError(status, sentence))
        self.transport.close()

    def _next(self, exchange: Exchange, *, keep: bool) -> None:
        if self._queue and self._queue[0] is exchange:
            self._queue.popleft()
        if not keep:
            self.transport.close()
        elif self._queue:
            self._relay.begin(self, self._queue[0])
        else:
            self.taken()
            self._wait()

    def _wait(self) -> None:
        if not self._closing:
            self._idle = self._loop.call_later(_IDLE, self.transport.close)

    def taken(self) -> None:
        """What has come of the request has gone on."""
        if self._paused and not self._closing:
            self._paused = False
            self.transport.resume_reading()

    def _early(self, data: bytes) -> None:
        """What the client sent after asking for another protocol: kept until the instance agrees."""
        exchange = self._queue[-1]
        if exchange.upstream is not None:
            exchange.upstream.tunnel(data)
        else:
            exchange.early += data

    def _reading(self, *, upstream: bool) -> None:
        current = self._tunnel or (self._queue[0].upstream if self._queue else None)
        if current is not None:
            current.reading(upstream)

    def stop_reading(self) -> None:
        """The instance takes no more for now."""
        if not self._closing:
            self.transport.pause_reading()

    def read_on(self) -> None:
        """It takes more again."""
        if not self._closing and not self._paused:
            self.transport.resume_reading()
