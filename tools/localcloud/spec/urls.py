"""Parses URLs from users, and rejects invalid ones."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts(text: str, *schemes: str) -> SplitResult | None:
    """The parts of an address that has one of the schemes and a host, with a port that can be; None for any other text."""
    if not text.isprintable() or " " in text:
        return None  # urlsplit takes some of these out, so that the text would mean another address than it shows
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:  # brackets that hold no IPv6 address, a port beyond 65535
        return None
    return url if url.scheme in schemes and url.hostname else None
