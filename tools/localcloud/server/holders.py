"""Finds out whose processes hold a connection: those of a workload's session, or others of the same user."""

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
        """Sets the session; 0 where a runtime does not tell, in which case every process of this user may ask."""
        self._session = session
        self._told.set()

    async def told(self) -> None:
        """Waits for a workload that asks in the very moment in which it begins."""
        if not self._told.is_set():
            await asyncio.to_thread(self._told.wait, _PATIENCE)

    def hold(self, peer: str, port: int) -> bool:
        """Whether the connection that came from `peer` ("ipv4:127.0.0.1:4711") to our port is held by one of them.

        True where the system does not tell, which who asks for the user of a connection has found out already.
        """
        found = callers.caller(peer, port)
        if not self._told.is_set():
            return False
        if found is None or not self._session:
            return True
        unread = False
        for pid in self._processes():
            try:
                if _has(pid, f"socket:[{found.inode}]"):
                    self._last = pid
                    return True
            except FileNotFoundError:
                continue  # it has ended
            except PermissionError:
                unread = True
        return unread

    def _processes(self) -> Iterator[int]:
        """The one that held the last connection first."""
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
