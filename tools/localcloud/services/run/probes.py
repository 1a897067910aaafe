"""Startup and liveness probes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from localcloud.engine.service import Body

_BETWEEN, _MOST_BETWEEN, _LATER = 0.02, 0.5, 0.02
_GREETED_WITHIN = 5.0
# A server of HTTP/2 answers this at once. Source: RFC 9113, section 3.4: the preface, and settings, of which there are none.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
Knock = Callable[[], Awaitable[bool]]


def knock(probe: Body, address: tuple[str, int], h2c: bool) -> Knock:
    """What asks once whether a container answers, by the probe that a template names.

    A published port takes connections before anything listens behind it, and drops them: a connection proves nothing, so that a
    TCP probe asks for an answer in HTTP here, and of a port that speaks only HTTP/2 for one in that.
    """
    patience = float(probe["timeoutSeconds"])
    asked = probe.get("httpGet")

    async def once() -> bool:
        with suppress(OSError, TimeoutError, ValueError, EOFError):
            async with asyncio.timeout(patience):
                if asked is not None:
                    return 200 <= await _status(address, asked["path"], asked.get("httpHeaders", [])) < 400
                return await _greeted(address) if h2c or "grpc" in probe else await _status(address, "/", []) > 0
        return False

    return once


async def until(knock: Knock, probe: Body, ended: Callable[[], bool]) -> int:
    """How often it was asked until it answered; 0 when it ended, or used up what the probe allows.

    What Google asks every few seconds is asked every few milliseconds here, and the seldomer the longer it takes: the time that it may
    take is the same, and nobody waits for a tick.
    """
    allowed = float(probe["periodSeconds"] * probe["failureThreshold"])
    loop = asyncio.get_running_loop()
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    began, times = loop.time(), 0
    stops = began + allowed
    while not ended() and loop.time() < stops:
        times += 1
        if await knock():
            return times
        await asyncio.sleep(min(max(_BETWEEN, _LATER * (loop.time() - began)), _MOST_BETWEEN))
    return 0


async def lost(knock: Knock, probe: Body, ended: Callable[[], bool]) -> bool:
    """Waits until a container no longer answers a liveness probe; False when it ended by itself."""
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    failures = 0
    while not ended():
        failures = 0 if await knock() else failures + 1
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


async def _greeted(address: tuple[str, int]) -> bool:
    """Whether something answers that speaks HTTP/2, or at least answers who does."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(_GREETING)
        async with asyncio.timeout(_GREETED_WITHIN):
            return bool(await reader.read(1))
    finally:
        writer.close()
