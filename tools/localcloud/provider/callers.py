"""Identifies callers: the user whose process holds the other end of a loopback connection, according to the system.

A reattached Terraform sends no secret, and its provider must listen on TCP, since a Unix socket does not tell connections apart.
Where the system does not tell (anything but Linux), every user of the machine may call.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = 1
# Of linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h: NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, struct inet_diag_req_v2
# after a struct nlmsghdr, and what is used of struct inet_diag_msg.
_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1
_QUESTION = struct.Struct("=IHHII BBBBI 2s2s 16s16s I8s")
_ANSWER = struct.Struct("=4xH10x xB62x II")
_ANY_COOKIE = b"\xff" * 8


class Socket(NamedTuple):
    """One end of a TCP connection: its state (1 = established), the user that owns it and its number (0 = nobody holds it)."""

    state: int
    uid: int
    inode: int


def ours(peer: str, port: int) -> bool:
    """Whether the connection that came from `peer` ("ipv4:127.0.0.1:4711") to our port is held by a process of our own user."""
    return sys.platform != "linux" or admitted(caller(peer, port), os.geteuid())


def admitted(found: Socket | None, uid: int) -> bool:
    """Whether a connection's other end is that user's. One that is closing or that nobody holds is shown as the superuser's."""
    return found is not None and found.state == _ESTABLISHED and found.inode != 0 and found.uid == uid


def caller(peer: str, port: int) -> Socket | None:
    """The other end of a connection that came to our port, None when the system knows of none."""
    address = _address(peer)
    if address is None:
        return None
    try:
        return _asked(address, ("127.0.0.1", port))
    except OSError:  # a kernel, or a sandbox, without this interface
        return next(listed(table(), address, ("127.0.0.1", port)), None)


def listed(lines: Iterable[str], local: tuple[str, int], remote: tuple[str, int] | None = None) -> Iterator[Socket]:
    """The sockets of the kernel's table of connections that lead from one address to another; slow where there are thousands."""
    ends = _hexadecimal(local), _hexadecimal(remote) if remote else ""
    for line in lines:
        columns = line.split()
        if columns[1].endswith(ends[0]) and columns[2].endswith(ends[1]):
            yield Socket(int(columns[3], 16), int(columns[7]), int(columns[9]))


def sockets_from(peer: str) -> Iterator[Socket]:
    """The sockets whose own end is `peer`, wherever they lead."""
    address = _address(peer)
    return listed(table(), address) if address else iter(())


def _address(peer: str) -> tuple[str, int] | None:
    kind, _, rest = peer.partition(":")
    host, _, port = rest.rpartition(":")
    return (host, int(port)) if kind == "ipv4" and port.isdecimal() else None


def _asked(local: tuple[str, int], remote: tuple[str, int]) -> Socket | None:
    """Asks the kernel for one connection; raises OSError when it does not answer such questions."""
    ports = [struct.pack("!H", port) for _, port in (local, remote)]
    hosts = [socket.inet_aton(host) for host, _ in (local, remote)]
    question = _QUESTION.pack(
        _QUESTION.size, _BY_FAMILY, _REQUEST, 0, 0,
        socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF, *ports, *hosts, 0, _ANY_COOKIE,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as asking:
        asking.send(question)
        answer = asking.recv(4096)
    kind, state, uid, inode = _ANSWER.unpack_from(answer.ljust(_ANSWER.size, b"\0"))
    return Socket(state, uid, inode) if kind == _BY_FAMILY else None


def table() -> Iterator[str]:
    """The lines of the kernel's table of connections; none where there is no such table."""
    for table in _TABLES:
        try:
            yield from Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue


def _hexadecimal(address: tuple[str, int]) -> str:
    """As the table has it: "0100007F:1267" for 127.0.0.1:4711 on a little-endian machine."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
