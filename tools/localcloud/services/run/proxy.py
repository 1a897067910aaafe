"""The HTTP proxy between clients and instances: heads are parsed to admit, route, count and time each request; bodies pass unchanged.

One connection of a client's speaks with as many instances as its requests are given to; WebSocket and whatever else changes the
protocol passes as bytes from then on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import httptools

from localcloud.services.run.exchanges import Desk, Exchange, InstanceConnection, ProxyError, page
from localcloud.services.run.fleet import NoInstance
from localcloud.services.run.upstream import Upstream

_LARGEST_HEAD = 64 * 1024
_MOST_WAITING = 1 << 20
_IDLE = 75.0
_BROKEN = "The request failed because the connection to the instance had an error."
_H2C = (
    "The instance did not answer in HTTP/1.1: its port is named h2c, so that Google Cloud speaks HTTP/2 with it, and the local cloud speaks "
    "only HTTP/1.1. A server that understands both answers here, too; gRPC does not."
)
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Visit(asyncio.Protocol):
    """A client's connection."""

    def __init__(self, desk: Desk, secure: bool) -> None:
        self._desk, self._secure = desk, secure
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._coming: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._head_size = 0
        self._task: asyncio.Task[None] | None = None
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
        if self._tunnel is not None:
            self._tunnel.send(data)
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
        if self._task is not None:
            self._task.cancel()
        if self._tunnel is not None:
            self._tunnel.close()
        for exchange in self._queue:
            self._over(exchange, lost=True)
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
        exchange, lower = self._coming, name.lower()
        assert exchange is not None
        exchange.headers.append((lower, name, value))
        exchange.fields.setdefault(lower, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the request can be given to somebody."""
        exchange = self._coming
        assert exchange is not None
        self._head_size = 0
        exchange.started = self._loop.time()
        exchange.verb = self._parser.get_method()
        exchange.keep = self._parser.should_keep_alive()
        exchange.upgrade = self._parser.should_upgrade()
        exchange.chunked = b"transfer-encoding" in exchange.fields
        if exchange.codings not in ([], [b"chunked"]):
            # The parser takes others before the last one, and blanks; an instance may find the end of the body elsewhere.
            self._refuse_all(400, "The transfer encoding of a request can be chunked only.")
            return
        if not exchange.target.startswith(b"/") and b"://" in exchange.target:
            exchange.target = b"/" + exchange.target.partition(b"://")[2].partition(b"/")[2]
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self._begin(exchange)

    def on_body(self, data: bytes) -> None:
        """A piece of its body."""
        exchange = self._coming
        assert exchange is not None
        if exchange.upstream is not None:
            exchange.upstream.send(exchange.piece(data))
            return
        exchange.body.append(exchange.piece(data))
        exchange.size += len(data)
        if exchange.size > _MOST_WAITING and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange = self._coming
        assert exchange is not None
        exchange.complete = True
        if exchange.chunked:
            if exchange.upstream is not None:
                exchange.upstream.send(b"0\r\n\r\n")
            else:
                exchange.body.append(b"0\r\n\r\n")
        if len(self._queue) > 1 and not self._paused:
            self._paused = True  # who sends ahead waits
            self.transport.pause_reading()

    # One exchange after the other.

    def _begin(self, exchange: Exchange) -> None:
        try:
            exchange.chosen = self._desk.choose(exchange)
            instance = self._desk.enter(exchange.chosen)
        except ProxyError as refused:
            self._refuse(exchange, refused)
            return
        except NoInstance as none:
            self._refuse(exchange, ProxyError(none.status, str(none)))
            return
        exchange.timer = self._loop.call_later(exchange.chosen.timeout, self._late, exchange)
        if instance is not None:
            exchange.instance = instance
            while instance.connections:
                upstream = cast("Upstream", instance.connections.pop())
                if upstream.usable:
                    self._send(exchange, upstream, reused=True)
                    return
        self._task = self._loop.create_task(self._reach(exchange))

    async def _reach(self, exchange: Exchange, *, whole: bool = False) -> None:
        """Waits for an instance, and connects with it."""
        try:
            if exchange.instance is None:
                exchange.instance = await self._desk.acquire(exchange.chosen)
            _, upstream = await self._loop.create_connection(Upstream, *exchange.instance.containers.address)
        except NoInstance as none:
            self._refuse(exchange, ProxyError(none.status, str(none)))
        except OSError:
            self._lost(exchange)
        else:
            self._send(exchange, upstream, whole=whole)
        finally:
            self._task = None

    def _send(
        self, exchange: Exchange, upstream: InstanceConnection, *, reused: bool = False, whole: bool = False
    ) -> None:
        exchange.upstream = upstream
        upstream.begin(self, exchange)
        data = b"".join(exchange.body if whole else (exchange.head(), *exchange.body))
        # An instance may end a connection that it was not asked on for long at the moment in which it is asked again.
        exchange.again = data if reused and exchange.verb in _REPEATABLE else b""
        upstream.send(data)
        exchange.body.clear()
        self._resume()

    def answer(self, data: bytes) -> None:
        """Bytes of an instance's."""
        self.transport.write(data)

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """An answer is whole."""
        upstream, instance = exchange.upstream, exchange.instance
        # After HEAD some apps still have a body to say; after another protocol that was not agreed to, what came along is still asked.
        quiet = reusable and exchange.verb != b"HEAD" and not exchange.upgrade
        if quiet and exchange.complete and upstream is not None and instance is not None and not instance.ended:
            instance.connections.append(upstream)
        elif upstream is not None:
            upstream.close()
        exchange.upstream = None
        self._over(exchange)
        self._next(exchange, keep=exchange.keep and exchange.complete and reusable and not exchange.upgrade)

    def changed(self, upstream: InstanceConnection) -> None:
        """The instance has agreed to another protocol."""
        self._tunnel = upstream
        self._resume()

    def broken(self, exchange: Exchange) -> None:
        """The connection to the instance ended before the answer did."""
        exchange.upstream = None
        if exchange.status:
            self._over(exchange)
            self.transport.close()
        elif exchange.again:
            exchange.body, exchange.again = deque((exchange.again,)), b""
            self._task = self._loop.create_task(self._reach(exchange, whole=True))
        else:
            self._lost(exchange)

    def _lost(self, exchange: Exchange) -> None:
        if exchange.instance is not None:
            self._desk.suspect(exchange.instance)
        self._refuse(exchange, ProxyError(501, _H2C) if exchange.chosen.h2c else ProxyError(503, _BROKEN))

    def _late(self, exchange: Exchange) -> None:
        if exchange.status:
            self._over(exchange)
            self.transport.close()
        else:
            self._refuse(
                exchange,
                ProxyError(504, "The request has been terminated because it has reached the maximum request timeout."),
            )

    def _refuse(self, exchange: Exchange, refused: ProxyError) -> None:
        if self._closing:
            return
        exchange.status = refused.status
        body = page(refused)
        headers = "".join(f"{line}\r\n" for line in refused.headers)
        close = "" if exchange.complete and exchange.keep else "Connection: close\r\n"
        head = (
            f"HTTP/1.1 {refused.line}\r\nContent-Type: text/html; charset=UTF-8\r\n"
            f"Server: Google Frontend (simulated)\r\n{headers}{close}Content-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + (b"" if exchange.verb == b"HEAD" else body))
        if exchange.upstream is not None:
            exchange.upstream.close()
            exchange.upstream = None
        self._over(exchange)
        self._next(exchange, keep=not close)

    def _refuse_all(self, status: int, sentence: str) -> None:
        exchange = self._coming or Exchange(self.peer, self._secure)
        exchange.complete = False
        self._refuse(exchange, ProxyError(status, sentence))
        self.transport.close()

    def _over(self, exchange: Exchange, *, lost: bool = False) -> None:
        if exchange.timer is not None:
            exchange.timer.cancel()
        if lost and exchange.upstream is not None:
            exchange.upstream.close()
        instance, exchange.instance = exchange.instance, None
        if instance is not None:
            self._desk.leave(instance)
        if exchange.chosen is not None:
            exchange.status = exchange.status or 499
            self._desk.answered(exchange)
            exchange.chosen = None

    def _next(self, exchange: Exchange, *, keep: bool) -> None:
        if self._queue and self._queue[0] is exchange:
            self._queue.popleft()
        if not keep:
            self.transport.close()
        elif self._queue:
            self._begin(self._queue[0])
        else:
            self._resume()
            self._wait()

    def _wait(self) -> None:
        if not self._closing:
            self._idle = self._loop.call_later(_IDLE, self.transport.close)

    def _resume(self) -> None:
        if self._paused and not self._closing:
            self._paused = False
            self.transport.resume_reading()

    def _early(self, data: bytes) -> None:
        """What the client sent after asking for another protocol: kept until the instance agrees."""
        exchange = self._queue[-1]
        if exchange.upstream is not None:
            exchange.upstream.send(data)
        elif data:
            exchange.body.append(data)

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
