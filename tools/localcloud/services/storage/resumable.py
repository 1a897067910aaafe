"""Resumable uploads: a session, its pieces, questions how far it came, its end or cancellation.

A session lasts until it is finished or cancelled, or its bucket goes; what it was answered to have received is on disk. Source:
cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, replace
from typing import Any

from localcloud.engine.exchange import Content, Reply
from localcloud.engine.service import Call
from localcloud.engine.store import Store
from localcloud.services.storage import (
    checksums,
    creation,
    lifecycle,
    preconditions,
    ranges,
    refusals,
    rows,
    versions,
)
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.ranges import Piece

_QUANTUM = 256 * 1024
_OPEN, _DONE, _CANCELLED = 0, 1, 2
_KEPT_HEADERS = ("x-goog-hash", "content-md5", "x-goog-encryption-algorithm")


@dataclass(frozen=True, slots=True)
class Session:
    """An upload that is under way: the request that began it, and the file that grows."""

    id: str
    bucket: str
    request: dict[str, Any]
    received: int
    blob: str
    state: int
    answer: str | None


def begin(call: Call) -> Reply:
    """Opens a session; its address is the answer's Location."""
    bucket = lifecycle.current(call.cloud, call.params["bucket"])
    sent = creation.metadata(call, call.content.read()) if call.content else {}
    name = creation.name_of(call.params, sent)
    creation.check_request(call, bucket, sent)
    versions.check_placeable(call, bucket, name, preconditions.of(call.params))
    declared = call.headers.get("x-upload-content-type")
    if not sent.get("contentType"):
        sent["contentType"] = declared or creation.UNTYPED
    request = {
        "params": {key: value for key, value in call.params.items() if key != "bucket"} | {"name": name},
        "sent": sent,
        "headers": {key: call.headers[key] for key in _KEPT_HEADERS if key in call.headers},
        "principal": call.principal,
    }
    session = uuid.uuid4().hex
    blob = f"upload-{session}"
    call.cloud.store.blob(blob).touch()
    call.cloud.store.sql(
        "INSERT INTO storage_uploads VALUES (?, ?, ?, 0, ?, ?, NULL)",
        session, bucket.name, json.dumps(request), blob, _OPEN,
    )  # fmt: skip
    location = f"{call.base}/{call.http_path}?uploadType=resumable&upload_id={session}"
    return Reply(200, b"", {"location": location, "x-guploader-uploadid": session})


def resume(call: Call) -> Reply:
    """Takes the next piece of a session (PUT; gcsfs sends POST), or says how far it has come."""
    store = call.cloud.store
    session = _session(store, call.params["upload_id"])
    content = call.content or Content("", 0, b"")
    piece = ranges.sent(call.headers.get("content-range"), content.size)
    if session.state == _CANCELLED:
        raise refusals.cancelled_upload()
    if session.state == _DONE:
        return Reply(200, session.answer or "{}")
    if piece.start is not None:
        session = _append(store, session, piece, content)
    if piece.total is not None and session.received >= piece.total:
        return _finish(call, session, piece.total)
    return _incomplete(call, session)


def cancel(call: Call) -> Reply:
    """Ends a session without an object (DELETE); 499 is success here."""
    session = _session(call.cloud.store, call.params["upload_id"])
    if session.state == _OPEN:
        call.cloud.store.sql("UPDATE storage_uploads SET state = ? WHERE id = ?", _CANCELLED, session.id)
        call.cloud.store.drop(session.blob)
    return Reply(499, b"")


def _session(store: Store, upload: str) -> Session:
    row = store.row(
        "SELECT id, bucket, request, received, blob, state, answer FROM storage_uploads WHERE id = ?", upload
    )
    if row is None:
        raise refusals.no_upload()
    return Session(row[0], row[1], json.loads(row[2]), *row[3:])


def _append(store: Store, session: Session, piece: Piece, content: Content) -> Session:
    start = piece.start or 0
    if start > session.received:
        raise refusals.upload_gap(session.received, start)
    last = piece.total is not None and start + piece.length >= piece.total
    usable = piece.length if last else (start + piece.length) // _QUANTUM * _QUANTUM - start
    skipped = session.received - start
    if usable <= skipped:
        return session
    _write(store, session, content, skipped, usable - skipped)
    received = start + usable
    store.sql("UPDATE storage_uploads SET received = ? WHERE id = ?", received, session.id)
    return replace(session, received=received)


def _write(store: Store, session: Session, content: Content, skip: int, length: int) -> None:
    """Appends to the session's file, synced; what a lost transaction left behind the counted end is overwritten."""
    with store.blob(session.blob).open("r+b") as stream:
        stream.truncate(session.received)
        stream.seek(session.received)
        for chunk in content.chunks():
            wanted = chunk[skip : skip + length]
            skip = max(0, skip - len(chunk))
            length -= len(wanted)
            stream.write(wanted)
        stream.flush()
        os.fsync(stream.fileno())


def _incomplete(call: Call, session: Session) -> Reply:
    headers = {"x-guploader-uploadid": session.id}
    if session.received:
        headers["range"] = f"bytes=0-{session.received - 1}"
    if call.headers.get("x-guploader-no-308") == "yes":
        # Go's clients take a 308 for a redirect and ask for it in a header instead.
        return Reply(200, b"", {"x-http-status-code-override": "308", **headers})
    return Reply(308, b"", headers)


def _finish(call: Call, session: Session, total: int) -> Reply:
    if session.received > total:
        raise refusals.invalid(
            f"The upload has received {session.received} bytes already, more than the {total} declared."
        )
    store, request = call.cloud.store, session.request
    begun = replace(
        call,
        params={**request["params"], "bucket": session.bucket},
        principal=request["principal"],
        headers={**request["headers"], **{key: call.headers[key] for key in _KEPT_HEADERS if key in call.headers}},
    )
    # The session keeps its own name for the file until the object is on disk: a lost commit loses nothing.
    target = store.spool()
    target.hardlink_to(store.blob(session.blob))
    try:
        sums = checksums.of_pieces(Content("", total, None, target).chunks())
        reply = creation.finish(begun, rows.bucket(store, session.bucket), request["sent"], Data(total, sums), target)
    finally:
        target.unlink(missing_ok=True)
    answer = reply.body if isinstance(reply.body, str) else ""
    store.sql(
        "UPDATE storage_uploads SET state = ?, answer = ?, request = '{}' WHERE id = ?", _DONE, answer, session.id
    )
    store.drop(session.blob)
    return reply
