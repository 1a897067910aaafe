"""The tables of buckets, objects and upload sessions, and their queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from localcloud.engine.interfaces import Buckets
from localcloud.engine.store import Store, file_pieces
from localcloud.services.storage import refusals
from localcloud.spec import json_text

LIVE, NONCURRENT, SOFT_DELETED = 0, 1, 2
_API, _BUCKET = "storage", "bucket"

TABLES = """
CREATE TABLE IF NOT EXISTS storage_buckets (
  name TEXT PRIMARY KEY, project TEXT NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_buckets_listed ON storage_buckets (project, name);
CREATE TABLE IF NOT EXISTS storage_objects (
  id INTEGER PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL,
  metageneration INTEGER NOT NULL, state INTEGER NOT NULL, retained_from INTEGER NOT NULL, expires INTEGER,
  size INTEGER NOT NULL, facts TEXT NOT NULL, blob TEXT, data BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS storage_objects_versions ON storage_objects (bucket, name, generation);
CREATE UNIQUE INDEX IF NOT EXISTS storage_objects_live ON storage_objects (bucket, name) WHERE state = 0;
CREATE INDEX IF NOT EXISTS storage_objects_blobs ON storage_objects (blob) WHERE blob IS NOT NULL;
CREATE TABLE IF NOT EXISTS storage_sessions (
  id TEXT PRIMARY KEY, bucket TEXT NOT NULL, begun INTEGER NOT NULL, request TEXT NOT NULL, received INTEGER NOT NULL,
  blob TEXT NOT NULL, state INTEGER NOT NULL, answer TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_sessions_begun ON storage_sessions (begun);
CREATE TABLE IF NOT EXISTS storage_multiparts (
  id TEXT PRIMARY KEY, bucket TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL, begun INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS storage_multiparts_listed ON storage_multiparts (bucket);
CREATE TABLE IF NOT EXISTS storage_parts (
  upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, blob TEXT, data BLOB,
  PRIMARY KEY (upload, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS storage_folders (
  bucket TEXT NOT NULL, managed INTEGER NOT NULL, name TEXT NOT NULL, metageneration INTEGER NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, PRIMARY KEY (bucket, managed, name)) WITHOUT ROWID;
-- Earlier local clouds did not know when a session began.
CREATE TABLE IF NOT EXISTS storage_uploads (
  id TEXT PRIMARY KEY, bucket TEXT, request TEXT, received INTEGER, blob TEXT, state INTEGER, answer TEXT) WITHOUT ROWID;
INSERT INTO storage_sessions SELECT id, bucket, strftime('%s', 'now') * 1000000, request, received, blob, state, answer
  FROM storage_uploads;
DROP TABLE storage_uploads;
-- Earlier local clouds had no queue for the rounds over buckets.
INSERT OR IGNORE INTO due SELECT 'storage', 'lifecycle round', name, 0 FROM storage_buckets;
-- Earlier local clouds kept what access control lists grant as a policy of the bucket's objects.
UPDATE OR IGNORE policies SET service = 'storage lists', resource = rtrim(resource, 'objects') || 'defaultObjectAcl'
  WHERE service = 'storage' AND resource GLOB 'projects/_/buckets/*/objects';
"""
_COLUMNS = "id, bucket, name, generation, metageneration, state, retained_from, expires, size, facts, blob"
_LIVE = (
    "SELECT id, generation, metageneration, retained_from, size, facts, blob FROM storage_objects "
    "WHERE bucket = ? AND name = ? AND state = 0"
)
_LIVE_WITH_DATA = _LIVE.replace("blob FROM", "blob, data FROM")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket with the fields that its rules need; `facts` is the whole resource and must not be changed in place."""

    name: str
    project: str
    facts: dict[str, Any]
    uniform: bool
    versioned: bool
    soft_delete_seconds: int
    retention_seconds: int
    event_hold: bool
    private: bool
    hierarchical: bool


class ObjectVersion(NamedTuple):
    """One version of an object; times in microseconds, `facts` is its resource as JSON text.

    `expires` is when a soft-deleted version goes for good, `retained_from` when its bucket's retention began to count.
    `data` is the content if it was read along.
    """

    id: int
    bucket: str
    name: str
    generation: int
    metageneration: int
    state: int
    retained_from: int
    expires: int | None
    size: int
    facts: str
    blob: str | None
    data: bytes | None = None

    @property
    def resource(self) -> dict[str, Any]:
        """The resource as a new dictionary."""
        parsed: dict[str, Any] = json_text.written(self.facts)
        return parsed


@lru_cache(maxsize=512)
def _bucket(name: str, project: str, facts: str) -> Bucket:
    body = json.loads(facts)
    return Bucket(
        name=name,
        project=project,
        facts=body,
        uniform=body["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"],
        versioned=body.get("versioning", {}).get("enabled", False),
        soft_delete_seconds=int(body["softDeletePolicy"]["retentionDurationSeconds"]),
        retention_seconds=int(body.get("retentionPolicy", {}).get("retentionPeriod", 0)),
        event_hold=body.get("defaultEventBasedHold", False),
        private=body["iamConfiguration"]["publicAccessPrevention"] == "enforced",
        hierarchical=body.get("hierarchicalNamespace", {}).get("enabled", False),
    )


def as_bucket(facts: dict[str, Any], project: str) -> Bucket:
    """A bucket from its stored resource."""
    return _bucket(facts["name"], project, json_text.write(facts))


def find_bucket(store: Store, name: str) -> Bucket | None:
    """The bucket of that name, None when there is none."""
    return store.derived.of(_API, (_BUCKET, name), lambda: _read_bucket(store, name))


def _read_bucket(store: Store, name: str) -> Bucket | None:
    row = store.row("SELECT name, project, facts FROM storage_buckets WHERE name = ?", name)
    return None if row is None else _bucket(*row)


def bucket(store: Store, name: str) -> Bucket:
    """The bucket of that name; 404 when there is none."""
    row = find_bucket(store, name)
    if row is None:
        raise refusals.no_bucket()
    return row


def offered(store: Store) -> Buckets:
    """Buckets as other services see them."""

    def owner(name: str) -> str:
        found = find_bucket(store, name)
        return found.project if found else ""

    def sizes(project: str, most: int) -> Iterator[tuple[str, int, float]]:
        for one in buckets(store, project, "", "", most):
            count, size = store.sql("SELECT count(*), total(size) FROM storage_objects WHERE bucket = ?", one.name)[0]
            yield one.name, count, size

    return Buckets(owner, sizes)


def buckets(store: Store, project: str, prefix: str, after: str, limit: int) -> list[Bucket]:
    """A project's buckets whose names start with `prefix` and come after `after`, in order of names."""
    cursor = store.sql(
        "SELECT name, project, facts FROM storage_buckets WHERE project = ? AND name > ? AND substr(name, 1, ?) = ? "
        "ORDER BY name LIMIT ?",
        project, after, len(prefix), prefix, limit,
    )  # fmt: skip
    return [_bucket(*row) for row in cursor]


def add_bucket(store: Store, project: str, facts: dict[str, Any]) -> Bucket:
    text = json_text.write(facts)
    store.writes[_API] += 1
    store.sql("INSERT INTO storage_buckets (name, project, facts) VALUES (?, ?, ?)", facts["name"], project, text)
    return _bucket(facts["name"], project, text)


def change_bucket(store: Store, old: Bucket, facts: dict[str, Any]) -> Bucket:
    """Replaces a bucket's resource."""
    text = json_text.write(facts)
    store.writes[_API] += 1
    store.sql("UPDATE storage_buckets SET facts = ? WHERE name = ?", text, old.name)
    return _bucket(old.name, old.project, text)


def live(store: Store, bucket_name: str, name: str, *, data: bool = False) -> ObjectVersion | None:
    """The live version of an object; with `data`, small content is included."""
    row = store.row(_LIVE_WITH_DATA if data else _LIVE, bucket_name, name)
    if row is None:
        return None
    id_, generation, metageneration, retained_from, *rest = row
    return ObjectVersion(id_, bucket_name, name, generation, metageneration, LIVE, retained_from, None, *rest)


def version(store: Store, bucket_name: str, name: str, generation: int) -> ObjectVersion | None:
    """One version of an object, whatever its state."""
    row = store.row(
        f"SELECT {_COLUMNS} FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?",  # noqa: S608
        bucket_name, name, generation,
    )  # fmt: skip
    return None if row is None else ObjectVersion(*row)


def newest(store: Store, bucket_name: str, name: str) -> ObjectVersion | None:
    """The version with the highest generation; a live version always is the newest one."""
    row = store.row(
        f"SELECT {_COLUMNS} FROM storage_objects WHERE bucket = ? AND name = ? ORDER BY generation DESC LIMIT 1",  # noqa: S608
        bucket_name, name,
    )  # fmt: skip
    return None if row is None else ObjectVersion(*row)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a bucket's object names: from (name, generation) up to the name `end`, in one of the states."""

    bucket: str
    name: str
    generation: int
    end: str | None
    states: tuple[int, ...]


def stretch(store: Store, span: Span, limit: int) -> list[ObjectVersion]:
    """Object versions in order of name and generation."""
    # One state is written out, so that the index of live objects can be used.
    states = "state = 0" if span.states == (LIVE,) else f"state IN ({', '.join(map(str, span.states))})"
    end = "" if span.end is None else "AND name < ? "
    params = [span.bucket, span.name, span.name, span.generation, *([] if span.end is None else [span.end]), limit]
    cursor = store.sql(
        f"SELECT {_COLUMNS} FROM storage_objects WHERE bucket = ? AND name >= ? "  # noqa: S608
        f"AND (name > ? OR generation >= ?) {end}AND {states} ORDER BY name, generation LIMIT ?",
        *params,
    )
    return [ObjectVersion(*row) for row in cursor]


def count_newer(store: Store, row: ObjectVersion) -> int:
    """How many live or noncurrent versions of the same object are newer than this one."""
    count: int = store.row(
        "SELECT count(*) FROM storage_objects WHERE bucket = ? AND name = ? AND generation > ? AND state IN (0, 1)",
        row.bucket, row.name, row.generation,
    )[0]  # fmt: skip
    return count


def has_objects(store: Store, bucket_name: str) -> bool:
    """Whether the bucket holds live or noncurrent objects."""
    return bool(store.row("SELECT 1 FROM storage_objects WHERE bucket = ? AND state IN (0, 1) LIMIT 1", bucket_name))


def insert(store: Store, row: ObjectVersion, data: bytes | None) -> None:
    """Adds a version; `row.id` is ignored, the content is `data` or the file `row.blob`."""
    store.sql(
        "INSERT INTO storage_objects (bucket, name, generation, metageneration, state, retained_from, expires, size, "
        "facts, blob, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.bucket, row.name, row.generation, row.metageneration, row.state, row.retained_from, row.expires, row.size,
        row.facts, row.blob, data,
    )  # fmt: skip


def update(store: Store, row: ObjectVersion) -> None:
    """Replaces everything of a version but its identity and content."""
    store.sql(
        "UPDATE storage_objects SET metageneration = ?, state = ?, retained_from = ?, expires = ?, facts = ? WHERE id = ?",
        row.metageneration, row.state, row.retained_from, row.expires, row.facts, row.id,
    )  # fmt: skip


def remove(store: Store, row: ObjectVersion) -> None:
    """Removes a version permanently; `release` its file when all changes are made."""
    store.sql("DELETE FROM storage_objects WHERE id = ?", row.id)


def release(store: Store, row: ObjectVersion) -> None:
    """Deletes the file of a removed version, unless another version uses it; copies share files."""
    if row.blob and store.row("SELECT 1 FROM storage_objects WHERE blob = ? LIMIT 1", row.blob) is None:
        store.drop(row.blob)


def remove_bucket(store: Store, name: str) -> None:
    """Removes a bucket with its soft-deleted objects and unfinished uploads."""
    for row in stretch(store, Span(name, "", 0, None, (SOFT_DELETED,)), -1):
        remove(store, row)
        release(store, row)
    for (blob,) in store.sql("DELETE FROM storage_sessions WHERE bucket = ? RETURNING blob", name):
        store.drop(blob)
    forget_multiparts(store, name)
    store.sql("DELETE FROM storage_folders WHERE bucket = ?", name)
    store.writes[_API] += 1
    store.sql("DELETE FROM storage_buckets WHERE name = ?", name)


def forget_multiparts(store: Store, bucket_name: str, over: Callable[[int, str], bool] = lambda *_: True) -> None:
    """Removes the bucket's unfinished uploads in parts that are `over` by when they began and what they would become."""
    uploads = store.sql("SELECT id, begun, name FROM storage_multiparts WHERE bucket = ?", bucket_name)
    for upload in [upload for upload, begun, name in uploads if over(begun, name)]:
        forget_parts(store, upload)
        store.sql("DELETE FROM storage_multiparts WHERE id = ?", upload)


def forget_parts(store: Store, upload: str, number: int | None = None) -> None:
    """Removes the parts of an upload, or one of them."""
    gone = store.sql(
        "DELETE FROM storage_parts WHERE upload = ? AND (? IS NULL OR number = ?) RETURNING blob",
        upload,
        number,
        number,
    )
    for (blob,) in gone:
        if blob is not None:
            store.drop(blob)


def rename_objects(store: Store, bucket_name: str, new: str) -> None:
    """Moves all versions of objects in a bucket to another bucket name."""
    store.sql("UPDATE storage_objects SET bucket = ? WHERE bucket = ?", new, bucket_name)


def rename(store: Store, row: ObjectVersion, name: str) -> None:
    """Renames a version of an object within its bucket."""
    resource = row.resource | {"name": name, "id": f"{row.bucket}/{name}/{row.generation}"}
    facts = json_text.write(resource)
    store.sql("UPDATE storage_objects SET name = ?, facts = ? WHERE id = ?", name, facts, row.id)


def purge(store: Store, bucket_name: str, now: int) -> None:
    """Removes the soft-deleted objects whose retention is over."""
    versions = store.sql(
        f"SELECT {_COLUMNS} FROM storage_objects WHERE bucket = ? AND state = 2 AND expires <= ?",  # noqa: S608
        bucket_name, now,
    )  # fmt: skip
    for row in (ObjectVersion(*values) for values in versions):
        remove(store, row)
        release(store, row)


def sizes(store: Store) -> Iterator[tuple[str, str, int]]:
    """Bucket, storage class and bytes of everything stored, including soft-deleted objects."""
    return iter(
        store.sql(
            "SELECT bucket, json_extract(facts, '$.storageClass'), sum(size) FROM storage_objects GROUP BY 1, 2 ORDER BY 1, 2"
        )
    )


def small_content(store: Store, row: ObjectVersion) -> bytes:
    """The content of a version that is stored in its row."""
    if row.data is not None:
        return row.data
    data: bytes = store.row("SELECT data FROM storage_objects WHERE id = ?", row.id)[0]
    return data


def content(store: Store, row: ObjectVersion) -> bytes | Path:
    """The content of a version: bytes, or the file that holds it."""
    return store.body(row.blob, row.size) if row.blob is not None else small_content(store, row)


def pieces(store: Store, row: ObjectVersion) -> Iterator[bytes]:
    """The content of a version in chunks of at most 1 MiB."""
    stored = content(store, row)
    return iter((stored,)) if isinstance(stored, bytes) else file_pieces(stored)
