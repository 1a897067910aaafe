"""The log entries of all services, stored by time and read through Cloud Logging."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from localcloud.engine.clock import Clock
from localcloud.engine.signals import Signals
from localcloud.engine.store import Store
from localcloud.spec import json_text, timestamps
from localcloud.spec.json_text import Body

Mark = tuple[int, str]
"""Where an entry stands in its container: its time in microseconds and its insertId."""
TABLES = """
CREATE TABLE IF NOT EXISTS log_entries (
  seq INTEGER PRIMARY KEY, container TEXT NOT NULL, moment INTEGER NOT NULL, id TEXT NOT NULL, log TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (container, moment, id));
CREATE TABLE IF NOT EXISTS logs (container TEXT NOT NULL, log TEXT NOT NULL, PRIMARY KEY (container, log)) WITHOUT ROWID;
"""
_PAGE = 500
_BETWEEN_SWEEPS = 1000
KEPT_DAYS = 30
"""How long an entry is kept: what the bucket _Default keeps it for."""
REQUIRED_DAYS = 400
"""The same of the bucket _Required, which holds the audit log of administration (https://cloud.google.com/logging/docs/store-log-entries)."""
_REQUIRED = "*/logs/cloudaudit.googleapis.com%2Factivity"
FIRST: Mark = (0, "")
LAST: Mark = (1 << 62, "")
"""Before and after every entry."""


class Logs:
    """Entries by container ("projects/p"), ordered by time."""

    def __init__(self, store: Store, clock: Clock, signals: Signals) -> None:
        store.define(TABLES)
        self._store = store
        self._clock = clock
        self._signals = signals
        self._written = 0
        self._named: set[tuple[str, str]] = set()
        store.on_rollback(self._named.clear)
        self._listeners: list[Callable[[str, Body], None]] = []
        self._keepers: list[Callable[[str, Body], bool]] = []

    def listen(self, listener: Callable[[str, Body], None]) -> None:
        """Registers a listener for every entry and its container."""
        self._listeners.append(listener)

    def keep_if(self, keeper: Callable[[str, Body], bool]) -> None:
        """Registers who says whether an entry of a container is kept; without one, every entry is."""
        self._keepers.append(keeper)

    def log(
        self, project: str, log: str, resource: Mapping[str, Any], payload: str | Mapping[str, Any], **more: Any
    ) -> Body:
        """Writes an entry on behalf of a service and returns it.

        `log` is the bare id ("run.googleapis.com/stdout"), `resource` the monitored resource {type, labels}, `payload` text or
        JSON; `more` are other fields of a LogEntry (severity, labels, protoPayload, timestamp …).
        """
        content: Body = (
            {"textPayload": payload} if isinstance(payload, str) else {"jsonPayload": dict(payload)} if payload else {}
        )
        name = f"projects/{project}/logs/{_quoted(log)}"
        return self.write(f"projects/{project}", {"logName": name, "resource": dict(resource), **content, **more})

    def log_later(self, project: str, log: str, resource: Mapping[str, Any], **more: Any) -> None:
        """Writes an entry without a payload, deferred: it is on disk a moment after the change that it reports."""
        more["timestamp"] = self._clock.rfc3339()
        self._store.deferred.add(lambda: self.log(project, log, resource, {}, **more))

    def write(self, container: str, entry: Body) -> Body:
        """Stores an entry, adding its time, time of receipt and insertId; one of the same log with the same time and id is replaced, one that is excluded is not kept."""
        now = self._clock.rfc3339()
        entry = {"timestamp": now, "insertId": secrets.token_hex(8), **entry, "receiveTimestamp": now}
        if all(keeper(container, entry) for keeper in self._keepers):
            self._keep(container, entry)
        for listener in self._listeners:
            listener(container, entry)
        return entry

    def _keep(self, container: str, entry: Body) -> None:
        place = container, entry["logName"]
        if place not in self._named:
            self._store.sql("INSERT OR IGNORE INTO logs VALUES (?, ?)", *place)
            self._named.add(place)
        self._store.sql(
            # A program chooses the time and id of what it logs, but may not replace what another log says, such as the audit log.
            "INSERT INTO log_entries (container, moment, id, log, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (container, moment, id) DO UPDATE SET body = excluded.body WHERE log = excluded.log",
            *(container, micros(entry["timestamp"]), entry["insertId"], entry["logName"], json_text.write(entry)),
        )
        self._written += 1
        if self._written % _BETWEEN_SWEEPS == 0:
            self.forget_old()
        self._signals.ring(topic(container))

    def read(
        self, container: str, since: Mark = FIRST, until: Mark = LAST, *, newest: bool = False
    ) -> Iterator[tuple[Mark, Body]]:
        """Entries strictly between two times, oldest or newest first, fetched page by page as needed."""
        self._store.settle()
        order = "DESC" if newest else "ASC"
        while True:
            rows = self._store.sql(
                "SELECT moment, id, body FROM log_entries WHERE container = ? AND (moment, id) > (?, ?) AND (moment, id) < (?, ?) "  # noqa: S608
                f"ORDER BY moment {order}, id {order} LIMIT ?",
                *(container, *since, *until, _PAGE),
            )
            yield from (((moment, identity), json.loads(text)) for moment, identity, text in rows)
            if len(rows) < _PAGE:
                return
            since, until = (since, (rows[-1][0], rows[-1][1])) if newest else ((rows[-1][0], rows[-1][1]), until)

    def names(self, container: str) -> Sequence[str]:
        """The names of the logs that have entries, sorted."""
        self._store.settle()
        return [name for (name,) in self._store.sql("SELECT log FROM logs WHERE container = ? ORDER BY log", container)]

    def delete(self, container: str, log: str) -> int:
        """Deletes a log's entries in the bucket _Default; returns how many. The audit log of administration is in _Required."""
        if log.endswith(_REQUIRED.removeprefix("*")):
            return 0
        self._store.settle()
        self._named.discard((container, log))
        self._store.sql("DELETE FROM logs WHERE container = ? AND log = ?", container, log)
        return self._store.changed("DELETE FROM log_entries WHERE container = ? AND log = ?", container, log)

    def forget_old(self) -> None:
        """Deletes the entries that have been kept for as long as their bucket keeps them."""
        deleted = 0
        for (container,) in self._store.sql("SELECT DISTINCT container FROM logs"):
            for days, logs in ((KEPT_DAYS, "NOT GLOB"), (REQUIRED_DAYS, "GLOB")):
                last = self._clock.now() - timedelta(days=days)
                deleted += self._store.changed(
                    f"DELETE FROM log_entries WHERE container = ? AND moment < ? AND log {logs} ?",  # noqa: S608
                    *(container, int(last.timestamp() * 1_000_000), _REQUIRED),
                )
        if deleted:
            self._named.clear()
            self._store.sql(
                "DELETE FROM logs WHERE NOT EXISTS (SELECT 1 FROM log_entries AS one WHERE one.container = logs.container "
                "AND one.log = logs.log)"
            )


@lru_cache(maxsize=256)
def _quoted(log: str) -> str:
    return quote(log, safe="")


def micros(timestamp: str) -> int:
    """An RFC 3339 time in microseconds since 1970; finer digits are dropped."""
    moment = timestamps.parse(timestamp) - datetime(1970, 1, 1, tzinfo=UTC)
    return (moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds


def topic(container: str) -> str:
    """The signal that a container has a new entry."""
    return f"log {container}"
