"""The methods of objects that transfer no data: get, list, patch, update, delete and restore.

Source: cloud.google.com/storage/docs/json_api/v1/objects.
"""

from __future__ import annotations

from typing import Any

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.errors import CloudError
from localcloud.services.storage import (
    access,
    acl_entries,
    announcing,
    answers,
    downloads,
    folder_rows,
    listing,
    object_fields,
    preconditions,
    refusals,
    rows,
    versions,
)
from localcloud.services.storage.preconditions import Preconditions
from localcloud.services.storage.rows import SOFT_DELETED, Bucket, ObjectVersion
from localcloud.services.storage.times import micros
from localcloud.spec import json_text

_NO_CONTENT = Reply(status=204)


def get(call: Call) -> Reply:
    """storage.objects.get, with `alt=media` the content"""
    params = call.params
    bucket = rows.bucket(call.cloud.store, params["bucket"])
    name = params["object"]
    access.require(call, bucket, "storage.objects.get", name)
    row = _wanted(call, bucket, name)
    condition = preconditions.of(params).check_read(row.generation, row.metageneration)
    if not (preconditions.check_etag(call.headers, lambda: _etag(row)) and condition):
        return Reply(status=304, headers={"etag": _etag(row)})
    if params.get("alt") == "media":
        return downloads.reply(call, row, quoted=False)
    return answers.object_reply(call, bucket, row)


def _etag(row: ObjectVersion) -> str:
    return object_fields.etag(row.generation, row.metageneration)


def _wanted(call: Call, bucket: Bucket, name: str) -> ObjectVersion:
    generation = call.params.get("generation")
    if call.params.get("softDeleted"):
        if generation is None:
            raise refusals.no_object(bucket.name, name)
        return versions.find_deleted(call.cloud.store, bucket, name, generation, call.cloud.clock.now())
    return readable(call, bucket, name, generation, data=call.params.get("alt") == "media")


def readable(call: Call, bucket: Bucket, name: str, generation: int | None, *, data: bool) -> ObjectVersion:
    """A version that the caller may read; only callers who may list the bucket get a 404."""
    try:
        return versions.find(call.cloud.store, bucket, name, generation, data=data)
    except CloudError:
        access.require_below(call, bucket, "storage.objects.list", name)
        raise


def list_(call: Call) -> Reply:
    """storage.objects.list"""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    access.require_below(call, bucket, "storage.objects.list", call.params.get("prefix", ""))
    store, now = call.cloud.store, micros(call.cloud.clock.now())
    query = listing.query(bucket.name, call.params)
    stretch = (
        folder_rows.stretch if call.params.get("includeFoldersAsPrefixes") and query.delimiter == "/" else rows.stretch
    )
    page = listing.page(
        query,
        lambda span, limit: stretch(store, span, limit),
        lambda row: row.state != SOFT_DELETED or (row.expires or 0) > now,
    )
    parts = ['"kind":"storage#objects"']
    if page.token is not None:
        parts.append(f'"nextPageToken":"{page.token}"')
    if page.prefixes:
        parts.append(f'"prefixes":{json_text.write(page.prefixes)}')
    if page.rows:
        parts.append(f'"items":[{",".join(answers.object_texts(call, bucket, page.rows))}]')
    return answers.text_reply(f"{{{','.join(parts)}}}")


def patch(call: Call) -> Reply:
    """storage.objects.patch"""
    return _change(call, whole=False)


def update(call: Call) -> Reply:
    """storage.objects.update"""
    return _change(call, whole=True)


def _change(call: Call, *, whole: bool) -> Reply:
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    name = call.params["object"]
    access.require(call, bucket, "storage.objects.update", name)
    if bucket.uniform and (call.body.get("acl") or call.params.get("predefinedAcl")):
        raise refusals.acl_write("object")
    row = versions.find(call.cloud.store, bucket, name, call.params.get("generation"))
    preconditions.of(call.params).check_write(row.generation, row.metageneration)
    change = object_fields.replaced if whole else object_fields.patched
    old, now = row.resource, call.cloud.clock.now()
    _check_retention_allowed(call, bucket, old)
    new = change(old, call.body, now, override_retention=_overriding(call, bucket, name))
    released = old.get("eventBasedHold") and not new.get("eventBasedHold")
    changed = row._replace(
        metageneration=row.metageneration + 1,
        retained_from=micros(now) if released else row.retained_from,
        facts=json_text.write(new),
    )
    rows.update(call.cloud.store, changed)
    announcing.happened(call.cloud, bucket, changed, announcing.UPDATE)
    _write_list(call, bucket, name)
    return answers.object_reply(call, bucket, changed)


def _write_list(call: Call, bucket: Bucket, name: str) -> None:
    """The access control list that the request sends, or names among the predefined ones; the caller stays its owner."""
    entries = acl_entries.asked(call, bucket, call.body)
    if entries is not None:
        access.require(call, bucket, "storage.objects.setIamPolicy", name)
        acl_entries.write_object(call, bucket, name, [*entries, *acl_entries.maker(call)])


def _check_retention_allowed(call: Call, bucket: Bucket, old: dict[str, Any]) -> None:
    retention = call.body.get("retention")
    if not retention or retention == old.get("retention"):
        return
    access.require(call, bucket, "storage.objects.setRetention", call.params["object"])
    if "objectRetention" not in bucket.facts:
        raise refusals.no_object_retention(bucket.name)


def _overriding(call: Call, bucket: Bucket, name: str) -> bool:
    if not call.params.get("overrideUnlockedRetention"):
        return False
    access.require(call, bucket, "storage.objects.overrideUnlockedRetention", name)
    return True


def delete(call: Call) -> Reply:
    """storage.objects.delete"""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    delete_one(call, bucket, call.params["object"], call.params.get("generation"), preconditions.of(call.params))
    return _NO_CONTENT


def delete_one(call: Call, bucket: Bucket, name: str, generation: int | None, conditions: Preconditions) -> None:
    """Deletes the live version of an object, which versioning keeps as noncurrent, or one version permanently."""
    access.require(call, bucket, "storage.objects.delete", name)
    row = versions.find(call.cloud.store, bucket, name, generation)
    conditions.check_write(row.generation, row.metageneration)
    versions.delete(call.cloud, bucket, row, pinned=generation is not None)


def restore(call: Call) -> Reply:
    """storage.objects.restore: the soft-deleted version stays, a copy of it becomes the live one"""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    name = call.params["object"]
    access.require(call, bucket, "storage.objects.restore", name)
    row = versions.find_deleted(call.cloud.store, bucket, name, call.params["generation"], call.cloud.clock.now())
    restored = versions.place(
        call, versions.copied(call.cloud.store, row, bucket, name, {}), preconditions.of(call.params)
    )
    return answers.object_reply(call, bucket, restored)
