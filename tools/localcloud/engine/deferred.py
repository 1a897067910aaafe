"""Deferred writes, such as log entries, that need not be on disk with the change that caused them: made in batches, a moment later or before anyone reads.

A change that is taken back takes its own with it. A kill loses those of the last moment, and nothing else.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

_log = logging.getLogger("localcloud")
Mark = tuple[int, int]


class Deferred:
    """Pending writes, in the order of their changes; the store reports the outcome of its transactions."""

    def __init__(self) -> None:
        self._works: list[Callable[[], object]] = []
        self._made = 0
        self._certain = 0

    @property
    def pending(self) -> bool:
        """Whether there is anything to write."""
        return self._made < len(self._works)

    def add(self, work: Callable[[], object]) -> None:
        """Queues a write, in the transaction of the change that it belongs to."""
        self._works.append(work)

    def make(self) -> None:
        """Makes all pending writes, within a transaction."""
        while self.pending:
            work = self._works[self._made]
            self._made += 1
            try:
                work()
            except (sqlite3.Error, OSError):
                raise
            except Exception as bug:
                _log.error("A deferred write failed.", exc_info=bug)

    def mark(self) -> Mark:
        """The position in the queue at the start of a request."""
        return len(self._works), self._made

    def undo(self, mark: Mark) -> None:
        """Drops what was queued since a mark; writes that were made since then become pending again."""
        del self._works[mark[0] :]
        self._made = min(self._made, mark[1])

    def committed(self) -> None:
        """The transaction is on disk."""
        del self._works[: self._made]
        self._made = 0
        self._certain = len(self._works)

    def rolled_back(self) -> None:
        """The transaction was rolled back: what was queued before it is pending again."""
        del self._works[self._certain :]
        self._made = 0
