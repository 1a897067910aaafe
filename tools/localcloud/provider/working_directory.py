"""Where a connected terraform runs: relative paths in a configuration are meant from there, not from this process's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_INODE = 9
_LOCAL = 1


def folder_of(peer: str) -> Path | None:
    """The working folder of the process at the other end of a loopback connection ("ipv4:127.0.0.1:4711").

    None where the system does not tell (it has no /proc) or the process is another user's.
    """
    port = peer.rpartition(":")[2]
    inode = _inode(int(port)) if port.isdigit() else None
    return next(_holders(inode), None) if inode else None


def _inode(port: int) -> str | None:
    """The inode of the connection that starts from this port."""
    wanted = f":{port:04X}"
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (_PROC / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[_LOCAL].endswith(wanted) and columns[_INODE] != "0":
                return columns[_INODE]
    return None


def _holders(inode: str) -> Iterator[Path]:
    wanted = f"socket:[{inode}]"
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(handle.readlink()) == wanted for handle in (process / "fd").iterdir()):
                yield (process / "cwd").readlink()
        except OSError:
            continue
