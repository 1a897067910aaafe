"""Startup and liveness probes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from localcloud.engine.service import Body

_FIRST_INTERVAL, _LONGEST_INTERVAL, _INTERVAL_SHARE = 0.02, 0.5, 0.02
_GREETING_SECONDS = 5.0
# A server of HTTP/2 answers this at once. Source: RFC 9113, section 3.4: the preface, and settings, of which there are none.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
Check = Callable[[], Awaitable[bool]]


def checker(probe: Body, address: tuple[str, int], h2c: bool) -> Check:
    """A function that probes a container once, as a template's probe says, and returns whether it answered.

    A published port takes connections before anything listens behind it, and drops them: a connection proves nothing, so that a
    TCP probe asks for an answer in HTTP here, and of a port that speaks only HTTP/2 for one in that.
    """
    patience = float(probe["timeoutSeconds"])
    http_get = probe.get("httpGet")

    async def once() -> bool:
        with suppress(OSError, TimeoutError, ValueError, EOFError):
            async with asyncio.timeout(patience):
                if http_get is not None:
                    return 200 <= await _status(address, http_get["path"], http_get.get("httpHeaders", [])) < 400
                if "grpc" in probe:
                    return await _serves(address, probe["grpc"].get("service", ""))
                return await _greeted(address) if h2c else await _status(address, "/", []) > 0
        return False

    return once


def kind(probe: Body) -> str:
    """How a probe asks, as Cloud Run's log says it."""
    return "HTTP" if "httpGet" in probe else "GRPC" if "grpc" in probe else "TCP"


async def until(check: Check, probe: Body, ended: Callable[[], bool]) -> int:
    """The number of checks until one succeeded; 0 if the container ended, or the probe's time ran out.

    Google probes every few seconds; here it is every few milliseconds, less often the longer it takes. The total time allowed
    is the same.
    """
    allowed = float(probe["periodSeconds"] * probe["failureThreshold"])
    loop = asyncio.get_running_loop()
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    began, times = loop.time(), 0
    stops = began + allowed
    while not ended() and loop.time() < stops:
        times += 1
        if await check():
            return times
        await asyncio.sleep(min(max(_FIRST_INTERVAL, _INTERVAL_SHARE * (loop.time() - began)), _LONGEST_INTERVAL))
    return 0


async def lost(check: Check, probe: Body, ended: Callable[[], bool]) -> bool:
    """Waits until a container fails its liveness probe; False if it ended by itself."""
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    failures = 0
    while not ended():
        failures = 0 if await check() else failures + 1
        if failures >= probe["failureThreshold"]:
            return not ended()
        await asyncio.sleep(probe["periodSeconds"])
    return False


async def _status(address: tuple[str, int], path: str, headers: list[Body]) -> int:
    reader, writer = await asyncio.open_connection(*address)
    try:
        more = "".join(f"{one['name']}: {one.get('value', '')}\r\n" for one in headers)
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUser-Agent: Cloud-Run-Probe (local)\r\n{more}"
        )
        writer.write(f"{head}Connection: close\r\n\r\n".encode("latin-1", "replace"))
        await writer.drain()
        line = await reader.readline()
        return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0
    except IndexError:
        return 0
    finally:
        writer.close()


async def _serves(address: tuple[str, int], service: str) -> bool:
    """Whether a container says by gRPC that it serves a service. Raises OSError."""
    from google.protobuf.message import DecodeError
    from h2.exceptions import ProtocolError

    from localcloud.services.run import grpc_health  # loads HTTP/2 and protobuf

    try:
        return await grpc_health.serves(address, service)
    except (ProtocolError, DecodeError):
        return False


async def _greeted(address: tuple[str, int]) -> bool:
    """Whether a server answers an HTTP/2 client."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(_GREETING)
        async with asyncio.timeout(_GREETING_SECONDS):
            return bool(await reader.read(1))
    finally:
        writer.close()
