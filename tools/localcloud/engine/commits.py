"""Group commit: requests that arrive together share one transaction, and each is answered only once it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from localcloud.engine.store import Store

T = TypeVar("T")
_MOST = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Callable[[], Any]
    failed: Callable[[Exception], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Refused:
    problem: Exception


class Commits:
    """Runs pieces of work one after another, each in its own savepoint, then commits once and hands out the results."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []

    async def run(self, work: Callable[[], T], failed: Callable[[Exception], T]) -> T:
        """The result of `work` once all its writes are on disk.

        Work that raises leaves nothing behind; `failed` turns what it raised, or the disk's refusal, into a result.
        """
        loop = asyncio.get_running_loop()
        entry = _Waiting(work, failed, loop.create_future())
        self._waiting.append(entry)
        if len(self._waiting) == 1:
            # One more loop iteration: clients that were just answered send their next requests, which then share a commit.
            loop.call_soon(loop.call_soon, self._flush)
        result: T = await entry.done
        return result

    async def write(self, work: Callable[[], T]) -> T:
        """Like `run`, but raises what `work` raised."""
        result: T | _Refused = await self.run(work, _Refused)
        if isinstance(result, _Refused):
            raise result.problem
        return result

    def _flush(self) -> None:
        batch = self._waiting[:_MOST]
        del self._waiting[:_MOST]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        for entry, result in zip(batch, self._together(batch), strict=True):
            if not entry.done.cancelled():
                entry.done.set_result(result)

    def _together(self, batch: list[_Waiting]) -> list[Any]:
        try:
            self._store.begin()
            results = [self._one(entry) for entry in batch]
            self._store.commit()
        except Exception as problem:
            self._store.rollback()
            return [entry.failed(problem) for entry in batch]
        return results

    def _one(self, entry: _Waiting) -> Any:
        mark = self._store.savepoint()
        try:
            result = entry.work()
        except Exception as problem:
            self._store.undo(mark)
            if not self._store.open:
                raise  # SQLite rolled the whole transaction back, including the others' writes
            return entry.failed(problem)
        self._store.release()
        return result
