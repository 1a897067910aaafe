"""Decompresses bodies sent with `Content-Encoding: gzip`, piece by piece and within the usual limits."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

from localcloud.engine import gunzip
from localcloud.engine.dispatch import Dispatcher, Request
from localcloud.engine.exchange import Content
from localcloud.errors import CloudError, invalid
from localcloud.server import bodies

_GZIP = {"gzip", "x-gzip"}
_NONE = {"", "identity"}


async def unpacked(dispatcher: Dispatcher, request: Request) -> Request:
    """The request with its body decompressed, unless the encoding belongs to the object itself.

    A spooled body is unpacked to another file. Raises Unwelcome, and OSError on a disk error.
    """
    content, encoding = request.content, request.headers.get("content-encoding", "").strip().lower()
    if content is None or encoding in _NONE or _is_kept(dispatcher, request):
        return request
    try:
        if encoding not in _GZIP:
            raise invalid(f"Unsupported content encoding '{encoding}': gzip is the only one that is unpacked.")
        plain = await _plain(dispatcher, request, content)
    except CloudError as problem:
        raise bodies.Unwelcome(dispatcher.failed(problem, None)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        text = "The request's body is not the gzip that its Content-Encoding says."
        raise bodies.Unwelcome(dispatcher.failed(invalid(text), None)) from None
    finally:
        if content.path is not None:
            content.path.unlink(missing_ok=True)
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return request._replace(content=plain, headers=headers)


def _is_kept(dispatcher: Dispatcher, request: Request) -> bool:
    try:
        target = dispatcher.target(request)
    except CloudError:
        return True  # it is refused anyhow
    keeps = target.service.encoded.get(target.method.id)
    return keeps is not None and keeps({name: values[0] for name, values in parse_qs(request.query).items()})


async def _plain(dispatcher: Dispatcher, request: Request, content: Content) -> Content:
    pieces = gunzip.pieces(content.path or content.data or b"")
    begun = bytearray()
    for piece in pieces:
        begun += piece
        if len(begun) > bodies.IN_MEMORY:
            break
    else:
        return Content(content.type, len(begun), bytes(begun))
    most = bodies.limit(dispatcher, request._replace(content=None))
    path = dispatcher.cloud.store.spool()
    try:
        return Content(content.type, await _spooled(path, begun, pieces, most), None, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _spooled(path: Path, begun: bytearray, pieces: Iterator[bytes], most: int | None) -> int:
    size = len(begun)
    with path.open("wb") as stream:
        stream.write(begun)
        for piece in pieces:
            size += stream.write(piece)
            if most is not None and size > most:
                raise bodies.BodyTooLarge(most)
            await asyncio.sleep(0)  # others have their turn
    return size
