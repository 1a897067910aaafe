"""The store of long-running operations, so that whoever polls finds them."""

from __future__ import annotations

import json
from typing import Any

from localcloud.engine.clock import Clock
from localcloud.engine.store import Store
from localcloud.errors import not_found

Body = dict[str, Any]


class Operations:
    """Keeps google.longrunning.Operation bodies by (api, name)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def keep(self, api: str, body: Body) -> Body:
        """Stores an operation under its name, and gives it back."""
        text = json.dumps(body, separators=(",", ":"))
        self._store.sql("INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", api, body["name"], text)
        return body

    def get(self, api: str, name: str) -> Body:
        """The operation; 404 when there is none."""
        row = self._store.row("SELECT body FROM operations WHERE service = ? AND name = ?", api, name)
        if row is None:
            raise not_found(f"Operation '{name}' was not found.")
        return self._as_seen(json.loads(row[0]))

    def list(self, api: str, parent: str, after: str, limit: int) -> list[Body]:
        """Operations below a parent ("" = all global ones), sorted by name, after a name."""
        prefix = f"{parent}/operations/" if parent else "operations/"
        rows = self._store.sql(
            "SELECT body FROM operations WHERE service = ? AND name > ? AND name < ? ORDER BY name LIMIT ?",
            *(api, max(after, prefix), prefix[:-1] + "0", limit),
        )
        return [self._as_seen(json.loads(text)) for (text,) in rows]

    def delete(self, api: str, name: str) -> None:
        """Forgets an operation; 404 when there is none."""
        self.get(api, name)
        self._store.sql("DELETE FROM operations WHERE service = ? AND name = ?", api, name)

    def postpone(self, api: str, name: str, seconds: float) -> Body:
        """Lets a stored operation be pending until the clock has moved on by `seconds` (a fault for tests)."""
        body = self.keep(api, self.get(api, name) | {"_until": self._clock.rfc3339(seconds)})
        return self._as_seen(body)

    def _as_seen(self, body: Body) -> Body:
        until = body.pop("_until", "")
        if not until or until <= self._clock.rfc3339():
            return body
        return {key: value for key, value in body.items() if key not in {"done", "response", "error"}}
