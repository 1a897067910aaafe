"""The working directory of a connected Terraform process, which relative paths in a configuration refer to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from localcloud.provider.callers import sockets_from

_PROC = Path("/proc")


def folder_of(peer: str) -> Path | None:
    """The working directory of the process at the other end of a loopback connection ("ipv4:127.0.0.1:4711").

    None without /proc, or when the process belongs to another user.
    """
    return next((cwd for end in sockets_from(peer) if end.inode for cwd in _directories(end.inode)), None)


def _directories(inode: int) -> Iterator[Path]:
    wanted = f"socket:[{inode}]"
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(handle.readlink()) == wanted for handle in (process / "fd").iterdir()):
                yield (process / "cwd").readlink()
        except OSError:
            continue
