"""The store of long-running operations, independent of the form in which each API shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from localcloud.engine.clock import Clock
from localcloud.engine.signals import Signals
from localcloud.engine.store import Store
from localcloud.errors import CloudError, not_found
from localcloud.spec import json_text
from localcloud.spec.json_text import Body

State = Literal["PENDING", "RUNNING", "DONE", "FAILED", "CANCELLED"]
_GOING = ("PENDING", "RUNNING")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, independent of any API's form.

    `kind` is the full @type of what it gives, `metadata` its metadata without the moment of its end, which `end_field` names.
    `error` is what a CloudError holds. `until`: a stored end that shows only from that moment on (a fault for tests).
    """

    name: str
    state: State
    verb: str
    target: str
    principal: str
    begun: str
    kind: str = ""
    metadata: Body = field(default_factory=dict)
    end_field: str = ""
    response: Body = field(default_factory=dict)
    error: Body = field(default_factory=dict)
    progress: int = 0
    ended: str = ""
    until: str = ""

    @property
    def over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state not in _GOING


class Operations:
    """Operations by (api, name). Every change rings the signal `topic(api, name)`."""

    def __init__(self, store: Store, clock: Clock, signals: Signals) -> None:
        self._store = store
        self._clock = clock
        self._signals = signals

    def keep(self, api: str, operation: Operation) -> Operation:
        """Stores an operation under its name, and returns it."""
        text = json_text.write(asdict(operation))
        self._store.sql("INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", api, operation.name, text)
        self._signals.ring(topic(api, operation.name))
        return operation

    def get(self, api: str, name: str) -> Operation:
        """The operation; 404 when there is none."""
        row = self._store.row("SELECT body FROM operations WHERE service = ? AND name = ?", api, name)
        if row is None:
            raise not_found(f"Operation '{name}' was not found.")
        return self._as_seen(row[0])

    def list(self, api: str, parent: str, after: str, limit: int) -> list[Operation]:
        """Operations below a parent ("" = all global ones), sorted by name, after a name."""
        prefix = f"{parent}/operations/" if parent else "operations/"
        rows = self._store.sql(
            "SELECT body FROM operations WHERE service = ? AND name > ? AND name < ? ORDER BY name LIMIT ?",
            *(api, max(after, prefix), prefix[:-1] + "0", limit),
        )
        return [self._as_seen(text) for (text,) in rows]

    def delete(self, api: str, name: str) -> None:
        """Deletes an operation; 404 when there is none."""
        self.get(api, name)
        self._store.sql("DELETE FROM operations WHERE service = ? AND name = ?", api, name)

    def running(self, api: str, name: str) -> Operation:
        """Records that the work on an operation has begun."""
        return self._moved(api, name, state="RUNNING")

    def done(
        self, api: str, name: str, response: Mapping[str, Any], metadata: Mapping[str, Any] | None = None
    ) -> Operation:
        """Ends an operation successfully."""
        changed: Body = {} if metadata is None else {"metadata": dict(metadata)}
        return self._ended(api, name, "DONE", response=dict(response), progress=100, **changed)

    def failed(self, api: str, name: str, problem: CloudError) -> Operation:
        """Ends an operation with an error; CANCELLED means that it was cancelled."""
        state: State = "CANCELLED" if problem.status == "CANCELLED" else "FAILED"
        return self._ended(api, name, state, error=problem.described())

    def postpone(self, api: str, name: str, seconds: float) -> Operation:
        """Hides the end of an operation until the clock has advanced by `seconds` (a fault for tests)."""
        until = self._clock.rfc3339(seconds)
        self.keep(api, replace(self.get(api, name), until=until))
        return self.get(api, name)

    def _ended(self, api: str, name: str, state: State, **changed: Any) -> Operation:
        return self._moved(api, name, state=state, ended=self._clock.rfc3339(), **changed)

    def _moved(self, api: str, name: str, **changed: Any) -> Operation:
        """What has ended stays as it ended: a cancellation and the end of the work may cross."""
        operation = self.get(api, name)
        return operation if operation.over else self.keep(api, replace(operation, **changed))

    def _as_seen(self, text: str) -> Operation:
        operation = Operation(**json.loads(text))
        if not operation.until or operation.until <= self._clock.rfc3339():
            return operation
        return replace(operation, state="RUNNING", progress=0, ended="")


def topic(api: str, name: str) -> str:
    """The signal that an operation changed."""
    return f"operation {api} {name}"
