"""The due queue: everything that is scheduled by the clock, for all services, kept on disk.

It is checked before each request and ten times a second, so that clients never see anything overdue.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from localcloud.engine.clock import Clock
from localcloud.engine.store import Store

Happening = Callable[[str, float], None]
TABLES = """
CREATE TABLE IF NOT EXISTS due (
  api TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, moment REAL NOT NULL, PRIMARY KEY (api, kind, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due_first ON due (moment);
"""
_log = logging.getLogger("localcloud")
_AT_ONCE, _ROUNDS = 1000, 1000
_AFTER_A_BUG = 3600.0


class Due:
    """At most one entry for each (api, kind, name): "secretmanager", "expiry", "projects/p/secrets/s"."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(TABLES)
        self._store = store
        self._clock = clock
        self._happenings: dict[tuple[str, str], Happening] = {}
        self._next = math.inf
        self._load()
        store.on_rollback(self._load)

    def serve(self, api: str, kind: str, happening: Happening) -> None:
        """Registers the function that gets (name, moment) of each due entry of this kind."""
        self._happenings[api, kind] = happening

    def at(self, api: str, kind: str, name: str, moment: float) -> None:
        """Schedules an entry for a Unix time of the local cloud's clock, replacing an existing one."""
        self._store.sql("INSERT OR REPLACE INTO due VALUES (?, ?, ?, ?)", api, kind, name, moment)
        self._next = min(self._next, moment)

    def after(self, api: str, kind: str, name: str, seconds: float) -> None:
        """Schedules an entry for so many seconds from now."""
        self.at(api, kind, name, self._clock.seconds() + seconds)

    def forget(self, api: str, name: str, kind: str = "") -> None:
        """Cancels the entries of a name, of all kinds or of one."""
        if kind:
            self._store.sql("DELETE FROM due WHERE api = ? AND kind = ? AND name = ?", api, kind, name)
        else:
            self._store.sql("DELETE FROM due WHERE api = ? AND name = ?", api, name)

    def forget_below(self, api: str, name: str) -> None:
        """Cancels the entries of everything whose name starts with `name/`."""
        self._store.sql("DELETE FROM due WHERE api = ? AND name > ? AND name < ?", api, f"{name}/", f"{name}0")

    @property
    def ready(self) -> bool:
        """Whether an entry is due."""
        return self._clock.seconds() >= self._next

    def run(self) -> None:
        """Runs what is due, oldest first, including entries that are scheduled meanwhile for an earlier time than now."""
        for _ in range(_ROUNDS):
            if not self.ready:
                return
            with self._store.together():
                rows = self._store.sql(
                    "SELECT api, kind, name, moment FROM due WHERE moment <= ? ORDER BY moment LIMIT ?",
                    *(self._clock.seconds(), _AT_ONCE),
                )
                for api, kind, name, moment in rows:
                    self._happen(api, kind, name, moment)
                self._load()

    def _happen(self, api: str, kind: str, name: str, moment: float) -> None:
        """One entry; what fails by a bug leaves nothing behind, stays in the queue and does not stop the others."""
        key = (api, kind, name)
        if not self._store.changed(
            "DELETE FROM due WHERE api = ? AND kind = ? AND name = ? AND moment = ?", *key, moment
        ):
            return  # an earlier one has taken it out
        happening = self._happenings.get((api, kind))
        if happening is None:
            return  # of a service that this cloud does not have
        try:
            with self._store.together():
                happening(name, moment)
        except Exception as bug:
            if not self._store.open:
                raise
            _log.error("A scheduled action failed: %s %s of %s.", api, kind, name, exc_info=bug)
            self.after(*key, _AFTER_A_BUG)

    def _load(self) -> None:
        row = self._store.row("SELECT min(moment) FROM due")
        self._next = math.inf if row[0] is None else row[0]
