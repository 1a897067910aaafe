"""Multipart uploads of the XML API: started, filled in any order, completed or aborted.

Source: cloud.google.com/storage/docs/multipart-uploads, …/xml-api/post-object-complete.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from localcloud.engine.exchange import Content, Reply
from localcloud.engine.service import Call
from localcloud.engine.store import Store
from localcloud.errors import CloudError
from localcloud.services.storage import access, checksums, joining, keys, preconditions, rows, versions
from localcloud.services.storage.checksums import Checksums
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.rows import Bucket
from localcloud.services.storage.times import micros
from localcloud.services.storage.versions import NewVersion

_MOST_PARTS = 10_000
_SMALLEST_PART = 5 << 20


@dataclass(frozen=True, slots=True)
class _Part:
    """A stored part; its content is `data`, or the file `blob`."""

    number: int
    etag: str
    size: int
    blob: str | None
    data: bytes | None


def begin(call: Call, sent: Mapping[str, Any]) -> Reply:
    """POST …?uploads: starts an upload of an object with these fields; its id is in the answer."""
    bucket, name = destination(call, "create")
    versions.check_placeable(call, bucket, name, preconditions.NONE)
    upload, now = uuid.uuid4().hex, micros(call.cloud.clock.now())
    call.cloud.store.sql(
        "INSERT INTO storage_multiparts VALUES (?, ?, ?, ?, ?)", upload, bucket.name, name, json.dumps(sent), now
    )
    return _xml(
        "InitiateMultipartUploadResult",
        f"<Bucket>{bucket.name}</Bucket><Key>{escape(name)}</Key><UploadId>{upload}</UploadId>",
    )


def put_part(call: Call) -> Reply:
    """PUT …?partNumber&uploadId: one part; an existing part of that number is replaced."""
    destination(call, "create")
    upload, begun = found(call)
    keys.check_same(begun, call.headers)
    number = str(call.params.get("partNumber", ""))
    if not re.fullmatch(r"\d{1,5}", number) or not 0 < int(number) <= _MOST_PARTS:
        raise _refused("InvalidArgument", f"Part number must be an integer between 1 and {_MOST_PARTS}, inclusive.")
    content = call.content or Content("", 0, b"")
    sums = checksums.of_content(call, content)
    checksums.check(sums, {}, call.headers)
    store = call.cloud.store
    kept = store.keep(content.path or content.read())
    blob, data = (kept, None) if isinstance(kept, str) else (None, kept)
    etag = f'"{sums.hexadecimal}"'
    rows.forget_parts(store, upload, int(number))
    store.sql(
        "INSERT INTO storage_parts VALUES (?, ?, ?, ?, ?, ?)", upload, int(number), etag, content.size, blob, data
    )
    return Reply(200, b"", {"etag": etag, "x-goog-hash": sums.header, "content-length": "0"})


def complete(call: Call) -> Reply:
    """POST …?uploadId: the parts named in the body, in order, become the live version of the object."""
    bucket, name = destination(call, "create")
    upload, sent = found(call)
    store = call.cloud.store
    chosen = _chosen(call, _parts(store, upload))
    size = sum(part.size for part in chosen)
    parts = [part.data or b"" if part.blob is None else store.body(part.blob, part.size) for part in chosen]
    target, sums = joining.joined(call, f"by {[part.etag for part in chosen]}", parts, size)
    try:
        data = Data(size, Checksums(sums.crc32c, None))
        row = versions.place(call, NewVersion(bucket, name, sent, data, target), preconditions.of_headers(call.headers))
    finally:
        target.unlink(missing_ok=True)
    _forget(store, upload)
    etag = f"{sums.hexadecimal}-{len(chosen)}"
    place = f"<Location>{call.base}/{call.http_path}</Location><Bucket>{bucket.name}</Bucket><Key>{escape(name)}</Key>"
    headers = {"x-goog-generation": str(row.generation), "x-goog-hash": data.checksums.header}
    return _xml("CompleteMultipartUploadResult", f'{place}<ETag>"{etag}"</ETag>', headers)


def abort(call: Call) -> Reply:
    """DELETE …?uploadId: removes the upload and its parts"""
    destination(call, "abort")
    _forget(call.cloud.store, found(call)[0])
    return Reply(status=204)


def list_parts(call: Call) -> Reply:
    """GET …?uploadId: the received parts, all in one answer"""
    bucket, name = destination(call, "listParts")
    upload, _ = found(call)
    shown = "".join(
        f"<Part><PartNumber>{part.number}</PartNumber><ETag>{part.etag}</ETag><Size>{part.size}</Size></Part>"
        for part in _parts(call.cloud.store, upload)
    )
    head = f"<Bucket>{bucket.name}</Bucket><Key>{escape(name)}</Key><UploadId>{upload}</UploadId>"
    return _xml("ListPartsResult", f"{head}<IsTruncated>false</IsTruncated>{shown}")


def _forget(store: Store, upload: str) -> None:
    rows.forget_parts(store, upload)
    store.sql("DELETE FROM storage_multiparts WHERE id = ?", upload)


def destination(call: Call, verb: str) -> tuple[Bucket, str]:
    """The bucket and object of a multipart upload; 403 without permission for such uploads."""
    bucket, name = rows.bucket(call.cloud.store, call.params["bucket"]), call.params["object"]
    access.require(call, bucket, f"storage.multipartUploads.{verb}", name)
    return bucket, name


def found(call: Call) -> tuple[str, dict[str, Any]]:
    """The id and the object's fields of the upload that the URL names."""
    upload = str(call.params["uploadId"])
    row = call.cloud.store.row(
        "SELECT request FROM storage_multiparts WHERE id = ? AND bucket = ? AND name = ?",
        upload, call.params["bucket"], call.params["object"],
    )  # fmt: skip
    if row is None:
        message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        raise CloudError(404, "NOT_FOUND", message, "NoSuchUpload")
    return upload, json.loads(row[0])


