"""HTTP/2 clients of services: each stream is a separate request, whichever HTTP version its instance speaks."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import suppress
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from localcloud.services.run.answers import page, refused_headers
from localcloud.services.run.exchanges import Exchange, Headers, InstanceConnection, ProxyError, RequestRouter
from localcloud.services.run.relay import Relay

_IDLE = 75.0
_MOST_WAITING, _FEW_WAITING = 1 << 18, 1 << 16
# Connection-specific headers of HTTP/1.1, which HTTP/2 forbids. Source: RFC 9113, section 8.2.2.
_LEFT_OUT = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
# Against header injection: nothing in a head may contain a line end when it is forwarded in HTTP/1.1.
_VERB = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"(?:/[!-~\x80-\xff]*|\*)")


class StreamsVisit(asyncio.Protocol):
    """An HTTP/2 connection from a client."""

    def __init__(self, router: RequestRouter, secure: bool) -> None:
        self._secure = secure
        self._loop = asyncio.get_running_loop()
        self.relay = Relay(router)
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.full = self._taking = False
        self._streams: dict[int, Stream] = {}
        self._idle: asyncio.TimerHandle | None = None
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts HTTP/2."""
        self.transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self._peer = name[0] if name else ""
        self.http.initiate_connection()
        self.flush()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Handles incoming bytes; the connection is closed on a protocol error."""
        self._taking = True
        try:
            for event in self.http.receive_data(data):
                self._take(event)
        except ProtocolError:
            self.transport.write(self.http.data_to_send())
            self.transport.close()
        finally:
            self._taking = False
            self.flush()

    def pause_writing(self) -> None:
        """Stops sending: the client is reading too slowly."""
        self.full = True

    def resume_writing(self) -> None:
        """Sends again."""
        self.full = False
        self._pump()
        self.flush()

    def connection_lost(self, _: Exception | None) -> None:
        """The client has disconnected: its requests are abandoned."""
        if self._idle is not None:
            self._idle.cancel()
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.left()

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._begin(event)
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            self._pump()
        elif isinstance(event, DataReceived):
            stream = self._streams.get(event.stream_id)
            if stream is not None:
                stream.came(event.data, event.flow_controlled_length)
            else:
                self.acknowledge(event.stream_id, event.flow_controlled_length)
        elif isinstance(event, StreamEnded):
            if (stream := self._streams.get(event.stream_id)) is not None:
                stream.complete()
        elif isinstance(event, StreamReset) and (stream := self._streams.get(event.stream_id)) is not None:
            self.forget(event.stream_id)
            stream.left()

    def _begin(self, event: RequestReceived) -> None:
        exchange = Exchange(self._peer, self._secure, "HTTP/2")
        exchange.started = self._loop.time()
        exchange.complete = event.stream_ended is not None
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        stream = self._streams[event.stream_id] = Stream(self, event.stream_id, exchange)
        _read(exchange, event.headers)
        if not _VERB.fullmatch(exchange.verb) or not _TARGET.fullmatch(exchange.target):
            stream.refuse(exchange, ProxyError(400, "The request is not valid HTTP."))
        else:
            self.relay.begin(stream, exchange)

    def forget(self, number: int) -> None:
        """A stream has ended."""
        if self._streams.pop(number, None) is not None and not self._streams:
            self._wait()

    def acknowledge(self, number: int, size: int) -> None:
        """Returns flow control credit for so many bytes of a request's body."""
        with suppress(ProtocolError):
            self.http.acknowledge_received_data(size, number)

    def flush(self) -> None:
        """Writes pending data, unless incoming data is being handled."""
        if not self._taking and (data := self.http.data_to_send()) and not self.transport.is_closing():
            self.transport.write(data)

    def _pump(self) -> None:
        for stream in tuple(self._streams.values()):
            stream.pump()

    def _wait(self) -> None:
        self._idle = self._loop.call_later(_IDLE, self._leave)

    def _leave(self) -> None:
        self.http.close_connection()
        self.flush()
        self.transport.close()


