"""Clients that speak HTTP/1.1 with services: heads are parsed to admit, route, count and time each request; bodies pass unchanged.

The requests of one client connection may go to different instances; after a protocol switch (WebSocket and others) all bytes
are passed through.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from localcloud.services.run.answers import Http1Answer, refusal
from localcloud.services.run.exchanges import Exchange, Headers, InstanceConnection, ProxyError, RequestRouter
from localcloud.services.run.relay import Relay

_LARGEST_HEAD = 64 * 1024
_MOST_WAITING = 1 << 20
_IDLE = 75.0
_PREFACE = b"PRI * HTTP/2"


class Visit(asyncio.Protocol):
    """A connection from a client; HTTP/2 is handed over to StreamsVisit."""

    takes_bytes = True

    def __init__(self, router: RequestRouter, secure: bool) -> None:
        self._router, self._secure = router, secure
        self._relay = Relay(router)
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts the idle timer."""
        self.transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.peer = name[0] if name else ""
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Parses incoming bytes as HTTP, or passes them on after a protocol switch."""
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
            self._refuse_all(400, "The request is not valid HTTP.")
        if self._coming is not None and self._head_size > _LARGEST_HEAD:
            self._refuse_all(431, "The head of the request is too large.")

    def _hand_on(self, data: bytes) -> None:
        if self._idle is not None:
            self._idle.cancel()
        from localcloud.services.run.streams import StreamsVisit  # loads HTTP/2, which few clients speak here

        streams = StreamsVisit(self._router, self._secure)
        streams.connection_made(self.transport)
        self.transport.set_protocol(streams)
        streams.data_received(data)

    def eof_received(self) -> bool:
        """The client will send no more."""
        if self._tunnel is not None:
            self._tunnel.end()
            return True
        return bool(self._queue)

    def pause_writing(self) -> None:
        """Stops reading from the instance: the client is reading too slowly."""
        self._reading(upstream=False)

    def resume_writing(self) -> None:
        """Reads from the instance again."""
        self._reading(upstream=True)

    def connection_lost(self, _: Exception | None) -> None:
        """The client has disconnected: its requests are abandoned."""
        self._closing = True
        if self._idle is not None:
            self._idle.cancel()
        if self._tunnel is not None:
            self._tunnel.close()
        for exchange in self._queue:
            self._relay.give_up(exchange)
        self._queue.clear()

    def on_message_begin(self) -> None:
        """Starts a new request."""
        self._coming = Exchange(self.peer, self._secure)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def on_url(self, url: bytes) -> None:
        """Collects the URL, which may come in pieces."""
        assert self._coming is not None
        self._coming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collects a header."""
        assert self._coming is not None
        self._coming.add(name, value)

    def on_headers_complete(self) -> None:
        """Dispatches the request: its head is complete."""
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
            # The parser accepts more codings and spaces, where an instance may see another end of the body (request smuggling).
            self._refuse_all(400, "The only transfer encoding accepted is chunked.")
            return
        if not exchange.target.startswith(b"/") and b"://" in exchange.target:
            exchange.target = b"/" + exchange.target.partition(b"://")[2].partition(b"/")[2]
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self._relay.begin(self, exchange)

    def on_body(self, data: bytes) -> None:
        """Forwards a piece of the body, or buffers it until there is an instance."""
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
        """Ends the body; stops reading while pipelined requests wait."""
        exchange = self._coming
        assert exchange is not None
        exchange.complete = True
        if exchange.upstream is not None:
            exchange.upstream.finish()
        if len(self._queue) > 1 and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def answer(self, data: bytes) -> None:
        """Forwards bytes of the instance's response."""
        self.transport.write(data)

    def head(self, exchange: Exchange, status: int, headers: Headers, *, whole: bool = False) -> None:
        """Forwards the head of a response, which may be the whole response or only an interim one."""
        self.transport.write(self._parts.head(exchange, status, headers, whole=whole))

    def piece(self, data: bytes) -> None:
        """Forwards a piece of the response's body."""
        self.transport.write(self._parts.piece(data))

    def trailers(self, headers: Headers) -> None:
        """Stores the trailers, to be sent after the body."""
        self._parts.trailers = headers

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """Finishes an exchange, and keeps the connection to the instance for reuse if that is safe."""
        if last := self._parts.end():
            self.transport.write(last)
        self._relay.done(exchange, reusable=reusable)
        keep = exchange.keep and exchange.complete and reusable and not exchange.upgrade
        self._next(exchange, keep=keep and not self._parts.endless)

    def changed(self, upstream: InstanceConnection) -> None:
        """The instance has switched protocols."""
        self._tunnel = upstream
        self.taken()

    def broken(self, exchange: Exchange) -> None:
        """The connection to the instance ended before the response was complete; repeats the request if that is safe."""
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
        """Forwards or buffers what the client sent right after requesting a protocol switch."""
        if not self._queue:
            return  # the request has been answered in HTTP, and the connection closes
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
        """Stops reading from the client: the instance is reading too slowly."""
        if not self._closing:
            self.transport.pause_reading()

    def read_on(self) -> None:
        """Reads from the client again."""
        if not self._closing and not self._paused:
            self.transport.resume_reading()
