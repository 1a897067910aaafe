"""Requests to addresses that users name: only this machine, and the services that run on it, are reached."""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Addresses

_MOST = 1 << 20
# Whoever chooses headers does not choose where a request ends, and so cannot hide a second one in it.
_FRAMING = frozenset({"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"})
# Targets that never answer must not take the threads that everything else needs.
_threads = ThreadPoolExecutor(64, "loopback")


class LoopbackAnswer(NamedTuple):
    """An HTTP status and the beginning of the body; 503 and 504 with a `problem` when there was no answer."""

    status: int
    body: bytes = b""
    problem: str = ""


_LATE = LoopbackAnswer(504, problem="The target did not answer in time.")


def address(cloud: Cloud, url: str) -> str | None:
    """The address on this machine that a URL means; None for one elsewhere."""
    addresses = cloud.offers.get(Addresses)
    if addresses is not None and (local := addresses.local(url)) is not None:
        return local
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return url
    try:
        return url if ipaddress.ip_address(host).is_loopback else None
    except ValueError:
        return None


async def ask(verb: str, where: str, headers: Mapping[str, str], body: bytes, patience: float) -> LoopbackAnswer:
    """The response of an address on this machine, all of it within so many seconds. No redirect is followed."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, partial(_answer, verb, where, headers, body, patience))


def _answer(verb: str, where: str, headers: Mapping[str, str], body: bytes, patience: float) -> LoopbackAnswer:
    parts = urlsplit(where)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(str(parts.hostname), parts.port, timeout=patience)
    except (ValueError, http.client.HTTPException) as problem:
        return LoopbackAnswer(503, problem=f"The target cannot be reached: {problem}")
    over = threading.Event()
    try:
        connection.connect()
        timer = threading.Timer(patience, _end, (connection.sock, over))  # the connection's timeout is for each piece
        timer.daemon = True
        timer.start()
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            kept = {name: value for name, value in headers.items() if name.lower().strip() not in _FRAMING}
            connection.request(verb, target, body, kept)
            response = connection.getresponse()
            answer = LoopbackAnswer(response.status, response.read(_MOST))
        finally:
            timer.cancel()
        return _LATE if over.is_set() else answer
    except TimeoutError:
        return _LATE
    except (OSError, OverflowError, http.client.HTTPException, ValueError) as problem:
        return _LATE if over.is_set() else LoopbackAnswer(503, problem=f"The target cannot be reached: {problem}")
    finally:
        connection.close()


def _end(connected: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):  # closed meanwhile
        connected.shutdown(socket.SHUT_RDWR)
