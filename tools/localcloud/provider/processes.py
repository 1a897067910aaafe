"""The process that holds a socket, and whether it has all the access of its user.

A container's connections are carried by a helper that runs as that user, or are held by its own processes under that user's number:
the user number alone does not tell Terraform from a workload, which may read nothing on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from localcloud import WORKS_FOR_IT

_PROC = Path("/proc")


def holding(inode: int) -> Iterator[Path]:
    """The folders below /proc of the processes that hold a socket, newest first; other users' processes are not visible."""
    wanted = f"socket:[{inode}]"
    with os.scandir(_PROC) as entries:
        numbers = sorted((int(entry.name) for entry in entries if entry.name.isdecimal()), reverse=True)
    for number in numbers:
        if wanted in _open_files(f"{_PROC}/{number}/fd"):
            yield _PROC / str(number)


def _open_files(folder: str) -> Iterator[str]:
    """What a process has open; a file that it closes meanwhile is left out, the others are not.

    Paths are text: there may be thousands of files, and Terraform waits for each of its connections.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - see above


def is_users_own(inode: int) -> bool:
    """Whether the holder of a socket was neither started by a local cloud nor runs in a container; False if no holder is visible."""
    process = next(holding(inode), None)
    return process is not None and _sees_our_files(process) and not _works_for_a_cloud(process)


def _sees_our_files(process: Path) -> bool:
    try:
        return (process / "ns" / "mnt").readlink() == (_PROC / "self" / "ns" / "mnt").readlink()
    except OSError:
        return False


def _works_for_a_cloud(process: Path) -> bool:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return True
    return any(one.startswith(f"{WORKS_FOR_IT}=".encode()) for one in variables)
