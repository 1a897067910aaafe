"""Small JSON files and locks in the state folder, such as which process serves it on which port."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

from localcloud import atomic_files

SERVER = "server.json"
SERVER_LOCK = "server.lock"
START_LOCK = "start.lock"
PORT = "port.json"


class Locked(Exception):
    """Another process holds the lock."""


def folder(path: Path) -> None:
    """Creates the state folder; only its owner can read it, whatever the umask."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def private(path: Path, mode: Literal["wb", "ab", "ab+"]) -> BinaryIO:
    """Opens a file that only its owner can read."""
    flags = os.O_CREAT | (os.O_RDWR if "+" in mode else os.O_WRONLY) | (os.O_TRUNC if mode == "wb" else os.O_APPEND)
    return os.fdopen(os.open(path, flags, 0o600), mode)


def read(path: Path) -> dict[str, Any] | None:
    """The record, None when there is none or it cannot be read."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Writes a record atomically, readable only by its owner."""
    atomic_files.write(path, json.dumps(record))


def remove(path: Path, record: Mapping[str, Any]) -> None:
    """Removes a record if it is still this one."""
    if read(path) == record:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool, seconds: float = 30) -> Iterator[None]:
    """Holds a lock file with the holder's process id in it; raises Locked when it is taken (after `seconds` when waiting)."""
    with private(path, "ab+") as stream:
        _acquire(stream.fileno(), path, time.monotonic() + (seconds if wait else 0))
        stream.seek(0)
        stream.truncate()
        stream.write(b"%d" % os.getpid())
        stream.flush()
        yield


def _acquire(handle: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise Locked(f"{path} is held by another process.") from None
            time.sleep(0.02)
        else:
            return


def holder(path: Path) -> int | None:
    """The id of the process that holds a lock file; None if none does."""
    try:
        with path.open("r") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = path.read_text().strip()
        return int(text) if text.isdecimal() else None
    except OSError:
        return None
    return None
