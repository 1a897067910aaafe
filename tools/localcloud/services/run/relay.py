"""What HTTP/1.1 and HTTP/2 clients share: an exchange is authorized, assigned to an instance, and recorded when it has ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from localcloud.services.run.exchanges import ClientConnection, Exchange, InstanceConnection, ProxyError, RequestRouter
from localcloud.services.run.fleet import NoInstance
from localcloud.services.run.placeholder import Placeholder
from localcloud.services.run.upstream import Upstream

if TYPE_CHECKING:
    from localcloud.services.run.upstream_http2 import Http2Upstream

_BROKEN = "The request failed because the connection to the instance had an error."
_H2C = (
    "The instance did not answer in HTTP/2: its port is named h2c, so that Cloud Run uses nothing else. Serve HTTP/2 without "
    "TLS there, or remove the port's name."
)
_LATE = "The request has been terminated because it has reached the maximum request timeout."
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Relay:
    """Relays one client's exchanges to instances and back."""

    def __init__(self, router: RequestRouter) -> None:
        self._router = router
        self._loop = asyncio.get_running_loop()

    def begin(self, client: ClientConnection, exchange: Exchange) -> None:
        """Assigns an exchange to an instance as soon as there is one, or refuses it."""
        try:
            exchange.chosen = self._router.choose(exchange)
            if exchange.chosen.placeholder:
                self._send(client, exchange, Placeholder())
                return
            instance = self._router.enter(exchange.chosen)
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
        """Waits for an instance, and connects to it."""
        upstream_type: Callable[[], Upstream | Http2Upstream] = Upstream
        if exchange.chosen.h2c:
            from localcloud.services.run.upstream_http2 import Http2Upstream  # loads HTTP/2

            upstream_type = Http2Upstream
        try:
            if exchange.instance is None:
                exchange.instance = await self._router.acquire(exchange.chosen)
            _, upstream = await self._loop.create_connection(upstream_type, *exchange.instance.containers.address)
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
        # An instance may close an idle connection at the very moment in which it is reused.
        repeatable = reused and exchange.complete and exchange.verb in _REPEATABLE
        exchange.again = tuple(exchange.body) if repeatable else None
        upstream.begin(client, exchange)
        exchange.body.clear()
        client.taken()

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """Finishes an exchange, and keeps the connection to the instance for reuse if that is safe."""
        upstream, instance = exchange.upstream, exchange.instance
        # Some apps send a body after HEAD; after a refused protocol switch, early data may still be under way.
        quiet = reusable and exchange.verb != b"HEAD" and not exchange.upgrade
        if quiet and exchange.complete and upstream is not None and instance is not None and not instance.ended:
            upstream.reading(True)  # reading may have been paused for this client
            instance.connections.append(upstream)
        elif upstream is not None:
            upstream.close()
        exchange.upstream = None
        self.over(exchange)

    def broken(self, client: ClientConnection, exchange: Exchange) -> None:
        """The connection to the instance ended before the response was complete; repeats the request if that is safe."""
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
            self._router.suspect(exchange.instance)
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
        """Abandons an exchange that its client no longer waits for."""
        if exchange.task is not None:
            exchange.task.cancel()
        self._hang_up(exchange)
        self.over(exchange)

    def refused(self, exchange: Exchange) -> None:
        """Ends an exchange for which the client got an error response."""
        self._hang_up(exchange)
        self.over(exchange)

    def _hang_up(self, exchange: Exchange) -> None:
        if exchange.upstream is not None:
            exchange.upstream.close()
            exchange.upstream = None

    def over(self, exchange: Exchange) -> None:
        """Records an exchange, and releases its instance."""
        if exchange.timer is not None:
            exchange.timer.cancel()
        instance, exchange.instance = exchange.instance, None
        if instance is not None:
            self._router.leave(instance)
        if exchange.chosen is not None:
            exchange.status = exchange.status or 499
            self._router.answered(exchange)
            exchange.chosen = None
