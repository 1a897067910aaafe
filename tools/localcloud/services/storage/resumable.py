"""Resumable uploads: starting a session, sending chunks, querying its progress, finishing or cancelling it.

What it was answered to have received is on disk. Source: cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import os

from localcloud.engine.exchange import Content, Reply
from localcloud.engine.service import Call
from localcloud.services.storage import (
    checksums,
    creation,
    keys,
    preconditions,
    ranges,
    refusals,
    rows,
    sessions,
    versions,
)
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.ranges import Piece
from localcloud.services.storage.sessions import UploadSession

_QUANTUM = 256 * 1024
_KEPT_HEADERS = ("x-goog-hash", "content-md5")


def begin(call: Call) -> Reply:
    """Starts a session; its URL is the answer's Location."""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    creation.check_metadata_size(call.content.size if call.content else 0)
    sent = creation.metadata(call, call.content.read() if call.content else b"")
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
    session = sessions.begin(call.cloud, bucket.name, request)
    location = f"{call.base}/{call.http_path}?uploadType=resumable&upload_id={session}"
    return Reply(200, b"", {"location": location, "x-guploader-uploadid": session})


def resume(call: Call) -> Reply:
    """Receives the next chunk of a session (PUT; gcsfs sends POST), or reports its progress."""
    store = call.cloud.store
    session = sessions.find(call.cloud, call.params["upload_id"])
    content = call.content or Content("", 0, b"")
    piece = ranges.sent(call.headers.get("content-range"), content.size)
    if session.state == sessions.CANCELLED:
        raise refusals.cancelled_upload()
    if session.state == sessions.DONE:
        return Reply(200, session.answer or "{}")
    keys.check_same(session.request["sent"], call.headers)
    skipped, length = _usable(session, piece)
    whole = session.received + length
    if piece.total is None or whole < piece.total:
        return _incomplete(call, sessions.append(store, session, content, skipped, length) if length else session)
    if whole > piece.total:
        raise refusals.invalid(
            f"The upload has received {session.received} bytes already, more than the {piece.total} declared."
        )
    pieces = sessions.pieces(store, session, content, skipped, length)
    sums = call.beside(f"{session.id} from {session.received}", whole, lambda: checksums.of_pieces(pieces))
    if length:
        session = sessions.append(store, session, content, skipped, length)
    return _finish(call, session, Data(whole, sums))


def cancel(call: Call) -> Reply:
    """Cancels a session (DELETE); 499 is success here."""
    session = sessions.find(call.cloud, call.params["upload_id"])
    if session.state == sessions.OPEN:
        sessions.cancel(call.cloud.store, session)
    return Reply(499, b"")


def _usable(session: UploadSession, piece: Piece) -> tuple[int, int]:
    """How much of a piece was received before, and how many bytes after that are taken: whole quanta unless it is the last."""
    start = piece.start
    if start is None:
        return 0, 0
    if start > session.received:
        raise refusals.upload_gap(session.received, start)
    last = piece.total is not None and start + piece.length >= piece.total
    usable = piece.length if last else (start + piece.length) // _QUANTUM * _QUANTUM - start
    skipped = session.received - start
    return skipped, max(0, usable - skipped)


def _incomplete(call: Call, session: UploadSession) -> Reply:
    headers = {"x-guploader-uploadid": session.id}
    if session.received:
        headers["range"] = f"bytes=0-{session.received - 1}"
    if call.headers.get("x-guploader-no-308") == "yes":
        # Go's clients take a 308 for a redirect and ask for it in a header instead.
        return Reply(200, b"", {"x-http-status-code-override": "308", **headers})
    return Reply(308, b"", headers)


def _finish(call: Call, session: UploadSession, data: Data) -> Reply:
    store, request = call.cloud.store, session.request
    now = {key: value for key, value in call.headers.items() if key in _KEPT_HEADERS or key.startswith(keys.OWN)}
    begun = call._replace(
        params={**request["params"], "bucket": session.bucket},
        principal=request["principal"],
        headers={**request["headers"], **now},
    )
    # The session keeps its own name for the file until the object is on disk: a lost commit loses nothing.
    target = store.spool()
    if data.size:
        target.hardlink_to(sessions.whole(store, session))
        os.truncate(target, data.size)  # a lost transaction may have left more
    else:
        target.touch()
    try:
        reply = creation.finish(begun, rows.bucket(store, session.bucket), request["sent"], data, target)
    finally:
        target.unlink(missing_ok=True)
    sessions.finish(store, session, reply.body if isinstance(reply.body, str) else "")
    return reply
