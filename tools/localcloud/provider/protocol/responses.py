"""The responses to one connection's calls, written as HTTP/2 frames as fast as the caller's flow control lets them."""

from __future__ import annotations

import struct
from enum import IntEnum

from hpack import Encoder, NeverIndexedHeaderTuple
from hyperframe.frame import Frame, RstStreamFrame

LARGEST_WINDOW = 2**31 - 1
_HEADER = struct.Struct(">HBBBL")
_DATA, _HEADERS = 0, 1
_END_STREAM, _END_HEADERS = 1, 4


class ErrorCode(IntEnum):
    """HTTP/2's codes for why a stream or a connection ends."""

    PROTOCOL_ERROR = 1
    FLOW_CONTROL_ERROR = 3
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7


class ProtocolError(Exception):
    """The peer did what HTTP/2 forbids, so that its connection must end."""

    def __init__(self, code: ErrorCode = ErrorCode.PROTOCOL_ERROR) -> None:
        super().__init__(code.name)
        self.code = code


def headers(*fields: tuple[bytes, bytes]) -> bytes:
    """A block of headers that any peer understands at any time: it uses no entry of the connection's table, and adds none."""
    return Encoder().encode([NeverIndexedHeaderTuple(*field) for field in fields], huffman=False)


_STARTING = headers((b":status", b"200"), (b"content-type", b"application/grpc"))
_ENDING = headers((b"grpc-status", b"0"))


class Responses:
    """One connection's responses, and how many bytes the peer takes: in all, and of each stream."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._waiting: dict[int, memoryview] = {}
        self._room = self._initial_room = 65_535
        self._rooms: dict[int, int] = {}
        self._largest_frame = 16_384

    def __len__(self) -> int:
        return len(self._rooms)

    def open(self, stream: int) -> None:
        """Expects a response to a new stream."""
        self._rooms[stream] = self._initial_room

    def close(self, stream: int) -> None:
        """Writes no more of a stream's response."""
        self._rooms.pop(stream, None)
        self._waiting.pop(stream, None)

    def refuse(self, stream: int) -> None:
        """Ends a stream that is one too many."""
        self.write(RstStreamFrame(stream, ErrorCode.REFUSED_STREAM))

    def send(self, stream: int, body: bytes) -> None:
        """Answers a call, unless its caller has cancelled it."""
        if stream in self._rooms:
            self._frame(_HEADERS, _END_HEADERS, stream, _STARTING)
            self._waiting[stream] = memoryview(body)
            self._go_on(stream)

    def fail(self, stream: int, *trailers: tuple[bytes, bytes]) -> None:
        """Ends a call with these trailers, unless its caller has cancelled it."""
        if stream in self._rooms:
            self.close(stream)
            self._frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _STARTING + headers(*trailers))

    def widen(self, stream: int, more: int) -> None:
        """Lets this many more bytes go to a stream, or with 0 to the peer at all."""
        if stream == 0:
            self._room = _widened(self._room, more)
        elif stream in self._rooms:
            self._rooms[stream] = _widened(self._rooms[stream], more)
        self._go_on(*self._waiting)

    def adjust(self, initial_room: int, largest_frame: int) -> None:
        """Follows the peer's settings; a new initial window moves those of all streams."""
        more = initial_room - self._initial_room
        self._initial_room, self._largest_frame = initial_room, largest_frame
        self._rooms = {stream: _widened(room, more) for stream, room in self._rooms.items()}
        self._go_on(*self._waiting)

    @property
    def settings(self) -> tuple[int, int]:
        """The peer's initial window for a stream, and its largest frame."""
        return self._initial_room, self._largest_frame

    def write(self, frame: Frame) -> None:
        """Writes any other frame."""
        self._written.append(frame.serialize())

    def taken(self) -> bytes:
        """What has been written since the last time."""
        written = b"".join(self._written)
        self._written.clear()
        return written

    def _go_on(self, *streams: int) -> None:
        """Writes as much of the streams' responses as fits; after the last byte, the trailers."""
        for stream in streams:
            rest = self._waiting[stream]
            while rest and (size := min(len(rest), self._room, self._rooms[stream], self._largest_frame)) > 0:
                self._frame(_DATA, 0, stream, bytes(rest[:size]))
                self._room -= size
                self._rooms[stream] -= size
                rest = rest[size:]
            self._waiting[stream] = rest
            if not rest:
                self._frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, _ENDING)
                self.close(stream)

    def _frame(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        # Written here, since a call has three of them: hyperframe takes longer for these than the whole call otherwise.
        self._written.append(_HEADER.pack(len(body) >> 8, len(body) & 0xFF, kind, flags, stream) + body)


def _widened(room: int, more: int) -> int:
    if room + more > LARGEST_WINDOW:
        raise ProtocolError(ErrorCode.FLOW_CONTROL_ERROR)
    return room + more
