"""Fault rules for tests: slow answers, refusals, dropped connections, late visibility, pending operations."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from localcloud.errors import CloudError

KINDS = ("latency", "error", "drop", "late", "pending")
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass
class Fault:
    """One fault as it was ordered.

    method       pattern over method ids ("storage.objects.*")
    kind         latency: wait `seconds` first · error: answer `code` with `message`, nothing done · drop: close the connection, before
                 anything is done or, with `after`, once it is done · late: what a create makes is invisible for `seconds` of the
                 clock · pending: an operation is not done for `seconds` of the clock
    count        how many times (None = always); probability per call, drawn from `seed`
    """

    method: str
    kind: str
    code: int = 503
    message: str = ""
    seconds: float = 0
    count: int | None = None
    probability: float = 1
    seed: int = 0
    after: bool = False
    fired: int = 0
    _dice: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._dice.seed(self.seed)

    def strikes(self, method_id: str) -> bool:
        """Whether this call is hit; counts the hits."""
        if not fnmatchcase(method_id, self.method) or (self.count is not None and self.fired >= self.count):
            return False
        if self.probability < 1 and self._dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def error(self) -> CloudError:
        """The refusal of an error fault."""
        status = _STATUS.get(self.code, "UNKNOWN")
        return CloudError(self.code, status, self.message or f"Simulated fault: {self.code} {status}.")

    def described(self) -> dict[str, Any]:
        """The fault in the control interface's JSON form."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}


class Faults:
    """The faults in force, and the resources that are not visible yet. Kept in memory: a restart clears them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.ordered: list[Fault] = []
        self._hidden: dict[tuple[str, str], float] = {}

    @property
    def quiet(self) -> bool:
        """Whether no fault is in force."""
        return not self.ordered and not self._hidden

    def order(self, wanted: Mapping[str, Any]) -> Fault:
        """Adds a fault from its JSON form; ValueError with a sentence when it is invalid."""
        names = set(Fault.__dataclass_fields__) - {"fired", "_dice"}
        unknown = set(wanted) - names
        if unknown or not isinstance(wanted.get("method"), str) or wanted.get("kind") not in KINDS:
            raise ValueError(
                f"A fault needs method (a pattern over method ids) and kind ({', '.join(KINDS)}); it may have "
                f"{', '.join(sorted(names - {'method', 'kind'}))}."
            )
        fault = Fault(**wanted)
        self.ordered.append(fault)
        return fault

    def clear(self) -> None:
        """Clears all faults; hidden resources become visible."""
        self.ordered.clear()
        self._hidden.clear()

    def striking(self, method_id: str) -> list[Fault]:
        """The faults that hit this call."""
        return [fault for fault in self.ordered if fault.strikes(method_id)]

    def hide(self, api: str, path: str, seconds: float) -> None:
        """Hides a resource until the clock has advanced by `seconds`."""
        self._hidden[api, path] = self._now() + seconds

    def hidden(self, api: str, path: str) -> bool:
        """Whether a resource is not visible yet."""
        until = self._hidden.get((api, path))
        if until is not None and until <= self._now():
            del self._hidden[api, path]
            return False
        return until is not None
