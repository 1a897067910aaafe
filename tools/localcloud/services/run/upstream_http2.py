"""The instance's side of the proxy for ports named h2c: HTTP/2 without TLS, one exchange at a time per connection."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from localcloud.services.run.exchanges import ClientConnection, Exchange, Headers

_MOST_WAITING = 1 << 18
# Connection-specific headers of HTTP/1.1. Source: RFC 9113, section 8.2.2.
_LEFT_OUT = frozenset({b"host", b"transfer-encoding", b"http2-settings"})


class Http2Upstream(asyncio.Protocol):
    """A connection to an instance, which serves one exchange after another, each in its own stream."""

    def __init__(self) -> None:
        self._client: ClientConnection | None = None
        self._exchange: Exchange | None = None
        self._stream = 0
        self._going: deque[bytes] = deque()
        self._waiting = 0
        self._finished = self._full = self._held = self._paused = False
        self._owed = 0
        self.usable = True
        # What is sent was validated on arrival, or is written here.
        self._http = H2Connection(
            H2Configuration(header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        self._http.local_settings = Settings(client=True, initial_values={SettingCodes.ENABLE_PUSH: 0})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts HTTP/2."""
        self.transport = cast("asyncio.Transport", transport)
        self._http.initiate_connection()

    def begin(self, client: ClientConnection, exchange: Exchange) -> None:
        """Assigns the connection to an exchange, and sends what has arrived of the request."""
        self._client, self._exchange = client, exchange
        self._stream = self._http.get_next_available_stream_id()
        self._going, self._waiting = deque(exchange.body), sum(map(len, exchange.body))
        whole = exchange.complete and not self._going
        self._finished, self._full, self._held = exchange.complete and not whole, False, False
        self._http.send_headers(self._stream, _head(exchange), end_stream=whole)
        if not whole:
            self._pump()
        self._flush()

    def send(self, data: bytes) -> None:
        """Sends a piece of the request's body."""
        self._going.append(data)
        self._waiting += len(data)
        self._pump()
        self._flush()

    def finish(self) -> None:
        """The request is complete."""
        self._finished = True
        self._pump()
        self._flush()

    def tunnel(self, data: bytes) -> None:
        """Never called: there are no protocol switches in HTTP/2."""

    def end(self) -> None:
        """Never called, either."""

    def reading(self, on: bool) -> None:
        """Pauses or resumes reading from the instance, by withholding flow control credit."""
        self._held = not on
        if on and self._owed:
            self._acknowledge(self._owed)
            self._owed = 0
            self._flush()

    def close(self) -> None:
        """Closes the connection."""
        if self._exchange is not None:
            with suppress(ProtocolError):
                self._http.reset_stream(self._stream, ErrorCodes.CANCEL)
        self.usable, self._client, self._exchange = False, None, None
        self._flush()
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Forwards the response to the client."""
        try:
            for event in self._http.receive_data(data):
                self._take(event)
        except ProtocolError:
            self._broken()
        else:
            self._flush()

    def pause_writing(self) -> None:
        """Stops sending: the instance is reading too slowly."""
        self._paused = True

    def resume_writing(self) -> None:
        """Sends again."""
        self._paused = False
        self._pump()
        self._flush()

    def connection_lost(self, _: Exception | None) -> None:
        """The connection has closed."""
        self._broken()

    def _broken(self) -> None:
        client, exchange = self._client, self._exchange
        self.close()
        if client is not None and exchange is not None:
            client.broken(exchange)

    def _take(self, event: Event) -> None:
        if isinstance(event, WindowUpdated | RemoteSettingsChanged):
            self._pump()
        elif isinstance(event, ConnectionTerminated):
            self.usable = False
            if (event.last_stream_id or 0) < self._stream:
                self._broken()
        elif isinstance(event, DataReceived) and event.stream_id != self._stream:
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif self._client is not None and self._exchange is not None:
            self._answered(event, self._client, self._exchange)

    def _answered(self, event: Event, client: ClientConnection, exchange: Exchange) -> None:
        """Handles an event of the current exchange's response."""
        if isinstance(event, InformationalResponseReceived | ResponseReceived):
            status, headers = int(event.headers[0][1]), event.headers[1:]
            exchange.status = status if isinstance(event, ResponseReceived) else 0
            client.head(exchange, status, headers, whole=getattr(event, "stream_ended", None) is not None)
        elif isinstance(event, DataReceived):
            exchange.answer_size += len(event.data)
            client.piece(event.data)
            if self._held:
                self._owed += event.flow_controlled_length
            else:
                self._acknowledge(event.flow_controlled_length)
        elif isinstance(event, TrailersReceived):
            client.trailers(event.headers)
        elif isinstance(event, StreamEnded) and event.stream_id == self._stream:
            if not exchange.complete:
                self.usable = False
            self._client = self._exchange = None
            client.done(exchange, reusable=self.usable)
        elif isinstance(event, StreamReset) and event.stream_id == self._stream:
            self._broken()

    def _pump(self) -> None:
        """Sends as much of the request's body as flow control allows."""
        if self._exchange is None:
            return
        with suppress(ProtocolError):  # the instance may have ended the stream before the end of the request
            while self._going and not self._paused:
                room = min(self._http.local_flow_control_window(self._stream), self._http.max_outbound_frame_size)
                if room <= 0:
                    break
                data = self._going.popleft()
                self._http.send_data(self._stream, data[:room])
                self._waiting -= len(data[:room])
                if data[room:]:
                    self._going.appendleft(data[room:])
            if self._finished and not self._going:
                self._finished = False
                self._http.end_stream(self._stream)
        full = self._waiting > _MOST_WAITING
        if full != self._full and self._client is not None:
            self._full = full
            (self._client.stop_reading if full else self._client.read_on)()

    def _acknowledge(self, size: int) -> None:
        with suppress(ProtocolError):
            self._http.acknowledge_received_data(size, self._stream)

    def _flush(self) -> None:
        if (data := self._http.data_to_send()) and not self.transport.is_closing():
            self.transport.write(data)


def _head(exchange: Exchange) -> Headers:
    headers = [
        (b":method", exchange.verb),
        (b":scheme", b"http"),
        (b":authority", exchange.field(b"host")),
        (b":path", exchange.target),
    ]
    headers += [(name.lower(), value) for name, value in exchange.onward() if name.lower() not in _LEFT_OUT]
    if exchange.field(b"te").strip().lower() == b"trailers":
        headers.append((b"te", b"trailers"))  # gRPC servers refuse calls without it
    return headers
