"""The XML API for single objects, `/{bucket}/{object}`, which Go's storage client and browsers use.

Source: cloud.google.com/storage/docs/xml-api/reference-methods.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from xml.sax.saxutils import escape

from localcloud.engine.dialect import OLDER
from localcloud.engine.exchange import Content, Reply
from localcloud.engine.service import Call
from localcloud.errors import CloudError
from localcloud.services.storage import (
    access,
    checksums,
    creation,
    downloads,
    keys,
    objects,
    preconditions,
    refusals,
    rows,
    signed,
    versions,
    xml_uploads,
)
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.rows import Bucket, ObjectVersion
from localcloud.services.storage.versions import NewVersion
from localcloud.spec import conformance
from localcloud.spec.discovery import Param, camel

R = TypeVar("R")

_CODES = {
    400: ("InvalidArgument", "Invalid argument."),
    401: ("AccessDenied", "Access denied."),
    403: ("AccessDenied", "Access denied."),
    404: ("NoSuchKey", "The specified key does not exist."),
    409: ("Conflict", "The request conflicts with the state of the resource."),
    412: ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold."),
    416: ("InvalidRange", "The requested range cannot be satisfied."),
    501: ("NotImplemented", "A header or query you provided requested a function that is not implemented."),
}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_GENERATION = Param("generation", "query", "string", "int64")
_CHOSEN = ("content-type", "content-disposition")
"""Headers of a download that its URL may set: response-content-type=text/plain."""
_FIELDS = {
    "content-type": "contentType",
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
    "x-goog-storage-class": "storageClass",
    "x-goog-custom-time": "customTime",
}


def answered(handler: Callable[[Call], R]) -> Callable[[Call], R | Reply]:
    """The handler, with errors rendered as XML."""

    def answer(call: Call) -> R | Reply:
        try:
            return handler(signed.admitted(call))
        except CloudError as problem:
            if problem.code >= 500 and problem.code != 501:
                raise
            return _refusal(problem)

    return answer


def _refusal(problem: CloudError) -> Reply:
    """An error as XML; anonymous callers get a 403 rather than a 401, since browsers use these paths."""
    code, message = _CODES.get(problem.code, _CODES[400])
    if problem.reason[:1].isupper() or "Encryption" in problem.reason:
        # The reasons of other JSON answers are none of the XML API's codes.
        code, message = problem.reason[0].upper() + problem.reason[1:], problem.message
    if problem.message == refusals.no_bucket().message:
        code, message = "NoSuchBucket", problem.message
    details = "" if problem.message == message else f"<Details>{escape(problem.message)}</Details>"
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{escape(message)}</Message>{details}</Error>"
    headers = {"content-type": "application/xml; charset=UTF-8", **problem.headers}
    return Reply(403 if problem.code == 401 else problem.code, text.encode(), headers)


def get(call: Call) -> Reply:
    """The content of an object, or the parts of a multipart upload so far"""
    if "uploadId" in call.params:
        return xml_uploads.list_parts(call)
    row = _found(call)
    if not _conditions(call).check_read(row.generation, row.metageneration):
        return Reply(status=304)
    reply = _shown(row, downloads.reply(call, row, quoted=True))
    chosen = {name: call.params[f"response-{name}"] for name in _CHOSEN if f"response-{name}" in call.params}
    return reply._replace(headers={**reply.headers, **chosen})


def head(call: Call) -> Reply:
    """The headers of an object"""
    row = _found(call)
    keys.check(row, call.headers)
    return _shown(row, downloads.head(row))


def _found(call: Call) -> ObjectVersion:
    bucket, name = rows.bucket(call.cloud.store, call.params["bucket"]), call.params["object"]
    access.require(call, bucket, "storage.objects.get", name)
    return objects.readable(call, bucket, name, _generation(call), data=True)


def _shown(row: ObjectVersion, reply: Reply) -> Reply:
    """The reply with custom metadata; a key that can be no header's name is left out."""
    custom = row.resource.get("metadata", {})
    metadata = {f"x-goog-meta-{key.lower()}": value for key, value in custom.items() if _TOKEN.fullmatch(key)}
    return reply._replace(headers={**reply.headers, **metadata})


def put(call: Call) -> Reply:
    """Creates an object from the body, or stores it as a part of an upload"""
    if "uploadId" in call.params:
        return xml_uploads.put_part(call)
    bucket = _writable(call)
    if "x-goog-copy-source" in call.headers:
        raise refusals.unsupported("copies by XML request; use the JSON API's rewrite")
    content = call.content or Content("", 0, b"")
    sums = checksums.of_content(call, content)
    checksums.check(sums, {}, call.headers)
    draft = NewVersion(
        bucket, call.params["object"], _sent(call), Data(content.size, sums), content.path or content.read()
    )
    row = versions.place(call, draft, _conditions(call))
    return Reply(200, b"", dict(downloads.head(row).headers) | {"content-length": "0"})


def post(call: Call) -> Reply:
    """Starts a multipart upload, or completes one"""
    _writable(call)
    if "uploads" in call.params:
        return xml_uploads.begin(call, _sent(call))
    if "uploadId" in call.params:
        return xml_uploads.complete(call)
    raise refusals.unsupported("HTML form uploads and resumable uploads by XML request; use the JSON API's uploads")


def _writable(call: Call) -> Bucket:
    """The bucket that is written to; refuses headers for what objects there cannot have."""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    creation.check_request(call, bucket, _sent(call))
    return bucket


def _sent(call: Call) -> dict[str, object]:
    sent: dict[str, object] = {"contentType": "application/octet-stream"}
    sent |= {field: _text(call.headers[name]) for name, field in _FIELDS.items() if call.headers.get(name)}
    metadata = {
        name.removeprefix("x-goog-meta-"): _text(value)
        for name, value in call.headers.items()
        if name.startswith("x-goog-meta-")
    }
    if "x-goog-acl" in call.headers:
        sent["predefinedAcl"] = camel(call.headers["x-goog-acl"].replace("-", "_"))
    return keys.with_key({**sent, "metadata": metadata} if metadata else sent, call.headers)


def _text(header: str) -> str:
    """A header as text: UTF-8, which HTTP hands on as it lies."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def delete(call: Call) -> Reply:
    """Deletes an object, or a multipart upload"""
    if "uploadId" in call.params:
        return xml_uploads.abort(call)
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    objects.delete_one(call, bucket, call.params["object"], _generation(call), _conditions(call))
    return Reply(status=204)


def _conditions(call: Call) -> preconditions.Preconditions:
    return preconditions.of_headers(call.headers)


def _generation(call: Call) -> int | None:
    generation = call.params.get("generation")
    return None if generation is None else conformance.typed(_GENERATION, generation, OLDER.mistyped)
