"""Signals that wake waiting requests once a change is on disk: the end of an operation, a message, a log entry."""

from __future__ import annotations

import asyncio

from localcloud.engine.store import Store

_MOST_KEPT = 4096


class Signals:
    """Topics that are rung within a transaction and wake their waiters after its commit. `moment` counts how often one was rung."""

    def __init__(self, store: Store) -> None:
        self.moment = 0
        self._last: dict[str, int] = {}
        self._forgotten = 0
        self._rung: set[str] = set()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        store.on_commit(self._sound)

    def ring(self, topic: str) -> None:
        """Wakes the waiters of a topic after the commit; most topics have none."""
        self.moment += 1
        if len(self._last) >= _MOST_KEPT:
            self._last.clear()
            self._forgotten = self.moment
        self._last[topic] = self.moment
        if topic in self._waiting:
            self._rung.add(topic)

    async def wait(self, topic: str, seconds: float, since: int | None = None) -> bool:
        """Whether the topic was rung within so many seconds, or already after the moment `since`, at which the caller began to look.

        Who looks within a transaction is told what it saw after the commit, which others may share that change just this.
        """
        if since is not None and self._last.get(topic, self._forgotten) > since:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(topic, set())
        waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            waiting.discard(future)
            if not waiting:
                self._waiting.pop(topic, None)
        return True

    def _sound(self) -> None:
        rung, self._rung = self._rung, set()
        for topic in rung:
            for future in self._waiting.get(topic, ()):
                if not future.done():
                    future.set_result(None)
