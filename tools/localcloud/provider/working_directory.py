"""The working directory of a connected Terraform, to which relative paths in a configuration refer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from localcloud.provider.callers import sockets_from

_PROC = Path("/proc")


def folder_of(peer: str) -> Path | None:
    """The working folder of the process at the other end of a loopback connection ("ipv4:127.0.0.1:4711").

    None where the system does not tell (it has no /proc) or the process is another user's.
    """
    return next((folder for one in sockets_from(peer) if one.inode for folder in _holders(one.inode)), None)


def _holders(inode: int) -> Iterator[Path]:
    wanted = f"socket:[{inode}]"
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(handle.readlink()) == wanted for handle in (process / "fd").iterdir()):
                yield (process / "cwd").readlink()
        except OSError:
            continue
