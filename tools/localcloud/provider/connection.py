"""One connection of Terraform's: the unary calls of gRPC on HTTP/2, which the library h2 speaks.

A call that only computes is answered in the thread that reads. grpcio's own server hands each call from thread to thread a dozen
times, which took three times as long as the answers themselves.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import cast
from urllib.parse import quote

from h2.config import H2Configuration
from h2.connection import H2Connection
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

from localcloud.provider.handlers import Handler

LARGEST_MESSAGE = 256 * 1024 * 1024
_REFUSED = "The provider of a local cloud works for the user who started it, and for nobody else."
# A message goes behind a byte that says whether it is compressed, and its length.
_PREFIX = struct.Struct(">BI")
_HEAD = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_WELL = ((b"grpc-status", b"0"),)


class Status(IntEnum):
    """How a call ends if not well, as gRPC numbers it."""

    UNKNOWN = 2
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13


@dataclass(slots=True)
class _Call:
    """What came of a call so far."""

    path: str
    data: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """Answers the calls on one connection by their path; those that wait for others, in a thread of `threads`.

    `admits` says of where a connection comes from ("ipv4:127.0.0.1:4711") whether it may ask anything at all. What waits for a
    thread when the connection ends is not begun.
    """

    def __init__(self, handlers: Mapping[str, Handler], threads: Executor, admits: Callable[[str], bool]) -> None:
        self._handlers = handlers
        self._threads = threads
        self._admits = admits
        # Of a request only its path is looked at, and what is sent is written here: neither needs a check.
        self._http = H2Connection(
            H2Configuration(
                client_side=False,
                header_encoding=None,
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self._coming: dict[int, _Call] = {}
        self._working: dict[int, Future[bytes]] = {}
        self._going: dict[int, memoryview] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to speak HTTP/2, and finds out once whose connection it is."""
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self._peer = f"ipv4:{host}:{port}"
        self._admitted = self._admits(self._peer)
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Takes what has come; whoever does not speak HTTP/2 is told so and left."""
        try:
            for event in self._http.receive_data(data):
                self._take(event)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def connection_lost(self, _problem: Exception | None) -> None:
        """Calls off what has not begun."""
        for work in self._working.values():
            work.cancel()
        self._coming.clear()
        self._working.clear()
        self._going.clear()

    def _take(self, event: Event) -> None:
        if isinstance(event, DataReceived):
            self._collect(event)
        elif isinstance(event, RequestReceived):
            self._begin(event)
        elif isinstance(event, StreamEnded):
            self._answer(event.stream_id)
        elif isinstance(event, StreamReset):
            self._coming.pop(event.stream_id, None)
            self._going.pop(event.stream_id, None)
            if work := self._working.pop(event.stream_id, None):
                work.cancel()
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            for stream in tuple(self._going):
                with suppress(ProtocolError):
                    self._send(stream)

    def _begin(self, event: RequestReceived) -> None:
        path = next((value for name, value in event.headers if name == b":path"), b"").decode("latin-1")
        if not self._admitted:
            self._end_badly(event.stream_id, Status.PERMISSION_DENIED, _REFUSED)
        elif path not in self._handlers:
            self._end_badly(event.stream_id, Status.UNIMPLEMENTED, f"The provider has no {path}.")
        else:
            self._coming[event.stream_id] = _Call(path)

    def _collect(self, event: DataReceived) -> None:
        call = self._coming.get(event.stream_id)
        if call is not None:
            call.data += event.data
            if len(call.data) > LARGEST_MESSAGE:
                del self._coming[event.stream_id]
                self._end_badly(event.stream_id, Status.RESOURCE_EXHAUSTED, "The message is too large.")
        if event.flow_controlled_length:
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _answer(self, stream: int) -> None:
        call = self._coming.pop(stream, None)
        if call is None:
            return
        message = bytes(call.data[_PREFIX.size :])
        if len(call.data) < _PREFIX.size or _PREFIX.unpack_from(call.data) != (0, len(message)):
            self._end_badly(stream, Status.INTERNAL, "One message was expected, and not compressed.")
            return
        handler = self._handlers[call.path]
        if handler.waits:
            # Not by run_in_executor: to cancel what it returns takes effect only in the loop's next round.
            self._working[stream] = work = self._threads.submit(handler.answer, message, self._peer)
            work.add_done_callback(partial(self._hand_over, asyncio.get_running_loop(), stream))
            return
        try:
            self._end_well(stream, handler.answer(message, self._peer))
        except Exception as problem:  # whatever it is, the caller is to learn it
            self._end_badly(stream, Status.UNKNOWN, f"{type(problem).__name__}: {problem}")

    def _hand_over(self, loop: asyncio.AbstractEventLoop, stream: int, done: Future[bytes]) -> None:
        """From the thread that answered to the one that reads, if that still does."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._finish, stream, done)

    def _finish(self, stream: int, done: Future[bytes]) -> None:
        if self._working.pop(stream, None) is None or done.cancelled():  # nobody waits for it any more
            return
        problem = done.exception()
        if problem is None:
            self._end_well(stream, done.result())
        else:
            self._end_badly(stream, Status.UNKNOWN, f"{type(problem).__name__}: {problem}")
        self._flush()

    def _end_well(self, stream: int, message: bytes) -> None:
        with suppress(ProtocolError):  # the caller may have left meanwhile, here and below
            self._http.send_headers(stream, _HEAD)
            self._going[stream] = memoryview(_PREFIX.pack(0, len(message)) + message)
            self._send(stream)

    def _end_badly(self, stream: int, status: Status, message: str) -> None:
        said = ((b"grpc-status", b"%d" % status), (b"grpc-message", quote(message, " ").encode()))
        with suppress(ProtocolError):
            self._http.send_headers(stream, (*_HEAD, *said), end_stream=True)

    def _send(self, stream: int) -> None:
        """Sends as much of an answer as the other end has room for, and after the last of it, that all is well."""
        rest = self._going.pop(stream)
        while rest:
            room = min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size)
            if room <= 0:
                self._going[stream] = rest
                return
            self._http.send_data(stream, rest[:room].tobytes())
            rest = rest[room:]
        self._http.send_headers(stream, _WELL, end_stream=True)

    def _flush(self) -> None:
        if data := self._http.data_to_send():
            self._transport.write(data)
