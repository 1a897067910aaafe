"""Limits on the heads of requests, so that one that is too long is refused before it is stored or parsed; those of answers with their bodies."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Many times the head of any client's request; tokens of identity providers are the largest thing in one.
_LARGEST = 64 * 1024
_HEAD = b"HTTP/1.1 "
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Gathered:
    """A transport that sends the head of an answer together with the beginning of its body: one system call for most answers instead of two.

    A head without a body leaves as soon as the loop comes round.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        """Writes, or keeps what must be a head."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._leave)
            return
        self._transport.write(data)

    def alone(self) -> asyncio.Transport:
        """The transport itself, with nothing kept back."""
        self._leave()
        return self._transport

    def close(self) -> None:
        """Closes once everything is written."""
        self._leave()
        self._transport.close()

    # These two are called for every request, and __getattr__ would be slow.

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport.is_closing()

    def abort(self) -> None:
        """Drops the connection at once."""
        self._transport.abort()

    def _leave(self) -> None:
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol with a limit on request heads."""

    head: int | None = 0
    """Bytes of the present request's head that have come, None once it is whole."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Puts the heads of answers together with their bodies."""
        super().connection_made(cast("asyncio.Transport", Gathered(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        """Refuses a head that does not come to its end."""
        if self.head is not None:
            self.head += len(data)
        super().data_received(data)
        if self.head is not None and self.head > _LARGEST and not self.transport.is_closing():
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """The same for what cannot be parsed, or is too large to be."""
        if self.head is None or self.head <= _LARGEST:
            super().send_400_response(msg)
            return
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def on_message_complete(self) -> None:
        """After this the next head may come."""
        super().on_message_complete()
        self.head = 0

    def on_headers_complete(self) -> None:
        """Raises ValueError, which the parser turns into a refusal, for a head that is too large."""
        self.head = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if self.head > _LARGEST:
            raise ValueError
        self.head = None
        super().on_headers_complete()
