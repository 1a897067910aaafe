"""Sessions of resumable uploads: their requests, their growing files, and their expiry after a week.

Source: cloud.google.com/storage/docs/resumable-uploads#session-uris.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Content
from localcloud.engine.store import Store, file_pieces, sync
from localcloud.errors import damaged
from localcloud.services.storage import refusals
from localcloud.services.storage.times import micros

OPEN, DONE, CANCELLED = 0, 1, 2
_LASTS = 7 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An upload in progress: its first request, and the growing file."""

    id: str
    bucket: str
    begun: int
    request: dict[str, Any]
    received: int
    blob: str
    state: int
    answer: str | None


def begin(cloud: Cloud, bucket: str, request: dict[str, Any]) -> str:
    """Starts a session and returns its id. Expired sessions are removed."""
    now = micros(cloud.clock.now())
    forget_over(cloud.store, now)
    session = uuid.uuid4().hex
    cloud.store.sql(
        "INSERT INTO storage_sessions VALUES (?, ?, ?, ?, 0, ?, ?, NULL)",
        session, bucket, now, json.dumps(request), f"upload-{session}", OPEN,
    )  # fmt: skip
    return session


def find(cloud: Cloud, session: str) -> UploadSession:
    """The session of that id; 404 when there is none, 410 when it has expired."""
    row = cloud.store.row(
        "SELECT id, bucket, begun, request, received, blob, state, answer FROM storage_sessions WHERE id = ?", session
    )
    if row is None:
        raise refusals.no_upload()
    if row[2] + _LASTS <= micros(cloud.clock.now()):
        raise refusals.upload_over()
    identity, bucket, begun, request, *rest = row
    return UploadSession(identity, bucket, begun, json.loads(request), *rest)


def forget_over(store: Store, now: int) -> None:
    """Removes expired sessions with the data they received."""
    gone = store.sql("DELETE FROM storage_sessions WHERE begun <= ? RETURNING blob, state", now - _LASTS)
    for blob, state in gone:
        if state == OPEN:
            store.drop(blob)


def cancel(store: Store, session: UploadSession) -> None:
    """Ends a session without an object."""
    store.sql("UPDATE storage_sessions SET state = ? WHERE id = ?", CANCELLED, session.id)
    store.drop(session.blob)


def finish(store: Store, session: UploadSession, answer: str) -> None:
    """Completes a session with an object; its `answer` is repeated to later requests."""
    store.sql(
        "UPDATE storage_sessions SET state = ?, answer = ?, request = '{}' WHERE id = ?", DONE, answer, session.id
    )
    store.drop(session.blob)


def append(store: Store, session: UploadSession, content: Content, skip: int, length: int) -> UploadSession:
    """The session after adding `length` bytes of a body, skipping its first `skip`; they are on disk."""
    path = store.blob(session.blob)
    fresh = not session.received
    if not fresh:
        whole(store, session)
    with path.open("w+b" if fresh else "r+b") as stream:
        # What a lost transaction left behind the counted end is overwritten.
        stream.truncate(session.received)
        stream.seek(session.received)
        for piece in _cut(content.chunks(), skip, length):
            stream.write(piece)
        stream.flush()
        os.fsync(stream.fileno())
    if fresh:
        sync(path.parent)
    received = session.received + length
    store.sql("UPDATE storage_sessions SET received = ? WHERE id = ?", received, session.id)
    return replace(session, received=received)


def pieces(store: Store, session: UploadSession, content: Content, skip: int, length: int) -> Iterator[bytes]:
    """The session's content including `length` more bytes of a body; see append."""
    if session.received:
        yield from _cut(file_pieces(whole(store, session)), 0, session.received)
    yield from _cut(content.chunks(), skip, length)


def _cut(pieces: Iterator[bytes], skip: int, length: int) -> Iterator[bytes]:
    for piece in pieces:
        wanted = piece[skip : skip + length]
        skip = max(0, skip - len(piece))
        length -= len(wanted)
        yield wanted


def whole(store: Store, session: UploadSession) -> Path:
    """The file with the session's content; 400 (FAILED_PRECONDITION) when some of it is missing."""
    path = store.blob(session.blob)
    size_on_disk = path.stat().st_size if path.exists() else 0
    if size_on_disk < session.received:
        raise damaged(
            f"The file {path} of an unfinished upload is damaged: it has {size_on_disk} of {session.received} bytes; start the upload again."
        )
    return path
