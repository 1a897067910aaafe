"""Object versions: a new one becomes live; the old one becomes noncurrent, soft-deleted, or is removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Call
from localcloud.engine.store import Store
from localcloud.services.storage import (
    access,
    acl_entries,
    announcing,
    folder_rows,
    guards,
    keys,
    names,
    object_fields,
    refusals,
    rows,
)
from localcloud.services.storage.announcing import ARCHIVE, DELETE, FINALIZE
from localcloud.services.storage.checksums import Checksums
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.preconditions import Preconditions
from localcloud.services.storage.rows import LIVE, NONCURRENT, SOFT_DELETED, Bucket, ObjectVersion
from localcloud.services.storage.times import from_micros, micros, rfc3339
from localcloud.spec import json_text


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A new live version before it is written.

    `sent` holds the caller's fields of the resource. The content is bytes, a file to move in, or, for a copy, the name of
    a kept file to share.
    """

    bucket: Bucket
    name: str
    sent: Mapping[str, Any]
    data: Data
    content: bytes | Path | str


def check_placeable(call: Call, bucket: Bucket, name: str, conditions: Preconditions) -> ObjectVersion | None:
    """The newest version of an object that the caller may overwrite; refuses what prevents a new live version."""
    names.check_object_name(name)
    if bucket.hierarchical:
        names.check_name_in_folders(name)
    access.require(call, bucket, "storage.objects.create", name)
    newest = rows.newest(call.cloud.store, bucket.name, name)
    if newest is None or newest.state != LIVE:
        conditions.check_write()
        return newest
    access.require(call, bucket, "storage.objects.delete", name)
    conditions.check_write(newest.generation, newest.metageneration)
    guards.check_removal(newest, bucket, call.cloud.clock.now(), archiving=bucket.versioned)
    return newest


def place(call: Call, draft: NewVersion, conditions: Preconditions) -> ObjectVersion:
    """Writes a new live version; the previous one becomes noncurrent or is deleted."""
    bucket, store, now = draft.bucket, call.cloud.store, call.cloud.clock.now()
    newest = check_placeable(call, bucket, draft.name, conditions)
    generation = micros(now)
    if newest is not None:
        generation = max(generation, newest.generation + 1)
        if newest.state == LIVE:
            retire(store, bucket, newest, now)
            announcing.happened(call.cloud, bucket, newest, ARCHIVE if bucket.versioned else DELETE)
    resource = _resource(draft, generation, now)
    content = draft.content if isinstance(draft.content, str) else store.keep(draft.content)
    blob, data = (content, None) if isinstance(content, str) else (None, content)
    row = ObjectVersion(
        id=0,
        bucket=bucket.name,
        name=draft.name,
        generation=generation,
        metageneration=1,
        state=LIVE,
        retained_from=micros(now),
        expires=None,
        size=draft.data.size,
        facts=json_text.write(resource),
        blob=blob,
    )
    rows.insert(store, row, data)
    if newest is not None:
        rows.release(store, newest)
    if bucket.hierarchical:
        folder_rows.ensure(store, bucket.name, draft.name, micros(now))
    if not bucket.uniform:
        acl_entries.write_new(call, bucket, draft.name, draft.sent)
    announcing.happened(call.cloud, bucket, row, FINALIZE)
    return row


def _resource(draft: NewVersion, generation: int, now: datetime) -> dict[str, Any]:
    bucket = draft.bucket
    sent = _with_defaults(bucket, draft.sent)
    resource = object_fields.created((bucket.name, draft.name), sent, draft.data, generation, now)
    if "retention" in resource and "objectRetention" not in bucket.facts:
        raise refusals.no_object_retention(bucket.name)
    return resource


def _with_defaults(bucket: Bucket, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    added: dict[str, Any] = {}
    if not sent.get("storageClass"):
        added["storageClass"] = bucket.facts["storageClass"]
    if bucket.event_hold and sent.get("eventBasedHold") is None:
        added["eventBasedHold"] = True
    return {**sent, **added}


def retire(store: Store, bucket: Bucket, row: ObjectVersion, now: datetime) -> None:
    """Replaces a live version according to the bucket's versioning."""
    if not bucket.versioned:
        discard(store, bucket, row, now)
        return
    resource = row.resource
    resource["timeDeleted"] = rfc3339(now)
    rows.update(store, row._replace(state=NONCURRENT, facts=json_text.write(resource)))


def discard(store: Store, bucket: Bucket, row: ObjectVersion, now: datetime) -> None:
    """Removes a version; under a soft delete policy it can be restored for some time."""
    if not bucket.soft_delete_seconds:
        rows.remove(store, row)
        return
    end = now + timedelta(seconds=bucket.soft_delete_seconds)
    resource = row.resource
    resource["softDeleteTime"] = rfc3339(now)
    resource["hardDeleteTime"] = rfc3339(end)
    rows.update(store, row._replace(state=SOFT_DELETED, expires=micros(end), facts=json_text.write(resource)))


def find(store: Store, bucket: Bucket, name: str, generation: int | None, *, data: bool = False) -> ObjectVersion:
    """The live version, or the live or noncurrent one of that generation; 404 otherwise. `data` is as in `rows.live`."""
    if generation is None:
        row = rows.live(store, bucket.name, name, data=data)
    else:
        row = rows.version(store, bucket.name, name, generation)
    if row is None or row.state == SOFT_DELETED:
        raise refusals.no_object(bucket.name, name, generation)
    return row


def find_deleted(store: Store, bucket: Bucket, name: str, generation: int, now: datetime) -> ObjectVersion:
    """The soft-deleted version of that generation, if its retention is not over; 404 otherwise."""
    row = rows.version(store, bucket.name, name, generation)
    if row is None or row.state != SOFT_DELETED or from_micros(row.expires or 0) <= now:
        raise refusals.no_object(bucket.name, name, generation)
    return row


def delete(cloud: Cloud, bucket: Bucket, row: ObjectVersion, *, pinned: bool) -> None:
    """Deletes an unprotected version: permanently if `pinned` to its generation, else according to the bucket's versioning."""
    now = cloud.clock.now()
    guards.check_removal(row, bucket, now, archiving=bucket.versioned and not pinned)
    (discard if pinned else retire)(cloud.store, bucket, row, now)
    announcing.happened(cloud, bucket, row, ARCHIVE if bucket.versioned and not pinned else DELETE)
    rows.release(cloud.store, row)


def copied(store: Store, row: ObjectVersion, bucket: Bucket, name: str, sent: Mapping[str, Any]) -> NewVersion:
    """A new version with the content of an existing one; its metadata too, unless other metadata is `sent`."""
    resource = row.resource
    sums = Checksums(resource["crc32c"], resource.get("md5Hash"))
    content: bytes | str = row.blob if row.blob is not None else rows.small_content(store, row)
    if not any(sent.get(field) is not None for field in object_fields.WRITABLE):
        sent = {**{field: resource[field] for field in object_fields.COPIED if field in resource}, **sent}
    if keys.FIELD in resource:
        sent = {**sent, keys.FIELD: resource[keys.FIELD]}
    return NewVersion(bucket, name, sent, Data(row.size, sums, resource.get("componentCount")), content)
