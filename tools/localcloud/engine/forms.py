"""Small HTML forms sent to a service's own site, read with a limit before the caller is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

MOST = 64 * 1024


class FormTooLarge(Exception):
    """A form with more bytes than any client sends."""


async def read(pieces: AsyncIterator[bytes]) -> dict[str, str]:
    """The fields of a form that arrives in chunks; for a repeated field the last value. Raises FormTooLarge above 64 KiB."""
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > MOST:
            raise FormTooLarge
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
