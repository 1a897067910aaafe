"""A probe by gRPC asks the container's health service, and believes no other answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from localcloud.services.run import probes

UNKNOWN, SERVING, NOT_SERVING = b"", b"\x08\x01", b"\x08\x02"
ANSWERS = {b"": SERVING, b"\n\x06models": SERVING, b"\n\x05tired": NOT_SERVING, b"\n\x03odd": UNKNOWN}


def check(data: bytes, context: grpc.ServicerContext) -> bytes:
    if data not in ANSWERS:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return ANSWERS[data]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server with a health service."""
    server = grpc.server(ThreadPoolExecutor(2))
    handlers = {"Check": grpc.unary_unary_rpc_method_handler(check)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
    number = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield number
    server.stop(None)


def passes(port: int, service: str = "", seconds: int = 10) -> bool:
    probe = {"timeoutSeconds": seconds, "grpc": {"port": 8080, **({"service": service} if service else {})}}
    return asyncio.run(probes.checker(probe, ("127.0.0.1", port), True)())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service", "healthy"), [("", True), ("models", True), ("tired", False), ("odd", False), ("none", False)]
)
def test_a_probe_passes_if_the_service_says_that_it_serves(service: str, healthy: bool, port: int) -> None:
    assert passes(port, service) is healthy


def test_a_server_without_a_health_service_is_not_healthy() -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    number = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert not passes(number)
    server.stop(None)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"\0" * 40])
def test_whoever_speaks_another_protocol_is_not_healthy(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            taken, _ = listening.accept()
            with taken:
                taken.recv(1 << 16)
                taken.sendall(answer)

        thread = threading.Thread(target=speak)
        thread.start()
        assert not passes(listening.getsockname()[1])
        thread.join()
