"""Reads request bodies: small ones into memory, larger ones into a file, and those only from callers who may send them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from localcloud import errors
from localcloud.engine.dispatch import Dispatcher, Outcome, Request
from localcloud.engine.exchange import Content
from localcloud.engine.router import Target
from localcloud.server.wire import Message

Receive = Callable[[], Awaitable[Message]]

IN_MEMORY = 1 << 20
# The limit of most of Google's APIs, with their message.
_LARGEST = 10 << 20
_OVERRIDE = "x-http-method-override"
_FORM = "application/x-www-form-urlencoded"


class Disconnected(Exception):
    """The client disconnected before its request was complete."""


class Unwelcome(Exception):
    """The body was refused before it was read completely; `outcome` is the answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


async def read(dispatcher: Dispatcher, request: Request, receive: Receive) -> Content | None:
    """The body of a request, None for an empty one. Raises Disconnected, Unwelcome, and OSError when the disk refuses it."""
    message = await _next(receive)
    data: bytes = message.get("body", b"")
    kind = request.headers.get("content-type", "")
    if not message.get("more_body"):
        return Content(kind, len(data), data) if data else None
    pieces = bytearray(data)
    while len(pieces) <= IN_MEMORY and message.get("more_body"):
        message = await _next(receive)
        pieces += message.get("body", b"")
    if not message.get("more_body"):
        return Content(kind, len(pieces), bytes(pieces))
    most = limit(dispatcher, request)
    path = dispatcher.cloud.store.spool()
    try:
        return Content(kind, await _spooled(path, pieces, receive, most), None, path)
    except BodyTooLarge as problem:
        path.unlink(missing_ok=True)
        raise Unwelcome(dispatcher.failed(problem, None)) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def overridden(request: Request) -> Request:
    """Resolves a POST that stands for another verb, as clients send it past firewalls and limits on URLs.

    A GET carries its query in the body. Source: googleapiclient.http.HttpRequest.execute.
    """
    if request.verb != "POST" or _OVERRIDE not in request.headers:
        return request
    verb, content = request.headers[_OVERRIDE].upper(), request.content
    if verb != "GET" or content is None or not content.type.startswith(_FORM):
        return request._replace(verb=verb)
    queries = (request.query, content.read().decode("latin-1"))
    return request._replace(verb=verb, query="&".join(filter(None, queries)), content=None)


class BodyTooLarge(errors.CloudError):
    """400: the body has more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(400, "INVALID_ARGUMENT", f"Request payload size exceeds the limit: {most} bytes.")


def limit(dispatcher: Dispatcher, request: Request) -> int | None:
    """The maximum size of a request's body; None for any size. Raises Unwelcome for callers who may not send one."""
    target: Target | None = None
    request = overridden(request)
    try:
        target = dispatcher.target(request)
        refusal = dispatcher.announced(request, target)
        most = _most(request, target)
    except Exception as problem:
        refusal = dispatcher.failed(problem, target)
    if refusal is not None:
        raise Unwelcome(refusal)
    return most


def _most(request: Request, target: Target) -> int | None:
    if target.method.id in target.service.streams:
        return None
    most = _LARGEST if "authorization" in request.headers else IN_MEMORY
    declared = request.headers.get("content-length", "")
    if most == IN_MEMORY or (declared.isdecimal() and int(declared[:20]) > most):
        raise BodyTooLarge(most)
    return most


async def _spooled(path: Path, begun: bytearray, receive: Receive, most: int | None) -> int:
    size, more = len(begun), True
    with path.open("wb") as stream:
        stream.write(begun)
        while more:
            message = await _next(receive)
            size += stream.write(message.get("body", b""))
            more = message.get("more_body", False)
            if most is not None and size > most:
                raise BodyTooLarge(most)
    return size


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    return message
