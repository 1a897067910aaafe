"""One connection from Terraform: gRPC's unary calls over HTTP/2, with the h2 library for the protocol.

Calls that only compute are answered on the event loop's thread. grpcio's server passes each call between threads about a dozen
times, which took three times as long as computing the answers.
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

_MOST_OF_OTHERS = 256
LARGEST_MESSAGE = 256 * 1024 * 1024
_REFUSED = "The local cloud's provider serves only the user who started it."
# gRPC prefixes each message with a byte that is 1 if it is compressed, and with its length.
_PREFIX = struct.Struct(">BI")
_HEADERS = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_OK_TRAILERS = ((b"grpc-status", b"0"),)


class Status(IntEnum):
    """gRPC's status codes for a failed call."""

    UNKNOWN = 2
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13


@dataclass(slots=True)
class _Request:
    """A request that is still being received."""

    path: str
    data: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """Dispatches the calls on one connection to their handlers by path; handlers that block run in `threads`.

    `admits` decides from the peer's address ("ipv4:127.0.0.1:4711") whether its calls are answered at all. When the connection
    closes, calls that are still queued for a thread are cancelled.
    """

    def __init__(self, handlers: Mapping[str, Handler], threads: Executor, admits: Callable[[str], bool]) -> None:
        self._handlers = handlers
        self._threads = threads
        self._admits = admits
        # Only a request's path is read, and all outgoing headers are written here, so h2 need not validate either.
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
        self._receiving: dict[int, _Request] = {}
        self._running: dict[int, Future[bytes]] = {}
        self._sending: dict[int, memoryview] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Starts HTTP/2, and checks once who the peer is."""
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self._peer = f"ipv4:{host}:{port}"
        self._admitted = self._admits(self._peer)
        # Other users could otherwise use up all open files.
        if not self._admitted and transport.get_extra_info("socket").fileno() > _MOST_OF_OTHERS:
            self._transport.abort()
            return
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Handles incoming bytes; the connection is closed on a protocol error."""
        try:
            for event in self._http.receive_data(data):
                self._handle(event)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        """Cancels the calls that no thread has started."""
        for work in self._running.values():
            work.cancel()
        self._receiving.clear()
        self._running.clear()
        self._sending.clear()

    def _handle(self, event: Event) -> None:
        match event:
            case DataReceived():
                self._receive(event)
            case RequestReceived():
                self._begin(event)
            case StreamEnded():
                self._dispatch(event.stream_id)
            case StreamReset():
                self._receiving.pop(event.stream_id, None)
                self._sending.pop(event.stream_id, None)
                if future := self._running.pop(event.stream_id, None):
                    future.cancel()
            case WindowUpdated() | RemoteSettingsChanged():
                for stream in tuple(self._sending):
                    with suppress(ProtocolError):
                        self._send(stream)

    def _begin(self, event: RequestReceived) -> None:
        path = next((value for name, value in event.headers if name == b":path"), b"").decode("latin-1")
        if not self._admitted:
            self._fail(event.stream_id, Status.PERMISSION_DENIED, _REFUSED)
        elif path not in self._handlers:
            self._fail(event.stream_id, Status.UNIMPLEMENTED, f"The provider has no method {path}.")
        else:
            self._receiving[event.stream_id] = _Request(path)

    def _receive(self, event: DataReceived) -> None:
        request = self._receiving.get(event.stream_id)
        if request is not None:
            request.data += event.data
            if len(request.data) > LARGEST_MESSAGE:
                del self._receiving[event.stream_id]
                self._fail(event.stream_id, Status.RESOURCE_EXHAUSTED, "The message is too large.")
        if event.flow_controlled_length:
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _dispatch(self, stream: int) -> None:
        request = self._receiving.pop(stream, None)
        if request is None:
            return
        message = bytes(request.data[_PREFIX.size :])
        if len(request.data) < _PREFIX.size or _PREFIX.unpack_from(request.data) != (0, len(message)):
            self._fail(stream, Status.INTERNAL, "A unary call takes exactly one uncompressed message.")
            return
        handler = self._handlers[request.path]
        if handler.blocks:
            # Not run_in_executor: cancelling its future takes effect only in the loop's next iteration.
            self._running[stream] = future = self._threads.submit(handler.answer, message, self._peer)
            future.add_done_callback(partial(self._return_to_loop, asyncio.get_running_loop(), stream))
            return
        try:
            self._respond(stream, handler.answer(message, self._peer))
        except Exception as error:  # any failure must reach the caller
            self._fail(stream, Status.UNKNOWN, f"{type(error).__name__}: {error}")

    def _return_to_loop(self, loop: asyncio.AbstractEventLoop, stream: int, done: Future[bytes]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._finish, stream, done)

    def _finish(self, stream: int, done: Future[bytes]) -> None:
        if self._running.pop(stream, None) is None or done.cancelled():  # the caller has gone
            return
        error = done.exception()
        if error is None:
            self._respond(stream, done.result())
        else:
            self._fail(stream, Status.UNKNOWN, f"{type(error).__name__}: {error}")
        self._flush()

    def _respond(self, stream: int, message: bytes) -> None:
        with suppress(ProtocolError):  # here and below: the caller may have reset the stream
            self._http.send_headers(stream, _HEADERS)
            self._sending[stream] = memoryview(_PREFIX.pack(0, len(message)) + message)
            self._send(stream)

    def _fail(self, stream: int, status: Status, message: str) -> None:
        trailers = ((b"grpc-status", b"%d" % status), (b"grpc-message", quote(message, " ").encode()))
        with suppress(ProtocolError):
            self._http.send_headers(stream, (*_HEADERS, *trailers), end_stream=True)

    def _send(self, stream: int) -> None:
        """Sends as much of a response as flow control allows; after the last byte, the trailers."""
        rest = self._sending.pop(stream)
        while rest:
            room = min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size)
            if room <= 0:
                self._sending[stream] = rest
                return
            self._http.send_data(stream, rest[:room].tobytes())
            rest = rest[room:]
        self._http.send_headers(stream, _OK_TRAILERS, end_stream=True)

    def _flush(self) -> None:
        if data := self._http.data_to_send():
            self._transport.write(data)
