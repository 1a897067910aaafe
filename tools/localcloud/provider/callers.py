"""Identifies callers: asks the kernel which user's process owns the other end of a loopback connection.

A reattached Terraform sends no secret, and its provider must listen on TCP because Unix sockets give peers no address to key sessions by.
Where the kernel cannot be asked (anything but Linux), every user and every workload of the machine may call.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from localcloud.provider import processes

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = 1
# From linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h: NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, then
# struct nlmsghdr with struct inet_diag_req_v2, and struct nlmsghdr with the used fields of struct inet_diag_msg.
_SOCK_DIAG, _BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_DIAG_REQUEST = struct.Struct("=IHHII BBBBI 2s2s 16s16s I8s")
_DIAG_RESPONSE = struct.Struct("=4xH10x xB62x II")
_ANY_COOKIE = b"\xff" * 8


class Socket(NamedTuple):
    """One end of a TCP connection: its state (1 = established), owner and inode (0 = no process has it open)."""

    state: int
    uid: int
    inode: int


def ours(peer: str, port: int) -> bool:
    """Whether a process of our own user owns the connection from `peer` ("ipv4:127.0.0.1:4711") to our port."""
    return sys.platform != "linux" or admitted(caller(peer, port), os.geteuid())


def program_of_ours(peer: str, port: int) -> bool:
    """Also requires that the process is neither a workload's nor the local cloud itself, which tunnels for workloads."""
    if sys.platform != "linux":
        return True
    end = caller(peer, port)
    return end is not None and admitted(end, os.geteuid()) and processes.is_users_own(end.inode)


def admitted(end: Socket | None, uid: int) -> bool:
    """Whether that user owns the other end. The kernel reports a closing or orphaned socket as root's, so those do not count."""
    return end is not None and end.state == _ESTABLISHED and end.inode != 0 and end.uid == uid


def anothers(peer: str, port: int) -> bool:
    """Whether the connection is known to be held by another user; root, who forwards connections from elsewhere, is none."""
    end = caller(peer, port) if sys.platform == "linux" else None
    return end is not None and not belongs(end, {0, os.geteuid()})


def belongs(end: Socket, uids: Set[int]) -> bool:
    """Whether a process of one of these users has the other end open; an orphaned socket would pass for root's."""
    return end.inode != 0 and end.uid in uids


def caller(peer: str, port: int) -> Socket | None:
    """The other end of a connection to our port; None if the kernel knows of none."""
    address = _address(peer)
    if address is None:
        return None
    try:
        return _diagnosed(address, ("127.0.0.1", port))
    except OSError:  # a kernel, or a sandbox, without this interface
        return next(listed(table(), address, ("127.0.0.1", port)), None)


def listed(lines: Iterable[str], local: tuple[str, int], remote: tuple[str, int]) -> Iterator[Socket]:
    """The sockets in the kernel's connection table with these ends; slow when there are thousands."""
    ends = _hexadecimal(local), _hexadecimal(remote)
    for line in lines:
        columns = line.split()
        if columns[1].endswith(ends[0]) and columns[2].endswith(ends[1]):
            yield Socket(int(columns[3], 16), int(columns[7]), int(columns[9]))


def _address(peer: str) -> tuple[str, int] | None:
    kind, _, rest = peer.partition(":")
    host, _, port = rest.rpartition(":")
    return (host, int(port)) if kind == "ipv4" and port.isdecimal() else None


def _diagnosed(local: tuple[str, int], remote: tuple[str, int]) -> Socket | None:
    """Looks one connection up with sock_diag; raises OSError where the kernel does not support it."""
    ports = [struct.pack("!H", port) for _, port in (local, remote)]
    hosts = [socket.inet_aton(host) for host, _ in (local, remote)]
    request = _DIAG_REQUEST.pack(
        _DIAG_REQUEST.size, _BY_FAMILY, _NLM_F_REQUEST, 0, 0,
        socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF, *ports, *hosts, 0, _ANY_COOKIE,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as netlink:
        netlink.send(request)
        response = netlink.recv(4096)
    kind, state, uid, inode = _DIAG_RESPONSE.unpack_from(response.ljust(_DIAG_RESPONSE.size, b"\0"))
    return Socket(state, uid, inode) if kind == _BY_FAMILY else None


def table() -> Iterator[str]:
    """The lines of the kernel's connection tables, without headings; none where there are no such tables."""
    for table in _TABLES:
        try:
            yield from Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue


def _hexadecimal(address: tuple[str, int]) -> str:
    """The table's notation: "0100007F:1267" for 127.0.0.1:4711 on a little-endian machine."""
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
