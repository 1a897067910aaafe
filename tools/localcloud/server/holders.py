"""Finds out which processes own a connection: those of a workload's session, or others of the same user."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from localcloud.provider import callers

_PROC = Path("/proc")
_PATIENCE = 20.0


class Holders:
    """The processes of one session, once it is known: those of a command, or podman with its network helper."""

    def __init__(self) -> None:
        self._session = self._last = 0
        self._told = threading.Event()

    def tell(self, session: int) -> None:
        """Sets the session; 0 if the runtime does not tell, in which case any process of this user is accepted."""
        self._session = session
        self._told.set()

    async def told(self) -> None:
        """Waits until the session is known, for a workload that sends a request immediately after it starts."""
        if not self._told.is_set():
            await asyncio.to_thread(self._told.wait, _PATIENCE)

    def hold(self, peer: str, port: int) -> bool:
        """Whether one of them owns the connection from `peer` ("ipv4:127.0.0.1:4711") to our port.

        True where the system does not tell; the caller has checked the connection's user already.
        """
        socket = callers.caller(peer, port)
        if not self._told.is_set():
            return False
        if socket is None or not self._session:
            return True
        unread = False
        for pid in self._processes():
            try:
                if _has(pid, f"socket:[{socket.inode}]"):
                    self._last = pid
                    return True
            except FileNotFoundError:
                continue  # it has ended
            except PermissionError:
                unread = True
        return unread

    def _processes(self) -> Iterator[int]:
        """The processes to look at; first the one that owned the last connection."""
        if self._last:
            yield self._last
        for path in _PROC.glob("[0-9]*/stat"):
            if _session(path) == self._session:
                yield int(path.parent.name)


def _has(pid: int, wanted: str) -> bool:
    """Whether a process has a file open. Raises FileNotFoundError and PermissionError for the process as a whole."""
    for one in (_PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if str(one.readlink()) == wanted:
                return True
    return False


def _session(path: Path) -> int:
    try:
        return int(path.read_text("utf-8", "replace").rpartition(")")[2].split()[3])
    except (OSError, IndexError, ValueError):
        return 0
