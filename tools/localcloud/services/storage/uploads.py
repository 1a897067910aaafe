"""Uploads in one request (`uploadType=media` and `multipart`), and the start of `resumable` ones.

Source: cloud.google.com/storage/docs/uploads-downloads, …/json_api/v1/objects/insert.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

from localcloud.engine import multipart
from localcloud.engine.exchange import Content, Reply
from localcloud.engine.service import Call
from localcloud.services.storage import checksums, creation, joining, keys, refusals, resumable, rows
from localcloud.services.storage.creation import UNTYPED, Sent
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.rows import Bucket

_PIECE = 1 << 20


def insert(call: Call) -> Reply:
    """storage.objects.insert; with an upload_id, the next chunk of a resumable upload (gcsfs posts these)"""
    if not call.upload:
        raise refusals.invalid("Objects are inserted by POST /upload/storage/v1/b/BUCKET/o with the content as body.")
    if "upload_id" in call.params:
        return resumable.resume(call)
    kind = call.params.get("uploadType", "media")
    if kind == "resumable":
        return resumable.begin(call)
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    if kind == "multipart":
        return _multipart(call, bucket)
    if kind != "media":
        raise refusals.invalid(f"Invalid value '{kind}' for uploadType: media, multipart and resumable are valid.")
    content = call.content or Content(UNTYPED, 0, b"")
    fields = {"contentType": content.type or UNTYPED, "contentEncoding": call.headers.get("content-encoding")}
    sent = keys.with_key(fields, call.headers)
    sums = checksums.of_content(call, content)
    return creation.finish(call, bucket, sent, Data(content.size, sums), content.path or content.read())


def is_media(query: Mapping[str, str]) -> bool:
    """Whether the request body is just an object's content; its Content-Encoding is then the object's."""
    return "upload_id" not in query and query.get("uploadType", "media") == "media"


def _multipart(call: Call, bucket: Bucket) -> Reply:
    content = call.content
    if content is None:
        raise refusals.invalid("A multipart upload needs a body of two parts: the object's metadata and its content.")
    if content.path is not None:
        return _large_multipart(call, bucket, content.type, content.path)
    body = content.data or b""
    sent, part = _two_parts(call, body, content.type)
    data = body[part.start : part.end]
    return creation.finish(call, bucket, sent, Data(len(data), checksums.of_bytes(data)), data)


def _large_multipart(call: Call, bucket: Bucket, content_type: str, path: Path) -> Reply:
    def read() -> tuple[Sent, int, checksums.Checksums, Path]:
        target = call.cloud.store.spool()
        with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as body:
            sent, part = _two_parts(call, body, content_type)
            starts = range(part.start, part.end, _PIECE)
            with target.open("wb") as copy:
                pieces = (body[start : min(start + _PIECE, part.end)] for start in starts)
                sums = checksums.of_pieces(joining.written(pieces, copy))
            return sent, part.end - part.start, sums, target

    sent, size, sums, target = call.beside("parts", path.stat().st_size, read)
    try:
        return creation.finish(call, bucket, sent, Data(size, sums), target)
    finally:
        target.unlink(missing_ok=True)


def _two_parts(call: Call, body: multipart.Searchable, content_type: str) -> tuple[Sent, multipart.Part]:
    parts = list(islice(multipart.parts(body, multipart.boundary(content_type)), 3))
    if len(parts) != 2:
        many = "more" if len(parts) > 2 else str(len(parts))
        raise refusals.invalid(f"A multipart upload has two parts, metadata and content; this one has {many}.")
    first, second = parts
    creation.check_metadata_size(first.end - first.start)
    sent = creation.metadata(call, body[first.start : first.end])
    declared = second.headers.get("content-type")
    if declared and not sent.get("contentType"):
        sent["contentType"] = declared
    return sent, second
