"""Keeps other users of this machine from taking all the connections that this process can have.

The system numbers open files from below, so that a connection's own number says how many there are at least.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from typing import cast

from localcloud.provider import callers

_MOST = 8192


def make_room() -> None:
    """Raises the limit of open files as far as the system lets everybody, and as is of any use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def others_share() -> int:
    """How many files may be open for a connection of another user to be taken: half of them."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return (_MOST if soft == resource.RLIM_INFINITY else min(soft, _MOST)) // 2


def is_one_too_many(transport: asyncio.BaseTransport, most: int) -> bool:
    """Whether a new connection is another user's while `most` files are open."""
    if transport.get_extra_info("socket").fileno() < most:
        return False
    host, port = transport.get_extra_info("peername")[:2]
    return not callers.ours(f"ipv4:{host}:{port}", transport.get_extra_info("sockname")[1])


class Turnstile(asyncio.Protocol):
    """Lets a new connection through to the protocol that `made` makes, or drops it."""

    def __init__(self, made: Callable[[], asyncio.Protocol], most: int) -> None:
        self._made, self._most = made, most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Decides at once."""
        accepted = cast("asyncio.Transport", transport)
        if is_one_too_many(accepted, self._most):
            accepted.abort()
            return
        protocol = self._made()
        accepted.set_protocol(protocol)
        protocol.connection_made(transport)
