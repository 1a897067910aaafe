"""The object resource as pure functions: server-assigned fields, changes, and the rendered form.

Source: cloud.google.com/storage/docs/json_api/v1/objects.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from localcloud.engine.service import Body
from localcloud.services.storage import limits, refusals
from localcloud.services.storage.bucket_fields import STORAGE_CLASSES, merged, varint
from localcloud.services.storage.checksums import Checksums
from localcloud.services.storage.times import parsed, rfc3339
from localcloud.spec import json_text

_PLAIN = re.compile(r"[\w.~/-]*", re.ASCII)  # most names are, and a list has a thousand of them
_TEXTS = ("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType", "customTime")
_HOLDS = ("temporaryHold", "eventBasedHold")
WRITABLE = (*_TEXTS, "metadata", "contexts", *_HOLDS, "retention")
"""Fields of an object that a caller decides, also after its creation."""
COPIED = (*_TEXTS, "metadata", "contexts")
"""Fields that a copy takes over from its source; holds and retention stay behind."""


@dataclass(frozen=True, slots=True)
class Data:
    """The content fields of an object resource: size in bytes, checksums, and the number of composed parts."""

    size: int
    checksums: Checksums
    components: int | None = None


def created(place: tuple[str, str], sent: Mapping[str, Any], data: Data, generation: int, now: datetime) -> Body:
    """A new object in (bucket, name), with the caller's fields in `sent`."""
    bucket, name = place
    stamp = rfc3339(now)
    body: Body = {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "name": name,
        "bucket": bucket,
        "generation": str(generation),
        "metageneration": "1",
        "storageClass": sent.get("storageClass") or "STANDARD",
        "size": str(data.size),
        "crc32c": data.checksums.crc32c,
        "etag": etag(generation, 1),
        "timeCreated": stamp,
        "updated": stamp,
        "timeStorageClassUpdated": stamp,
        "timeFinalized": stamp,
    }
    if data.checksums.md5 is not None:
        body["md5Hash"] = data.checksums.md5
    if data.components is not None:
        body["componentCount"] = data.components
    for field in (*WRITABLE, "customerEncryption"):
        value = sent.get(field)
        if isinstance(value, dict):
            value = merged({}, value)
        if value not in (None, {}):
            body[field] = value
    _check(body, now)
    return body


def _check(body: Body, now: datetime) -> None:
    limits.check_object(body)
    if body["storageClass"] not in STORAGE_CLASSES:
        raise refusals.invalid(f"Invalid argument. '{body['storageClass']}' is not a storage class.")
    if "customTime" in body:
        parsed(body["customTime"])
    if "retention" in body:
        check_retention({}, body["retention"], now, override=False)


def patched(old: Body, changes: Mapping[str, Any], now: datetime, *, override_retention: bool) -> Body:
    """The object after a PATCH: objects merge, null removes."""
    new = merged(old, {field: changes[field] for field in WRITABLE if field in changes})
    return _next(old, new, now, override_retention=override_retention)


def replaced(old: Body, body: Mapping[str, Any], now: datetime, *, override_retention: bool) -> Body:
    """The object after a PUT: omitted fields are removed, server-assigned ones stay."""
    new = {field: value for field, value in old.items() if field not in WRITABLE}
    new |= merged({}, {field: body[field] for field in WRITABLE if field in body})
    return _next(old, new, now, override_retention=override_retention)


def _next(old: Body, new: Body, now: datetime, *, override_retention: bool) -> Body:
    for field in ("metadata", "contexts", "retention"):
        if not new.get(field):
            new.pop(field, None)
    limits.check_object(new)
    before, after = (parsed(one["customTime"]) if one.get("customTime") is not None else None for one in (old, new))
    if before is not None and (after is None or after < before):
        raise refusals.invalid("Custom time cannot be removed or set to an earlier time.")
    check_retention(old.get("retention", {}), new.get("retention", {}), now, override=override_retention)
    metageneration = int(old["metageneration"]) + 1
    new["metageneration"] = str(metageneration)
    new["etag"] = etag(int(new["generation"]), metageneration)
    new["updated"] = rfc3339(now)
    return new


def check_retention(old: Mapping[str, Any], new: Mapping[str, Any], now: datetime, *, override: bool) -> None:
    """Refuses a retention that is malformed, in the past, or shorter than one that is locked or not overridden."""
    if new == old:
        return
    if new and (new.get("mode") not in {"Locked", "Unlocked"} or "retainUntilTime" not in new):
        raise refusals.invalid("A retention needs the mode Locked or Unlocked and a retainUntilTime.")
    if new and parsed(new["retainUntilTime"]) <= now:
        raise refusals.invalid("Retention retainUntilTime must be in the future.")
    if not old:
        return
    shorter = not new or parsed(new["retainUntilTime"]) < parsed(old["retainUntilTime"])
    if old["mode"] == "Locked" and (shorter or new["mode"] != "Locked"):
        raise refusals.forbidden("The retention of this object is locked and cannot be shortened, removed or unlocked.")
    if old["mode"] == "Unlocked" and shorter and not override:
        raise refusals.forbidden(
            "The retention of this object can be shortened or removed only with overrideUnlockedRetention=true."
        )


def etag(generation: int, metageneration: int) -> str:
    """An object's etag: both generations encoded as a protocol buffer, like Google's."""
    return base64.b64encode(b"\x08" + varint(generation) + b"\x10" + varint(metageneration)).decode()


def in_path(name: str) -> str:
    """An object name escaped as a path segment."""
    return name.replace("/", "%2F") if _PLAIN.fullmatch(name) else quote(name, safe="")


def shown(facts: str, base: str, place: tuple[str, str], generation: int, more: Body | None = None) -> str:
    """The stored resource with its links and any `more` fields, as JSON text."""
    path = f"{place[0]}/o/{in_path(place[1])}"
    extra = "" if not more else "," + json_text.write(more)[1:-1]
    return (
        f'{facts[:-1]},"selfLink":"{base}/storage/v1/b/{path}",'
        f'"mediaLink":"{base}/download/storage/v1/b/{path}?generation={generation}&alt=media"{extra}}}'
    )
