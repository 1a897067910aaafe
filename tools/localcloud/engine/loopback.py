"""Requests to addresses that users name: only this machine, and the services that run on it, are reached."""

from __future__ import annotations

import http.client
import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Addresses

_MOST = 1 << 20


class LoopbackAnswer(NamedTuple):
    """An HTTP status and the beginning of the body; 503 and 504 with a `problem` when there was no answer."""

    status: int
    body: bytes = b""
    problem: str = ""


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


def ask(verb: str, where: str, headers: Mapping[str, str], body: bytes, patience: float) -> LoopbackAnswer:
    """The response of an address on this machine. Blocks. No redirect is followed."""
    parts = urlsplit(where)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(str(parts.hostname), parts.port, timeout=patience)
    except (ValueError, http.client.HTTPException) as problem:
        return LoopbackAnswer(503, problem=f"The target cannot be reached: {problem}")
    try:
        connection.request(verb, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, dict(headers))
        response = connection.getresponse()
        return LoopbackAnswer(response.status, response.read(_MOST))
    except TimeoutError:
        return LoopbackAnswer(504, problem="The target did not answer in time.")
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return LoopbackAnswer(503, problem=f"The target cannot be reached: {problem}")
    finally:
        connection.close()
