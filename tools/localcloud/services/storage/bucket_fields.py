"""The bucket resource as pure functions: server-assigned fields, changes, and the rendered form.

Sources: cloud.google.com/storage/docs/json_api/v1/buckets and the defaults that the Terraform provider reads back.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from localcloud.engine import labels
from localcloud.engine.service import Body
from localcloud.services.storage import lifecycle_rules, limits, locations, names, refusals
from localcloud.services.storage.times import rfc3339

STORAGE_CLASSES = frozenset(
    {"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"}
)
_SOFT_DELETE_SECONDS = 7 * 24 * 3600
_LONGEST_RETENTION = 100 * 365 * 24 * 3600
_LOCK_AFTER = timedelta(days=90)
_ASSIGNED = frozenset(
    {
        "kind", "id", "selfLink", "projectNumber", "timeCreated", "updated", "generation", "metageneration", "etag",
        "locationType", "owner", "hardDeleteTime", "softDeleteTime", "satisfiesPZI", "satisfiesPZS", "objectRetention",
    }
)  # fmt: skip
_PLACED = ("name", "location", "customPlacementConfig", "hierarchicalNamespace")
_ACLS = ("acl", "defaultObjectAcl")
_ENFORCEMENTS = tuple(
    f"{owner}EncryptionEnforcementConfig" for owner in ("googleManaged", "customerManaged", "customerSupplied")
)


def created(body: Mapping[str, Any], project_number: str, now: datetime, *, object_retention: bool) -> Body:
    """The bucket that an insert creates from the request body."""
    names.check_bucket_name(str(body.get("name") or ""))
    sent = _writable(body)
    stamp = rfc3339(now)
    bucket = {
        "name": sent["name"],
        "projectNumber": project_number,
        "generation": str(int(now.timestamp() * 1_000_000)),
        "metageneration": "1",
        "timeCreated": stamp,
        "updated": stamp,
    }
    sent["location"] = str(sent.get("location") or "US").upper()
    bucket["locationType"] = _location_type(sent)
    sent.setdefault("storageClass", "STANDARD")
    if bucket["locationType"] != "region":
        sent.setdefault("rpo", "DEFAULT")
    sent.setdefault("softDeletePolicy", {"retentionDurationSeconds": str(_SOFT_DELETE_SECONDS)})
    if object_retention:
        bucket["objectRetention"] = {"mode": "Enabled"}
    return settled({}, {**bucket, **sent}, now)


def _location_type(sent: Body) -> str:
    placement = sent.get("customPlacementConfig", {}).get("dataLocations")
    if placement:
        placement = sorted(str(place).upper() for place in placement)
        sent["customPlacementConfig"]["dataLocations"] = placement
        locations.check_pair(sent["location"], placement)
    return locations.kind_of(sent["location"], custom_placement=bool(placement))


def patched(old: Body, changes: Mapping[str, Any], now: datetime) -> Body:
    """The bucket after a PATCH: objects merge, null removes, everything else replaces."""
    _refuse_moves(old, changes)
    writable = {key: value for key, value in changes.items() if key not in _ASSIGNED and key not in _PLACED}
    return _next(old, merged(old, writable), now)


def replaced(old: Body, body: Mapping[str, Any], now: datetime) -> Body:
    """The bucket after a PUT: omitted fields are removed, server-assigned ones stay."""
    _refuse_moves(old, body)
    kept = {key: value for key, value in old.items() if key in _ASSIGNED or key in _PLACED}
    sent = {key: value for key, value in _writable(body).items() if key not in _PLACED}
    sent.setdefault("storageClass", old["storageClass"])
    sent.setdefault("iamConfiguration", old["iamConfiguration"])
    sent.setdefault("softDeletePolicy", {"retentionDurationSeconds": "0"})
    return _next(old, {**kept, **sent}, now)


def _next(old: Body, new: Body, now: datetime) -> Body:
    new["metageneration"] = str(int(old["metageneration"]) + 1)
    new["updated"] = rfc3339(now)
    return settled(old, new, now)


def _refuse_moves(old: Body, changes: Mapping[str, Any]) -> None:
    location = changes.get("location")
    if location and str(location).upper() != old["location"]:
        raise refusals.invalid(f"The location of a bucket cannot be changed; '{old['name']}' is in {old['location']}.")
    if changes.get("name") not in {None, old["name"]}:
        raise refusals.invalid(f"The name of a bucket cannot be changed; this one is called '{old['name']}'.")


def merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> Body:
    """JSON merge patch (RFC 7396)."""
    result = dict(deepcopy(old))
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def settled(old: Body, new: Body, now: datetime) -> Body:
    """The new state with validated values and server-assigned times; `old` is empty on insert."""
    for settle in (
        _settle_class,
        _settle_replication,
        _settle_access,
        _settle_namespace,
        _settle_soft_delete,
        _settle_retention,
        _settle_lifecycle,
        _settle_labels,
        _settle_times,
    ):
        settle(old, new, now)
    for emptied in ("labels", "cors", "lifecycle", "encryption", "billing", "website", "logging"):
        if not new.get(emptied) or new[emptied] == {"rule": []}:
            new.pop(emptied, None)
    for listed in _ACLS:
        new.pop(listed, None)
    limits.check_bucket({field: value for field, value in new.items() if field not in _ASSIGNED})
    new["etag"] = etag(int(new["metageneration"]))
    return new


def _settle_class(_old: Body, new: Body, _now: datetime) -> None:
    new["storageClass"] = str(new.get("storageClass") or "STANDARD").upper()
    if new["storageClass"] not in STORAGE_CLASSES:
        raise refusals.invalid(f"Invalid argument. '{new['storageClass']}' is not a storage class.")


def _settle_replication(_old: Body, new: Body, _now: datetime) -> None:
    rpo = new.get("rpo") or "DEFAULT"
    if rpo not in {"DEFAULT", "ASYNC_TURBO"}:
        raise refusals.invalid(f"Invalid argument. '{rpo}' is not a recovery point objective.")
    if rpo == "ASYNC_TURBO" and new["locationType"] != "dual-region":
        raise refusals.invalid("Invalid argument. The rpo ASYNC_TURBO is for dual-region buckets only.")


def _settle_access(old: Body, new: Body, now: datetime) -> None:
    sent = new.get("iamConfiguration") or {}
    uniform = _uniform(old, sent)
    before = old.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    if before.get("enabled") and not uniform and rfc3339(now) > before["lockedTime"]:
        raise refusals.invalid(
            "Cannot disable uniform bucket-level access: it was enabled more than 90 days ago and is locked since "
            f"{before['lockedTime']}."
        )
    access: Body = {"enabled": uniform}
    if uniform:
        access["lockedTime"] = before.get("lockedTime") or rfc3339(now + _LOCK_AFTER)
    prevention = sent.get("publicAccessPrevention") or "inherited"
    if prevention not in {"inherited", "enforced", "unspecified"}:
        raise refusals.invalid(f"Invalid argument. '{prevention}' is not a public access prevention.")
    new["iamConfiguration"] = {
        "bucketPolicyOnly": dict(access),
        "uniformBucketLevelAccess": access,
        "publicAccessPrevention": "inherited" if prevention == "unspecified" else prevention,
    }


def _uniform(old: Body, sent: Mapping[str, Any]) -> bool:
    """Uniform access has an older second name; the one that differs from before is the one that was changed."""
    before = old.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {}).get("enabled", False)
    settings = [
        bool(sent[name]["enabled"])
        for name in ("uniformBucketLevelAccess", "bucketPolicyOnly")
        if "enabled" in (sent.get(name) or {})
    ]
    return next((value for value in settings if value != before), settings[0] if settings else False)


def _settle_namespace(_old: Body, new: Body, _now: datetime) -> None:
    """Source for what does not go with a hierarchical namespace: cloud.google.com/storage/docs/hns-overview."""
    if not (new.get("hierarchicalNamespace") or {}).get("enabled"):
        return
    if not new["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]:
        raise refusals.invalid("Hierarchical namespace buckets must use uniform bucket-level access.")
    if (new.get("versioning") or {}).get("enabled"):
        raise refusals.invalid("Object versioning is not supported in hierarchical namespace buckets.")


def _settle_soft_delete(old: Body, new: Body, now: datetime) -> None:
    policy = new.get("softDeletePolicy") or {}
    seconds = int(policy.get("retentionDurationSeconds") or 0)
    if seconds and not 7 * 86400 <= seconds <= 90 * 86400:
        raise refusals.invalid(
            f"Soft delete policy retention duration must be 0 or between 604800 and 7776000 seconds, but is {seconds}."
        )
    before = old.get("softDeletePolicy", {})
    same = int(before.get("retentionDurationSeconds", -1)) == seconds
    policy["retentionDurationSeconds"] = str(seconds)
    policy["effectiveTime"] = before["effectiveTime"] if same else rfc3339(now)
    new["softDeletePolicy"] = policy


def _settle_retention(old: Body, new: Body, now: datetime) -> None:
    before, policy = old.get("retentionPolicy") or {}, new.get("retentionPolicy") or {}
    seconds = int(policy.get("retentionPeriod") or 0)
    if before.get("isLocked") and seconds < int(before["retentionPeriod"]):
        raise refusals.forbidden(
            f"Cannot reduce retention duration of a locked Retention Policy for bucket '{new['name']}'."
        )
    if not seconds:
        new.pop("retentionPolicy", None)
        return
    if not 0 < seconds < _LONGEST_RETENTION:
        raise refusals.invalid("Retention duration must be greater than zero and less than 100 years.")
    same = before.get("retentionPeriod") == str(seconds)
    new["retentionPolicy"] = {
        "retentionPeriod": str(seconds),
        "effectiveTime": before["effectiveTime"] if same else rfc3339(now),
        **({"isLocked": True} if before.get("isLocked") else {}),
    }


def _settle_lifecycle(_old: Body, new: Body, _now: datetime) -> None:
    if (new.get("lifecycle") or {}).get("rule"):
        new["lifecycle"]["rule"] = lifecycle_rules.checked(new["lifecycle"]["rule"], STORAGE_CLASSES)


def _settle_labels(_old: Body, new: Body, _now: datetime) -> None:
    new["labels"] = {key: value for key, value in (new.get("labels") or {}).items() if value is not None}
    if problem := labels.problem(new["labels"], "bucket"):
        raise refusals.invalid(problem)


def _settle_times(old: Body, new: Body, now: datetime) -> None:
    autoclass = new.get("autoclass")
    if autoclass:
        before = old.get("autoclass", {})
        _stamp(before, autoclass, "toggleTime", "enabled", now)
        if autoclass.get("enabled"):
            autoclass.setdefault("terminalStorageClass", "NEARLINE")
            _stamp(before, autoclass, "terminalStorageClassUpdateTime", "terminalStorageClass", now)
    for name in _ENFORCEMENTS:
        enforcement = (new.get("encryption") or {}).get(name)
        if enforcement:
            _stamp(old.get("encryption", {}).get(name, {}), enforcement, "effectiveTime", "restrictionMode", now)


def _stamp(before: Mapping[str, Any], after: Body, time_field: str, cause: str, now: datetime) -> None:
    unchanged = time_field in before and before.get(cause) == after.get(cause)
    after[time_field] = before[time_field] if unchanged else rfc3339(now)


def locked(old: Body, now: datetime) -> Body:
    """The bucket with its retention policy locked permanently."""
    if not old.get("retentionPolicy"):
        raise refusals.invalid(f"Bucket '{old['name']}' has no retention policy that could be locked.")
    new = deepcopy(old)
    new["retentionPolicy"]["isLocked"] = True
    return _next({**old, "retentionPolicy": new["retentionPolicy"]}, new, now)


def _writable(body: Mapping[str, Any]) -> Body:
    return {key: deepcopy(value) for key, value in body.items() if key not in _ASSIGNED and value is not None}


def etag(metageneration: int) -> str:
    """A bucket's etag: its metageneration encoded as a protocol buffer, like Google's."""
    return base64.b64encode(b"\x08" + varint(metageneration)).decode()


def varint(number: int) -> bytes:
    """A number as a protocol buffer varint."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def shown(bucket: Body, base: str) -> Body:
    """The bucket as the API returns it, without access control lists."""
    name = bucket["name"]
    return {"kind": "storage#bucket", "selfLink": f"{base}/storage/v1/b/{name}", "id": name, **bucket}