class Stream:
    """One request of a client and its response, sent as flow control allows."""

    takes_bytes = False

    def __init__(self, visit: StreamsVisit, number: int, exchange: Exchange) -> None:
        self._visit, self._number, self._exchange = visit, number, exchange
        self._owed = 0
        self._held = self._ended = self._slow = self._whole = False
        self._going: deque[bytes] = deque()
        self._waiting = 0
        self._trailers: Headers = ()

    def came(self, data: bytes, size: int) -> None:
        """A piece of its body; `size` is its flow-controlled length."""
        upstream = self._exchange.upstream
        self._owed += size
        if upstream is None:
            self._exchange.body += [data] if data else []  # bounded by the flow control window
            return
        if data:  # an empty chunk would mean the end
            upstream.send(data)
        if not self._held:
            self._acknowledge()

    def complete(self) -> None:
        """The request is complete."""
        self._exchange.complete = True
        if self._exchange.upstream is not None:
            self._exchange.upstream.finish()

    def left(self) -> None:
        """The client no longer waits for the response."""
        self._ended = True
        self._going.clear()
        self._visit.relay.give_up(self._exchange)

    def stop_reading(self) -> None:
        """Stops reading from the client: the instance is reading too slowly."""
        self._held = True

    def read_on(self) -> None:
        """Reads from the client again."""
        self._held = False
        self._acknowledge()
        self._visit.flush()

    def taken(self) -> None:
        """The buffered part of the request has been forwarded."""
        if not self._held:
            self.read_on()

    def _acknowledge(self) -> None:
        owed, self._owed = self._owed, 0
        if owed:
            self._visit.acknowledge(self._number, owed)

    def answer(self, data: bytes) -> None:
        """Never called: responses come in parts."""

    def head(self, _: Exchange, status: int, headers: Headers, *, whole: bool = False) -> None:
        """Sends the head of a response, which may be the whole response or only an interim one."""
        self._whole = whole
        response = [(b":status", b"%d" % status), *((name, value) for name, value in headers if name not in _LEFT_OUT)]
        try:
            self._visit.http.send_headers(self._number, response, end_stream=whole)
        except ProtocolError:  # the client has left, or the instance's headers are not valid in HTTP/2
            self._reset(ErrorCodes.INTERNAL_ERROR)
        self._visit.flush()

    def piece(self, data: bytes) -> None:
        """A piece of its body."""
        self._going.append(data)
        self._waiting += len(data)
        self.pump()
        if self._waiting > _MOST_WAITING and not self._slow and self._exchange.upstream is not None:
            self._slow = True
            self._exchange.upstream.reading(False)
        self._visit.flush()

    def trailers(self, headers: Headers) -> None:
        """Stores the trailers, to be sent after the body."""
        self._trailers = headers

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """The response is complete."""
        self._visit.relay.done(exchange, reusable=reusable)
        self._end()

    def changed(self, _: InstanceConnection) -> None:
        """The instance has switched protocols without being asked to."""
        self._visit.relay.give_up(self._exchange)
        self.cut()

    def broken(self, exchange: Exchange) -> None:
        """The connection to the instance ended before the response was complete."""
        self._visit.relay.broken(self, exchange)

    def cut(self) -> None:
        """Resets the stream of a response that cannot be completed, so that the client sees that."""
        self._ended = True
        self._going.clear()
        self._reset(ErrorCodes.INTERNAL_ERROR)

    def refuse(self, exchange: Exchange, refused: ProxyError) -> None:
        """Sends an error response."""
        if self._ended:
            return
        exchange.status = refused.status
        text = page(refused)
        more = ((name.lower().encode(), value.encode()) for name, value in refused_headers(refused))
        self.head(exchange, refused.status, [*more, (b"content-length", b"%d" % len(text))])
        if exchange.verb != b"HEAD":
            self.piece(text)
        self._visit.relay.refused(exchange)
        self._end()

    def _end(self) -> None:
        self._ended = True
        self.pump()
        self._visit.flush()

    def pump(self) -> None:
        """Sends as much of the response as flow control allows; after the last byte, the end of the stream."""
        http = self._visit.http
        try:
            while self._going and not self._visit.full:
                room = min(http.local_flow_control_window(self._number), http.max_outbound_frame_size)
                if room <= 0:
                    break
                data = self._going.popleft()
                http.send_data(self._number, data[:room])
                self._waiting -= len(data[:room])
                if data[room:]:
                    self._going.appendleft(data[room:])
                self._visit.flush()
            if self._ended and not self._going:
                self._close()
        except ProtocolError:  # the client has reset the stream
            self._visit.forget(self._number)
        if self._slow and self._waiting < _FEW_WAITING:
            self._slow = False
            if self._exchange.upstream is not None:
                self._exchange.upstream.reading(True)

    def _close(self) -> None:
        if self._trailers:
            self._visit.http.send_headers(self._number, self._trailers, end_stream=True)
        elif not self._whole:
            self._visit.http.end_stream(self._number)
        if self._exchange.complete:
            self._visit.forget(self._number)
        else:
            self._reset(ErrorCodes.NO_ERROR)  # the rest of the request is not needed

    def _reset(self, code: ErrorCodes) -> None:
        self._visit.forget(self._number)
        with suppress(ProtocolError):
            self._visit.http.reset_stream(self._number, code)
        self._visit.flush()


def _read(exchange: Exchange, headers: Headers) -> None:
    """Copies an HTTP/2 request's headers to an exchange, in HTTP/1.1's form."""
    cookies: list[bytes] = []
    for name, value in headers:
        if name == b":method":
            exchange.verb = value
        elif name == b":path":
            exchange.target = value
        elif name == b":authority" or (name == b"host" and b"host" not in exchange.fields):
            exchange.add(b"host", value)
        elif name == b"cookie":
            cookies.append(value)  # HTTP/2 may split them
        elif name[:1] != b":" and name != b"host":
            exchange.add(name, value)
    if cookies:
        exchange.add(b"cookie", b"; ".join(cookies))
    if not exchange.complete and b"content-length" not in exchange.fields:
        exchange.chunked = True
        exchange.add(b"transfer-encoding", b"chunked")
