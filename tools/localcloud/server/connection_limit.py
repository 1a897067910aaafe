"""Keeps other users of this machine from using up all the connections this process can have.

The system gives each file the lowest free descriptor, so a connection's descriptor is a lower bound of the number of open files.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from typing import cast

from localcloud.provider import callers

_MOST = 8192


def make_room() -> None:
    """Raises the limit of open files up to the hard limit, or to as many as are useful."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def others_share() -> int:
    """The number of open files from which other users' connections are dropped: half of the limit."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (_MOST if soft == resource.RLIM_INFINITY else min(soft, _MOST)) // 2


def is_over_limit(transport: asyncio.BaseTransport, most: int) -> bool:
    """Whether a new connection is another user's and at least `most` files are open."""
    if transport.get_extra_info("socket").fileno() < most:
        return False
    host, port = transport.get_extra_info("peername")[:2]
    return not callers.ours(f"ipv4:{host}:{port}", transport.get_extra_info("sockname")[1])


class LimitedConnection(asyncio.Protocol):
    """Passes a new connection to the protocol that `made` creates, or drops it."""

    def __init__(self, factory: Callable[[], asyncio.Protocol], most: int) -> None:
        self._made, self._most = factory, most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Decides on the connection at once."""
        accepted = cast("asyncio.Transport", transport)
        if is_over_limit(accepted, self._most):
            accepted.abort()
            return
        protocol = self._made()
        accepted.set_protocol(protocol)
        protocol.connection_made(transport)
