"""The working directory of a connected Terraform process, which relative paths in a configuration refer to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from localcloud.provider import processes
from localcloud.provider.callers import caller


def folder_of(peer: str, port: int) -> Path | None:
    """The working directory of the process at the other end of a loopback connection from `peer` ("ipv4:127.0.0.1:4711") to our port.

    None without /proc, or when the process belongs to another user.
    """
    end = caller(peer, port)
    for process in processes.holding(end.inode) if end is not None and end.inode else ():
        with suppress(OSError):
            return (process / "cwd").readlink()
    return None
