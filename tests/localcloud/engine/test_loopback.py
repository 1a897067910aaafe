"""Requests to this machine: a target that never ends takes no longer than it may, and not the threads of everything else."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from localcloud.engine import loopback


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers byte by byte, until the other side leaves: in a header, or for "/body" in a body."""
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if b"/body" in head else b"X: "))
    with suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)


async def _asked(path: str) -> loopback.LoopbackAnswer:
    server = await asyncio.start_server(_endless, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await loopback.ask("GET", f"http://127.0.0.1:{port}{path}", {}, b"", 0.1)


@pytest.mark.parametrize("path", ["/head", "/body"])
def test_a_target_that_answers_byte_by_byte_is_given_up(path: str) -> None:
    assert asyncio.run(_asked(path)) == (504, b"", "The target did not answer in time.")


def test_what_cannot_be_sent_is_no_failure_of_the_cloud() -> None:
    for where, headers in (
        ("http://127.0.0.1:1/a b", {}),
        ("http://127.0.0.1:-1/", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1:1/", {"a\nb": "c"}),
        ("http://127.0.0.1:1/", {"a": "\u2100"}),
    ):
        assert asyncio.run(loopback.ask("GET", where, headers, b"", 1)).status == 503


def test_no_header_hides_a_second_request() -> None:
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def asked() -> None:
        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        async with server:
            where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            sent = {"Content-Length": "0", "Transfer-Encoding": "chunked", "X-Own": "kept"}
            await loopback.ask("POST", where, sent, b"DELETE / HTTP/1.1\r\n\r\n", 5)

    asyncio.run(asked())
    assert "content-length: 21" in heard[0]
    assert "x-own: kept" in heard[0]
    assert "transfer-encoding" not in heard[0]
