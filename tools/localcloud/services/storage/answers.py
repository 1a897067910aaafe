"""How buckets and objects are rendered in answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.services.storage import acls, bucket_fields, guards, keys, object_fields
from localcloud.services.storage.rows import Bucket, ObjectVersion
from localcloud.services.storage.times import rfc3339
from localcloud.spec import json_text

_IN_FULL = {"patch", "update", "restore"}
_ACLS = ("acl", "defaultObjectAcl")


def bucket(call: Call, row: Bucket) -> dict[str, Any]:
    """A bucket as this call asks for it."""
    shown = bucket_fields.shown(row.facts, call.base)
    return shown | acls.in_bucket(call, row) if _full(call, row) else shown


def _full(call: Call, row: Bucket) -> bool:
    """Whether access control lists are to be shown; they are where access is not uniform.

    Source for what is shown without `projection`: its description in the discovery document.
    """
    if row.uniform:
        return False
    shown = "full" if call.method.verb in _IN_FULL or any(map(call.body.get, _ACLS)) else "noAcl"
    return bool(call.params.get("projection", shown) == "full")


def bucket_reply(call: Call, row: Bucket) -> Reply:
    return Reply(body=bucket(call, row), headers={"etag": row.facts["etag"]})


def object_texts(call: Call, bucket: Bucket, rows: Iterable[ObjectVersion]) -> list[str]:
    """Objects of a bucket as this call asks for them, as JSON texts."""
    full = _full(call, bucket)
    return [_object_text(call, bucket, row, full=full) for row in rows]


def _object_text(call: Call, bucket: Bucket, row: ObjectVersion, *, full: bool) -> str:
    more: dict[str, Any] = {}
    if bucket.retention_seconds or '"retention"' in row.facts:
        until = guards.kept_until(row, row.resource, bucket)
        if until is not None:
            more["retentionExpirationTime"] = rfc3339(until)
    if full:
        more |= acls.in_object(call, bucket, row)
    facts = row.facts
    if (key := keys.needed(row)) is not None and keys.of(call.headers) != key:
        # Who does not have the key learns nothing of the content.
        kept = {field: value for field, value in row.resource.items() if field not in {"crc32c", "md5Hash"}}
        facts = json_text.write(kept)
    return object_fields.shown(facts, call.base, (row.bucket, row.name), row.generation, more)


def object_reply(call: Call, bucket: Bucket, row: ObjectVersion, headers: Mapping[str, str] | None = None) -> Reply:
    etag = {"etag": object_fields.etag(row.generation, row.metageneration)}
    (text,) = object_texts(call, bucket, [row])
    return text_reply(text, etag if headers is None else {**headers, **etag})


def text_reply(text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with JSON text."""
    return Reply(body=text, headers=headers or {})
