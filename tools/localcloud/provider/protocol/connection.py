"""One connection from Terraform: gRPC's unary calls over HTTP/2.

Calls that only compute are answered on the event loop's thread. grpcio's server passes each call between threads about a dozen
times, which took three times as long as computing the answers.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from enum import IntEnum
from functools import partial
from typing import cast
from urllib.parse import quote

from localcloud.provider.protocol.handlers import Handler
from localcloud.provider.protocol.http2 import Begun, Cancelled, Event, Http2, Oversized, Received
from localcloud.provider.protocol.responses import ProtocolError

_MOST_OF_OTHERS = 256
LARGEST_MESSAGE = 256 * 1024 * 1024
_REFUSED = "The local cloud's provider serves only the user who started it."
# gRPC prefixes each message with a byte that is 1 if it is compressed, and with its length.
_PREFIX = struct.Struct(">BI")


class Status(IntEnum):
    """gRPC's status codes for a failed call."""

    UNKNOWN = 2
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13


class Connection(asyncio.Protocol):
    """Dispatches the calls on one connection to their handlers by path; handlers that block run in `threads`.

    `admits` decides from the peer's address ("ipv4:127.0.0.1:4711") whether its calls are answered at all. When the connection
    closes, calls that are still queued for a thread are cancelled.
    """

    def __init__(self, handlers: Mapping[str, Handler], threads: Executor, admits: Callable[[str], bool]) -> None:
        self._handlers = handlers
        self._threads = threads
        self._admits = admits
        self._http = Http2(LARGEST_MESSAGE)
        self._paths: dict[int, str] = {}
        self._running: dict[int, Future[bytes]] = {}

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
        self._http.start()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Handles incoming bytes; the connection is closed on a protocol error."""
        try:
            for event in self._http.receive(data):
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
        self._running.clear()

    def _handle(self, event: Event) -> None:
        match event:
            case Begun(stream, path):
                self._begin(stream, path)
            case Received(stream, body):
                self._dispatch(stream, self._paths.pop(stream), body)
            case Oversized(stream):
                self._fail(stream, Status.RESOURCE_EXHAUSTED, "The message is too large.")
            case Cancelled(stream):
                self._paths.pop(stream, None)
                if future := self._running.pop(stream, None):
                    future.cancel()

    def _begin(self, stream: int, path: str) -> None:
        if not self._admitted:
            self._fail(stream, Status.PERMISSION_DENIED, _REFUSED)
        elif path not in self._handlers:
            self._fail(stream, Status.UNIMPLEMENTED, f"The provider has no method {path}.")
        else:
            self._paths[stream] = path

    def _dispatch(self, stream: int, path: str, body: bytes) -> None:
        message = body[_PREFIX.size :]
        if len(body) < _PREFIX.size or _PREFIX.unpack_from(body) != (0, len(message)):
            self._fail(stream, Status.INTERNAL, "A unary call takes exactly one uncompressed message.")
            return
        handler = self._handlers[path]
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
        self._http.responses.send(stream, _PREFIX.pack(0, len(message)) + message)

    def _fail(self, stream: int, status: Status, message: str) -> None:
        self._paths.pop(stream, None)
        self._http.finish(stream)
        trailers = ((b"grpc-status", b"%d" % status), (b"grpc-message", quote(message, " ").encode()))
        self._http.responses.fail(stream, *trailers)

    def _flush(self) -> None:
        if data := self._http.responses.taken():
            self._transport.write(data)
