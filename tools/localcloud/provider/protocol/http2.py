"""HTTP/2 for a server of unary calls: what a caller does, read from its connection's bytes.

Frames are read by hyperframe and headers by hpack. The h2 library, to which both belong, follows each state of each stream for any
client and any server; that took longer than all that the provider does to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hpack import Decoder, HPACKError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from localcloud.provider.protocol.responses import LARGEST_WINDOW, ErrorCode, ProtocolError, Responses

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEADER = 9
_LARGEST_FRAME = 16_384
_LARGEST_HEADERS = 65_536
_MOST_STREAMS = 100
# In a block of headers: the first byte of a reference to the table of headers, and that of one with further bytes.
_REFERENCE, _LONG_REFERENCE = 0x80, 0xFF
_LONGEST_KEPT = 64
_WINDOW = 1024 * 1024
_SMALLEST_LIMIT, _LARGEST_LIMIT = 2**14, 2**24 - 1  # of a peer's SETTINGS_MAX_FRAME_SIZE


class Begun(NamedTuple):
    """A caller begins a call of a path."""

    stream: int
    path: str


class Received(NamedTuple):
    """A call's whole body is here."""

    stream: int
    body: bytes


class Oversized(NamedTuple):
    """A call's body is larger than allowed; the rest of it is ignored."""

    stream: int


class Cancelled(NamedTuple):
    """A caller wants no answer any more."""

    stream: int


Event = Begun | Received | Oversized | Cancelled