def _parts(store: Store, upload: str) -> list[_Part]:
    rows = store.sql(
        "SELECT number, etag, size, blob, data FROM storage_parts WHERE upload = ? ORDER BY number", upload
    )
    return [_Part(*row) for row in rows]


def _chosen(call: Call, parts: list[_Part]) -> list[_Part]:
    """The parts that the body of a completion names; 400 when they are not there, not in order or too small."""
    known = {part.number: part for part in parts}
    named_parts = _named(call.content.read() if call.content else b"")
    if [number for number, _ in named_parts] != sorted({number for number, _ in named_parts}):
        raise _refused(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
        )
    for number, etag in named_parts:
        if number not in known or etag.strip('"') != known[number].etag.strip('"'):
            raise _refused("InvalidPart", f"One or more of the specified parts could not be found: part {number}.")
    chosen = [known[number] for number, _ in named_parts]
    for part in chosen[:-1]:
        if part.size < _SMALLEST_PART:
            raise _refused(
                "EntityTooSmall",
                f"Your proposed upload is smaller than the minimum allowed size: part {part.number} has {part.size} bytes, all but the last take {_SMALLEST_PART}.",
            )
    return chosen


def _named(body: bytes) -> list[tuple[int, str]]:
    try:
        tree = ElementTree.fromstring(body)  # noqa: S314 - expat itself stops entities that grow
        named = [(int(part.findtext("{*}PartNumber", "")), part.findtext("{*}ETag", "")) for part in tree]
    except (ElementTree.ParseError, ValueError):
        raise _malformed() from None
    if not named:
        raise _malformed()
    return named


def _malformed() -> CloudError:
    return _refused(
        "MalformedCompleteMultipartUpload",
        "The body must be a CompleteMultipartUpload that names each Part with PartNumber and ETag.",
    )


def _refused(reason: str, message: str) -> CloudError:
    return CloudError(400, "INVALID_ARGUMENT", message, reason)


def _xml(kind: str, inner: str, headers: Mapping[str, str] | None = None) -> Reply:
    text = f"<?xml version='1.0' encoding='UTF-8'?><{kind} xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>{inner}</{kind}>"
    return Reply(200, text.encode(), {"content-type": "application/xml; charset=UTF-8", **(headers or {})})
