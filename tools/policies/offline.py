"""Blocks all network connections of a scan, whatever checkov or a check tries to fetch."""

from __future__ import annotations

_DOORS = {"socket.connect", "socket.getaddrinfo", "socket.sendto"}


def refuse_network(event: str, _arguments: object) -> None:
    """An audit hook of the interpreter: raises PermissionError when something uses the network."""
    if event in _DOORS:
        raise PermissionError("The policy scan must not use the network, but something tried to.")
