"""Log lines of workloads, passed from the threads that read them to the transactions that store them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from localcloud.containers.workload import Stream
from localcloud.engine.commits import Commits

_AT_ONCE = 500
_MOST = 10_000


class LogLine(NamedTuple):
    """A line that a workload wrote, and the real time of it in seconds."""

    stream: Stream
    text: str
    moment: float


class Lines:
    """An output callback that passes lines on in batches, each within a transaction.

    All output before a workload's noticed end is passed on before anything that is written after it. A workload that
    writes faster than the disk does is held up by its pipe, and not kept in memory.
    """

    def __init__(self, commits: Commits, keep: Callable[[Sequence[LogLine]], object]) -> None:
        self._commits, self._keep = commits, keep
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting: list[LogLine] = []
        self._busy = False

    def __call__(self, stream: Stream, text: str) -> None:
        """Takes a line, from any thread."""
        with self._changed:
            while len(self._waiting) >= _MOST and self._loop.is_running():
                self._changed.wait(1)
            self._waiting.append(LogLine(stream, text, time.time()))
            if self._busy:
                return
            self._busy = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._hand_on())

    async def _hand_on(self) -> None:
        while True:
            with self._changed:
                batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
                self._busy = bool(batch)
                self._changed.notify_all()
            if not batch:
                return
            await self._commits.write(lambda batch=batch: self._keep(batch))  # type: ignore[misc]
