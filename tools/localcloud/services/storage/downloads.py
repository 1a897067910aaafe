"""Downloads: object content, whole or in ranges, with the headers that clients check.

Source: cloud.google.com/storage/docs/request-endpoints, …/xml-api/get-object-download.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from localcloud.engine import gunzip
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.services.storage import checksums, keys, ranges, rows
from localcloud.services.storage.checksums import Checksums
from localcloud.services.storage.rows import ObjectVersion
from localcloud.services.storage.times import http_date, parsed

_SHOWN = {
    "contentEncoding": "content-encoding",
    "contentDisposition": "content-disposition",
    "contentLanguage": "content-language",
}


def reply(call: Call, row: ObjectVersion, *, quoted: bool) -> Reply:
    """The content that a request asks for; `quoted` etags are MD5 sums, as in the XML API."""
    key = keys.check(row, call.headers)
    resource = row.resource
    headers = _headers(row, resource, key, quoted=quoted)
    content = rows.content(call.cloud.store, row)
    if resource.get("contentEncoding") == "gzip" and _is_to_be_unpacked(call, resource):
        pieces = _unpacked(content)
        if pieces is not None:
            del headers["content-encoding"]
            headers |= {"accept-ranges": "none", "warning": "214 UploadServer gunzipped"}
            return Reply(200, None, headers, pieces=pieces)
    part = ranges.requested(call.headers.get("range"), row.size)
    if part is None:
        return (
            Reply(200, content, headers)
            if isinstance(content, bytes)
            else Reply(200, None, headers, (content, 0, row.size))
        )
    headers["content-range"] = part.content_range(row.size)
    if isinstance(content, bytes):
        return Reply(206, content[part.start : part.start + part.length], headers)
    return Reply(206, None, headers, (content, part.start, part.length))


def _is_to_be_unpacked(call: Call, resource: dict[str, Any]) -> bool:
    """Whether to decompress gzip content: for clients that do not accept gzip, unless the object forbids it. Ranges are ignored then.

    Source: cloud.google.com/storage/docs/transcoding.
    """
    return "gzip" not in call.headers.get("accept-encoding", "") and "no-transform" not in resource.get(
        "cacheControl", ""
    )


def _unpacked(content: bytes | Path) -> Iterator[bytes] | None:
    """The content unpacked; None if it is not gzip."""
    pieces = gunzip.pieces(content)
    try:
        first = next(pieces, b"")
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return None  # it only says that it is gzip, and goes out as it lies
    return chain((first,), pieces)


def head(row: ObjectVersion) -> Reply:
    """The headers of a download."""
    headers = _headers(row, row.resource, keys.needed(row), quoted=True)
    return Reply(200, b"", headers | {"content-length": str(row.size)})


def _headers(row: ObjectVersion, resource: dict[str, Any], key: str | None, *, quoted: bool) -> dict[str, str]:
    crc32c, md5 = resource["crc32c"], resource.get("md5Hash")
    etag = f'"{Checksums(crc32c, md5).hexadecimal}"' if quoted else resource["etag"]
    encoding = resource.get("contentEncoding", "identity")
    headers = {
        "content-type": resource.get("contentType", "application/octet-stream"),
        "accept-ranges": "bytes",
        "cache-control": resource.get("cacheControl", "private, max-age=0, no-transform"),
        "etag": etag,
        "last-modified": _modified(resource["updated"][:19]),
        "x-goog-generation": str(row.generation),
        "x-goog-metageneration": str(row.metageneration),
        "x-goog-hash": checksums.header(crc32c, md5),
        "x-goog-storage-class": resource["storageClass"],
        "x-goog-stored-content-encoding": encoding,
        "x-goog-stored-content-length": str(row.size),
    }
    if key is not None:
        headers |= keys.headers(key)
    for field, name in _SHOWN.items():
        if field in resource:
            headers[name] = resource[field]
    return headers


@lru_cache(maxsize=1024)
def _modified(second: str) -> str:
    return http_date(parsed(second))
