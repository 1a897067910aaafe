"""Replies as ASGI messages: lengths, the Date header and compression."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.engine.exchange import Reply

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_PIECE = 1 << 18
_WORTH_COMPRESSING = 1 << 11
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DONE = "content-encoding", "accept-ranges"


class BrokenOff(Exception):
    """An answer cannot be completed; the client must not mistake what it has for the whole."""


class Whole(NamedTuple):
    """An answer whose body is in memory: its status, the names and the values of its headers, and the body.

    No value has a control character.
    """

    status: int
    names: tuple[str, ...]
    values: tuple[str, ...]
    body: bytes


async def send_reply(reply: Reply, send: Send, now: float) -> None:
    """Sends a reply; `now` is the time of its Date header, in seconds since 1970. Raises BrokenOff."""
    status, names, values, body = whole(reply, now)
    headers = list(zip(_lower(names), map(str.encode, values), strict=True))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if reply.file:
        await _stream(_of_file(*reply.file), send)
    elif reply.pieces is not None:
        await _stream(reply.pieces, send)
    else:
        await send({"type": "http.response.body", "body": body})


def whole(reply: Reply, now: float) -> Whole:
    """A reply as it is sent at the time `now`; without its body if that is streamed."""
    body = reply.body if isinstance(reply.body, bytes) else b""
    length = reply.file[2] if reply.file else len(body)
    names, values = (*reply.headers, "date"), (*reply.headers.values(), _date(int(now)))
    if reply.status != 204 and reply.pieces is None and "content-length" not in reply.headers:
        names, values = (*names, "content-length"), (*values, str(length))
    if not "".join(values).isprintable():
        values = tuple(map(_on_one_line, values))
    return Whole(reply.status, names, values, body)


def compressed(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """The reply gzipped, if the request's `headers` accept that and the reply is JSON of some length.

    The content of an object, JSON or not, goes out as it lies: it has Accept-Ranges.
    """
    body = reply.body
    if (
        not isinstance(body, bytes)
        or len(body) < _WORTH_COMPRESSING
        or "gzip" not in headers.get("accept-encoding", "")
    ):
        return reply
    if not reply.headers.get("content-type", "").startswith("application/json") or any(
        name in reply.headers for name in _DONE
    ):
        return reply
    vary = {"vary": f"{reply.headers.get('vary', 'Origin')}, Accept-Encoding", "content-encoding": "gzip"}
    return reply._replace(body=gzip.compress(body, 1, mtime=0), headers={**reply.headers, **vary})


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _on_one_line(text: str) -> str:
    """A header's value from an object's metadata, without control characters."""
    return _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()


@lru_cache(maxsize=512)
def _lower(names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(name.lower().encode("latin-1") for name in names)


async def _stream(pieces: Iterator[bytes], send: Send) -> None:
    try:
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # with a fast reader `send` returns at once, and no other task would get a turn
    except (OSError, EOFError, zlib.error) as problem:
        raise BrokenOff(str(problem)) from problem
    await send({"type": "http.response.body", "body": b""})


def _of_file(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(start)
        while length > 0:
            piece = stream.read(min(length, _PIECE))
            length -= len(piece)
            if not piece:
                raise EOFError(f"{path} ended {length} bytes early.")
            yield piece
