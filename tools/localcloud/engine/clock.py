"""The local cloud's clock: real time plus an offset that tests can change, kept across restarts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from localcloud.engine.store import Store
from localcloud.spec.timestamps import parse, rfc3339

# Times in answers lie before and after the clock's: in days, in decades where something is kept for good.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Clock:
    """Answers what time it is in the local cloud."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._load()
        store.on_rollback(self._load)

    @property
    def offset(self) -> float:
        """Seconds ahead of real time (negative = behind)."""
        return self._micros / 1_000_000

    def seconds(self) -> float:
        """Unix time."""
        return time.time() + self._micros / 1_000_000

    def now(self) -> datetime:
        """The moment as an aware UTC datetime."""
        return datetime.now(UTC) + timedelta(microseconds=self._micros)

    def rfc3339(self, plus_seconds: float = 0) -> str:
        """The moment as Google writes it, with microseconds: "2026-11-21T09:49:25.123456Z"."""
        if plus_seconds:
            return rfc3339(self.now() + timedelta(seconds=plus_seconds))
        second, micros = divmod(time.time_ns() // 1000 + self._micros, 1_000_000)
        return f"{_second(second)}.{micros:06}Z"  # nearly every write asks for it

    def since(self, moment: str) -> float:
        """Seconds from an RFC 3339 time until now."""
        return (self.now() - parse(moment)).total_seconds()

    def advance(self, seconds: float) -> None:
        """Moves the clock (a write); ValueError or OverflowError when that leads out of the years 1970 to 9000."""
        moment = self.now() + timedelta(seconds=seconds)
        if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
            raise ValueError(f"{moment} is not a time that the clock can show.")
        self._micros += round(seconds * 1_000_000)
        self._store.sql("INSERT OR REPLACE INTO counters VALUES ('clock', ?)", self._micros)

    def _load(self) -> None:
        row = self._store.row("SELECT value FROM counters WHERE name = 'clock'")
        self._micros: int = row[0] if row else 0


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
