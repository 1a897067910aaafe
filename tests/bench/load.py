"""A small HTTP load: a few keep-alive connections, each sending its next request when the last is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True)
class Request:
    """A request; `path` is absolute on the server, `body` is sent as given."""

    verb: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"


@dataclass
class Outcome:
    """The result of a load: elapsed seconds and the number of responses per status."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        return sum(count for status, count in self.statuses.items() if status < 300)

    @property
    def rate(self) -> float:
        """Successful responses per second; a load with any error has no rate."""
        refused = {status: count for status, count in self.statuses.items() if status >= 300}
        if refused or not self.answered:
            raise AssertionError(f"the load was refused: {refused or 'no answer at all'}")
        return self.answered / self.seconds


def encode(request: Request, host: str, token: str) -> bytes:
    """The request as bytes; an empty `token` sends no Authorization header."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    kind = f"Content-Type: {request.content_type}\r\n" if request.body else ""
    head = (
        f"{request.verb} {request.path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{kind}"
        f"Content-Length: {len(request.body)}\r\n\r\n"
    )
    return head.encode() + request.body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    status = int(head[9:12])
    length = 0
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    elif b"transfer-encoding: chunked" in lowered:
        await _chunks(reader)
    if length:
        await reader.readexactly(length)
    return status, b"connection: close" in lowered or head.startswith(b"HTTP/1.0")


async def _chunks(reader: asyncio.StreamReader) -> None:
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


async def _client(base: str, token: str, requests: Iterator[Request], outcome: Outcome) -> None:
    parts = urlsplit(base)
    writer: asyncio.StreamWriter | None = None
    for request in requests:
        if writer is None:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(encode(request, parts.netloc, token))
        status, closed = await _answer(reader)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        if closed:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def _run(base: str, token: str, requests: Iterator[Request], clients: int) -> Outcome:
    outcome = Outcome()
    began = time.perf_counter()
    await asyncio.gather(*(_client(base, token, requests, outcome) for _ in range(clients)))
    outcome.seconds = time.perf_counter() - began
    return outcome


def run(base: str, requests: Iterator[Request], *, token: str = "", clients: int = 8) -> Outcome:
    """Send every request once, shared among `clients` connections, and count the answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(base, token, requests, clients))
