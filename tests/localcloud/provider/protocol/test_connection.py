"""Terraform's calls over HTTP/2, made by gRPC's own client and by hand."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Self

import grpc
import pytest
from h2.connection import H2Connection
from h2.events import StreamEnded
from localcloud.provider.protocol import connection
from localcloud.provider.protocol.connection import Connection
from localcloud.provider.protocol.handlers import Handler


@contextmanager
def serving(
    answers: Mapping[str, Handler], *, admits: Callable[[str], bool] = lambda _: True, threads: int = 2
) -> Iterator[str]:
    """The address of a server of these answers."""
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(threads) as pool:
        making = loop.create_server(lambda: Connection(answers, pool, admits), "127.0.0.1", 0)
        server = loop.run_until_complete(making)
        running = threading.Thread(target=loop.run_forever)
        running.start()
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            running.join()
    loop.close()


def call(address: str, path: str, message: bytes = b"", compression: grpc.Compression | None = None) -> bytes:
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(address, options) as channel:
        return bytes(channel.unary_unary(path)(message, timeout=30, compression=compression))


def backwards(message: bytes, _peer: str) -> bytes:
    return message[::-1]


def failing(_message: bytes, _peer: str) -> bytes:
    raise ValueError("there is no 100 % here")


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("size", [0, 1, 16_384, 65_535, 3_000_000])
def test_a_message_of_any_size_is_answered(size: int, waits: bool) -> None:
    message = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    with serving({"/p/Back": Handler(backwards, waits)}) as address:
        assert call(address, "/p/Back", message) == message[::-1]


@pytest.mark.parametrize("waits", [True, False])
def test_a_failure_and_an_unknown_method_are_reported_to_the_caller(waits: bool) -> None:
    with serving({"/p/Fail": Handler(failing, waits)}) as address:
        with pytest.raises(grpc.RpcError) as failed:
            call(address, "/p/Fail")
        with pytest.raises(grpc.RpcError) as unknown:
            call(address, "/p/Other")
    errors = [(one.value.code().name, one.value.details()) for one in (failed, unknown)]
    assert errors == [
        ("UNKNOWN", "ValueError: there is no 100 % here"),
        ("UNIMPLEMENTED", "The provider has no method /p/Other."),
    ]


def test_compressed_or_oversized_messages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LARGEST_MESSAGE", 100_000)
    with serving({"/p/Back": Handler(backwards, blocks=False)}) as address:
        with pytest.raises(grpc.RpcError) as compressed:
            call(address, "/p/Back", b"a" * 10_000, grpc.Compression.Gzip)
        with pytest.raises(grpc.RpcError) as large:
            call(address, "/p/Back", b"a" * 200_000)
        assert call(address, "/p/Back", b"ab") == b"ba"
    assert [one.value.code().name for one in (compressed, large)] == ["INTERNAL", "RESOURCE_EXHAUSTED"]


def test_a_client_of_another_protocol_is_disconnected() -> None:
    with serving({}) as address, socket.create_connection(tuple(address.split(":")), 30) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while caller.recv(4096):
            pass


@dataclass
class Making:
    """An answer that waits until it may `go`; what has been made is noted."""

    go: threading.Event = field(default_factory=threading.Event)
    made: list[bytes] = field(default_factory=list)

    def make(self, message: bytes, _peer: str) -> bytes:
        assert self.go.wait(30)
        self.made.append(message)
        return message

    def served(self) -> AbstractContextManager[str]:
        """The address of a server that makes one thing at a time."""
        answers = {"/p/Make": Handler(self.make, blocks=True), "/p/Back": Handler(backwards, blocks=False)}
        return serving(answers, threads=1)


@dataclass
class Caller:
    """One connection, whose frames go out in the order in which they were ordered."""

    address: str
    http: H2Connection = field(default_factory=H2Connection)

    def __enter__(self) -> Self:
        self.socket = socket.create_connection(tuple(self.address.split(":")), 30)
        self.http.initiate_connection()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, stream: int, path: str, message: bytes) -> None:
        head = {":method": "POST", ":scheme": "http", ":authority": "local", ":path": path}
        self.http.send_headers(stream, head.items())
        self.http.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)

    def cancel(self, stream: int) -> None:
        self.http.reset_stream(stream)

    def wait(self, stream: int) -> None:
        """Sends what was ordered and reads until a call has its answer."""
        ended: set[int | None] = set()
        while stream not in ended:
            self.socket.sendall(self.http.data_to_send())
            events = self.http.receive_data(self.socket.recv(65536))
            ended |= {event.stream_id for event in events if isinstance(event, StreamEnded)}


@pytest.mark.parametrize("path", ["/p/Back", "/p/Make", "/p/Other"])
def test_a_call_cancelled_at_once_disturbs_no_other(path: str) -> None:
    making = Making()
    making.go.set()
    with making.served() as address, Caller(address) as caller:
        caller.ask(1, path, b"ab")
        caller.cancel(1)
        caller.ask(3, "/p/Back", b"ab")
        caller.wait(3)


def test_a_call_cancelled_while_it_waits_is_not_started() -> None:
    making = Making()
    with making.served() as address, Caller(address) as caller:
        caller.ask(1, "/p/Make", b"first")
        caller.ask(3, "/p/Make", b"second")
        caller.cancel(3)
        caller.ask(5, "/p/Back", b"ab")
        caller.wait(5)
        making.go.set()
        caller.wait(1)
    assert making.made == [b"first"]


def test_a_waiting_call_is_dropped_when_its_client_leaves() -> None:
    """A killed Terraform's next run looks at what it made: nothing may come after."""
    making = Making()
    with making.served() as address:
        with Caller(address) as caller:
            caller.ask(1, "/p/Make", b"first")
            caller.ask(3, "/p/Make", b"second")
            caller.ask(5, "/p/Back", b"ab")
            caller.wait(5)
        assert call(address, "/p/Back", b"ab") == b"ba"  # so the server has seen the other one's end
        making.go.set()
    assert making.made == [b"first"]
