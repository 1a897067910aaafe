"""Events between services, delivered to their subscribers within the transaction that caused them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.spec.json_text import Body


@dataclass(frozen=True, slots=True)
class Event:
    """One event as CloudEvents have it.

    kind     "google.cloud.storage.object.v1.finalized"
    source   "//storage.googleapis.com/projects/_/buckets/b"
    subject  what in the source it is about: "objects/x"
    project  the id of the project that it happened in
    moment   RFC 3339
    data     the body, in the form of the kind's message
    """

    kind: str
    source: str
    subject: str
    project: str
    moment: str
    data: Body


Listener = Callable[[Event], None]


class Events:
    """Subscriptions by kind, registered when the cloud is assembled."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def subscribe(self, kind: str, listener: Listener) -> None:
        """Registers a listener for every event of a kind."""
        self._listeners.setdefault(kind, []).append(listener)

    def heard(self, kind: str) -> bool:
        """Whether an event of this kind has a subscriber; otherwise it need not be built."""
        return kind in self._listeners

    def emit(self, event: Event) -> None:
        """Calls every subscriber."""
        for listener in self._listeners.get(event.kind, ()):
            listener(event)
