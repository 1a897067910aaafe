"""Joins two connections: bytes from either are written to the other, with back-pressure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[tuple[Any, Any]]]


class End(asyncio.Protocol):
    """One end of a pair of joined connections."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Writes it to the other end; keeps it while there is none, since not every loop heeds a pause before its first read."""
        if self.other and self.other.transport:
            self.other.transport.write(data)
        else:
            self._early.append(data)

    def meet(self, other: End) -> None:
        """Joins this end to another one."""
        self.other = other
        early, self._early = self._early, []
        for data in early:
            self.data_received(data)

    def eof_received(self) -> bool:
        """Hands the half-close on; True keeps the other direction open."""
        other = self.other.transport if self.other else None
        if other and other.can_write_eof():
            other.write_eof()
            return True
        return False

    def pause_writing(self) -> None:
        """This end is full: the other one is not read."""
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """This end has room: the other one is read again."""
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        """Closes the other end too."""
        if self.other and self.other.transport:
            self.other.transport.close()


async def join(near: asyncio.Transport, connect: Connect, *, begun: bytes = b"", answer: bytes = b"") -> None:
    """Joins an accepted connection with one that `connect` opens. Raises OSError.

    `begun` is what was already read of the accepted one; `answer` is written to it before anything of the other.
    """
    here, there = End(), End()
    near.pause_reading()
    await connect(lambda: there)
    here.connection_made(near)
    near.set_protocol(here)
    near.write(answer)
    here.data_received(begun)
    here.meet(there)
    there.meet(here)
    near.resume_reading()
