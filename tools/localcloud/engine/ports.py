"""Extra ports of this machine on which parts of the cloud answer, besides the main one; the server opens them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

Made = Callable[[], asyncio.Protocol]
Opener = Callable[[Made, int], "Opened"]
"""(what speaks on each connection, the port that is wished for or 0) -> what was opened, on that port or another."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open port, and the function that closes it."""

    port: int
    close: Callable[[], None]


class Ports:
    """Ports by the name of what answers on them. Until a server serves the cloud they are only recorded."""

    def __init__(self) -> None:
        self._opener: Opener | None = None
        self._wanted: dict[str, tuple[Made, int]] = {}
        self._open: dict[str, Opened] = {}

    def serve(self, opener: Opener) -> None:
        """Ports can be opened from now on; the recorded ones are opened."""
        self._opener = opener
        for name, (made, port) in self._wanted.items():
            self._open[name] = opener(made, port)

    def open(self, name: str, factory: Made, port: int = 0) -> int:
        """Opens the port of a name and returns its number; 0 while no server serves."""
        self._wanted[name] = factory, port
        if self._opener is not None and name not in self._open:
            self._open[name] = self._opener(factory, port)
        return self.of(name)

    def of(self, name: str) -> int:
        """The port of a name; 0 for none."""
        return self._open[name].port if name in self._open else 0

    def close(self, name: str) -> None:
        self._wanted.pop(name, None)
        if (opened := self._open.pop(name, None)) is not None:
            opened.close()

    def end(self) -> None:
        """Closes all of them."""
        for name in list(self._wanted):
            self.close(name)
