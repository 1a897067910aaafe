"""Parses URLs from users, and rejects invalid ones."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts(text: str, *schemes: str) -> SplitResult | None:
    """The parts of an address that has one of the schemes and a host, with a port that can be; None for any other text."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:  # brackets that hold no IPv6 address, a port beyond 65535
        return None
    return url if url.scheme in schemes and url.hostname else None
