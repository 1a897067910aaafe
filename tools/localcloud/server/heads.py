"""The head of a request, its address and headers, in bounds: what is too long is refused before it is kept or parsed."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Many times the head of any client's request; tokens of identity providers are the largest thing in one.
_LARGEST = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which takes no endless head."""

    head: int | None = 0
    """Bytes of the present request's head that have come, None once it is whole."""

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
        self.head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if self.head > _LARGEST:
            raise ValueError
        self.head = None
        super().on_headers_complete()