class Http2:
    """One connection: bytes in, events out, and the responses to them; bodies have at most `largest` bytes."""

    def __init__(self, largest: int) -> None:
        self.responses = Responses()
        self._largest = largest
        self._unread = b""
        self._started = False
        self._decoder = Decoder(_LARGEST_HEADERS)
        self._paths: dict[bytes, str] = {}
        self._block: tuple[HeadersFrame, bytearray] | None = None
        self._bodies: dict[int, bytearray] = {}
        self._last_stream = 0
        self._consumed = 0

    def start(self) -> None:
        """Tells the peer what this server takes."""
        settings = {
            SettingsFrame.MAX_CONCURRENT_STREAMS: _MOST_STREAMS,
            SettingsFrame.INITIAL_WINDOW_SIZE: _WINDOW,
            SettingsFrame.MAX_HEADER_LIST_SIZE: _LARGEST_HEADERS,
        }
        self.responses.write(SettingsFrame(settings=settings))
        self.responses.write(WindowUpdateFrame(0, _WINDOW))

    def receive(self, data: bytes) -> Iterator[Event]:
        """What the bytes make happen; raises ProtocolError, after which the connection must be closed."""
        try:
            for frame in self._frames(data):
                yield from self._happened(frame)
        except ProtocolError as error:
            self.responses.write(GoAwayFrame(last_stream_id=self._last_stream, error_code=error.code))
            raise

    def finish(self, stream: int) -> None:
        """Ignores the rest of a call that is answered early, or not at all."""
        self._bodies.pop(stream, None)

    def _frames(self, data: bytes) -> Iterator[Frame]:
        unread = self._unread + data
        at = 0
        if not self._started:
            if unread[: len(_PREFACE)] != _PREFACE[: len(unread)]:
                raise ProtocolError
            self._started = len(unread) >= len(_PREFACE)
            at = len(_PREFACE) if self._started else 0
        view = memoryview(unread)
        while self._started and len(unread) - at >= _FRAME_HEADER:
            body = at + _FRAME_HEADER
            try:
                frame, length = Frame.parse_frame_header(view[at:body])
                if length > _LARGEST_FRAME:
                    raise ProtocolError(ErrorCode.FRAME_SIZE_ERROR)
                if len(unread) - body < length:
                    break
                frame.parse_body(view[body : body + length])
            except HyperframeError as error:
                raise ProtocolError from error
            at = body + length
            yield frame
        self._unread = unread[at:]

    def _happened(self, frame: Frame) -> Iterator[Event]:
        if self._block is not None and not isinstance(frame, ContinuationFrame):
            raise ProtocolError
        match frame:
            case DataFrame():
                yield from self._data(frame)
            case HeadersFrame():
                yield from self._headers(frame, bytearray(frame.data), "END_HEADERS" in frame.flags)
            case ContinuationFrame():
                if self._block is None or self._block[0].stream_id != frame.stream_id:
                    raise ProtocolError
                first, block = self._block
                block += frame.data
                yield from self._headers(first, block, "END_HEADERS" in frame.flags)
            case RstStreamFrame():
                self._known(frame.stream_id)
                self.finish(frame.stream_id)
                self.responses.close(frame.stream_id)
                yield Cancelled(frame.stream_id)
            case WindowUpdateFrame():
                self._known(frame.stream_id)
                self.responses.widen(frame.stream_id, frame.window_increment)
            case SettingsFrame() if "ACK" not in frame.flags:
                self._settings(frame)
            case PingFrame() if "ACK" not in frame.flags:
                self.responses.write(PingFrame(opaque_data=frame.opaque_data, flags=["ACK"]))
            case PushPromiseFrame():
                raise ProtocolError

    def _known(self, stream: int) -> None:
        if stream > self._last_stream:
            raise ProtocolError

    def _headers(self, first: HeadersFrame, block: bytearray, complete: bool) -> Iterator[Event]:
        stream, ends = first.stream_id, "END_STREAM" in first.flags
        if len(block) > _LARGEST_HEADERS:
            raise ProtocolError
        self._block = None if complete else (first, block)
        if not complete:
            return
        path = self._path(bytes(block))
        if stream > self._last_stream:
            yield from self._opened(stream, path)
        elif not ends:  # trailers always end a stream
            raise ProtocolError
        if ends and stream in self._bodies:
            yield Received(stream, bytes(self._bodies.pop(stream)))

    def _path(self, block: bytes) -> str:
        """The path in a block of headers. One of nothing but references, a byte each, changes no table: it is decoded once."""
        refers = 0 < len(block) < _LONGEST_KEPT and min(block) >= _REFERENCE and _LONG_REFERENCE not in block
        if refers and block in self._paths:
            return self._paths[block]
        try:
            fields = self._decoder.decode(block, raw=True)
        except HPACKError as error:
            raise ProtocolError from error
        path = next((value for name, value in fields if name == b":path"), b"").decode("latin-1")
        if not refers or len(self._paths) >= _LONGEST_KEPT:
            self._paths.clear()
        if refers:
            self._paths[block] = path
        return path

    def _opened(self, stream: int, path: str) -> Iterator[Event]:
        if stream % 2 == 0:
            raise ProtocolError
        self._last_stream = stream
        if len(self.responses) >= _MOST_STREAMS:
            self.responses.refuse(stream)
            return
        self.responses.open(stream)
        self._bodies[stream] = bytearray()
        yield Begun(stream, path)

    def _data(self, frame: DataFrame) -> Iterator[Event]:
        stream, ends = frame.stream_id, "END_STREAM" in frame.flags
        self._known(stream)
        self._consumed += frame.flow_controlled_length
        if self._consumed > _WINDOW // 2:
            self.responses.write(WindowUpdateFrame(0, self._consumed))
            self._consumed = 0
        body = self._bodies.get(stream)
        if body is None:
            return
        body += frame.data
        if len(body) > self._largest:
            self.finish(stream)
            yield Oversized(stream)
        elif ends:
            self.finish(stream)
            yield Received(stream, bytes(body))
        elif frame.flow_controlled_length:
            self.responses.write(WindowUpdateFrame(stream, frame.flow_controlled_length))

    def _settings(self, frame: SettingsFrame) -> None:
        room, largest = self.responses.settings
        room = frame.settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, room)
        largest = frame.settings.get(SettingsFrame.MAX_FRAME_SIZE, largest)
        if room > LARGEST_WINDOW:
            raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR)
        if not _SMALLEST_LIMIT <= largest <= _LARGEST_LIMIT:
            raise ProtocolError
        self.responses.write(SettingsFrame(flags=["ACK"]))
        self.responses.adjust(room, largest)
