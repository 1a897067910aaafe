"""What clients of HTTP/1.1 and HTTP/2 share: an exchange is admitted, given to an instance, and counted when it is over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from localcloud.services.run.exchanges import ClientConnection, Desk, Exchange, InstanceConnection, ProxyError
from localcloud.services.run.fleet import NoInstance
from localcloud.services.run.upstream import Upstream
from localcloud.services.run.upstream_http2 import Http2Upstream

_BROKEN = "The request failed because the connection to the instance had an error."
_H2C = (
    "The instance did not answer in HTTP/2: its port is named h2c, so that Cloud Run speaks nothing else with it. Serve HTTP/2 without "
    "TLS there, or leave the port's name away."
)
_LATE = "The request has been terminated because it has reached the maximum request timeout."
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Relay:
    """The way of one client's exchanges to instances and back."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()

    def begin(self, client: ClientConnection, exchange: Exchange) -> None:
        """Gives an exchange to an instance, as soon as there is one, or refuses it."""
        try:
            exchange.chosen = self._desk.choose(exchange)
            instance = self._desk.enter(exchange.chosen)
        except ProxyError as refused:
            client.refuse(exchange, refused)
            return
        except NoInstance as none:
            client.refuse(exchange, ProxyError(none.status, str(none)))
            return
        exchange.timer = self._loop.call_later(exchange.chosen.timeout, self._late, client, exchange)
        if instance is not None:
            exchange.instance = instance
            while instance.connections:
                upstream = cast("InstanceConnection", instance.connections.pop())
                if upstream.usable:
                    self._send(client, exchange, upstream, reused=True)
                    return
        exchange.task = self._loop.create_task(self._reach(client, exchange))

    async def _reach(self, client: ClientConnection, exchange: Exchange) -> None:
        """Waits for an instance, and connects with it."""
        made: Callable[[], Upstream | Http2Upstream] = Http2Upstream if exchange.chosen.h2c else Upstream
        try:
            if exchange.instance is None:
                exchange.instance = await self._desk.acquire(exchange.chosen)
            _, upstream = await self._loop.create_connection(made, *exchange.instance.containers.address)
        except NoInstance as none:
            client.refuse(exchange, ProxyError(none.status, str(none)))
        except OSError:
            self._lost(client, exchange)
        else:
            self._send(client, exchange, upstream)
        finally:
            exchange.task = None

    def _send(
        self, client: ClientConnection, exchange: Exchange, upstream: InstanceConnection, *, reused: bool = False
    ) -> None:
        exchange.upstream = upstream
        # An instance may end a connection that it was not asked on for long at the moment in which it is asked again.
        repeatable = reused and exchange.complete and exchange.verb in _REPEATABLE
        exchange.again = tuple(exchange.body) if repeatable else None
        upstream.begin(client, exchange)
        exchange.body.clear()
        client.taken()

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """An answer is whole: the connection to the instance waits for the next exchange, or is ended."""
        upstream, instance = exchange.upstream, exchange.instance
        # After HEAD some apps still have a body to say; after another protocol that was not agreed to, what came along is still asked.
        quiet = reusable and exchange.verb != b"HEAD" and not exchange.upgrade
        if quiet and exchange.complete and upstream is not None and instance is not None and not instance.ended:
            upstream.reading(True)  # this client may have been slow; the next one is asked for
            instance.connections.append(upstream)
        elif upstream is not None:
            upstream.close()
        exchange.upstream = None
        self.over(exchange)

    def broken(self, client: ClientConnection, exchange: Exchange) -> None:
        """The connection to the instance ended before the answer did."""
        exchange.upstream = None
        if exchange.status:
            self.over(exchange)
            client.cut()
        elif exchange.again is not None:
            exchange.body, exchange.again = deque(exchange.again), None
            exchange.task = self._loop.create_task(self._reach(client, exchange))
        else:
            self._lost(client, exchange)

    def _lost(self, client: ClientConnection, exchange: Exchange) -> None:
        if exchange.instance is not None:
            self._desk.suspect(exchange.instance)
        client.refuse(exchange, ProxyError(503, _H2C if exchange.chosen.h2c else _BROKEN))

    def _late(self, client: ClientConnection, exchange: Exchange) -> None:
        if exchange.task is not None:
            exchange.task.cancel()
        if exchange.status:
            self.give_up(exchange)
            client.cut()
        else:
            client.refuse(exchange, ProxyError(504, _LATE))

    def give_up(self, exchange: Exchange) -> None:
        """Nobody waits for an answer, or for the rest of it, any more."""
        if exchange.task is not None:
            exchange.task.cancel()
        self._hang_up(exchange)
        self.over(exchange)

    def refused(self, exchange: Exchange) -> None:
        """The client was answered in place of an instance."""
        self._hang_up(exchange)
        self.over(exchange)

    def _hang_up(self, exchange: Exchange) -> None:
        if exchange.upstream is not None:
            exchange.upstream.close()
            exchange.upstream = None

    def over(self, exchange: Exchange) -> None:
        """Counts an exchange, and leaves its instance to others."""
        if exchange.timer is not None:
            exchange.timer.cancel()
        instance, exchange.instance = exchange.instance, None
        if instance is not None:
            self._desk.leave(instance)
        if exchange.chosen is not None:
            exchange.status = exchange.status or 499
            self._desk.answered(exchange)
            exchange.chosen = None
