"""What protects an object from deletion and overwriting: holds, the bucket's retention policy, and the object's own retention.

Source: cloud.google.com/storage/docs/bucket-lock, …/object-holds, …/object-lock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from localcloud.errors import CloudError
from localcloud.services.storage import refusals
from localcloud.services.storage.rows import Bucket, ObjectVersion
from localcloud.services.storage.times import from_micros, parsed


def kept_until(row: ObjectVersion, resource: dict[str, Any], bucket: Bucket) -> datetime | None:
    """When the object's retention ends; None without one, and while an event-based hold delays its start."""
    ends = []
    if bucket.retention_seconds and not resource.get("eventBasedHold"):
        ends.append(from_micros(row.retained_from) + timedelta(seconds=bucket.retention_seconds))
    if "retention" in resource:
        ends.append(parsed(resource["retention"]["retainUntilTime"]))
    return max(ends, default=None)


def protects(row: ObjectVersion, bucket: Bucket, now: datetime) -> bool:
    """Whether a version is protected from deletion."""
    try:
        check_removal(row, bucket, now, archiving=False)
    except CloudError:
        return True
    return False


def check_removal(row: ObjectVersion, bucket: Bucket, now: datetime, *, archiving: bool) -> None:
    """Refuses (403) to delete or overwrite a protected version; `archiving` means that it becomes noncurrent."""
    if not (bucket.retention_seconds or "Hold" in row.facts or '"retention"' in row.facts):
        return
    resource = row.resource
    for field, kind in (("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")):
        if resource.get(field):
            raise refusals.held(row.bucket, row.name, kind)
    until = kept_until(row, resource, bucket)
    if until is not None and now < until and not archiving:
        raise refusals.retained(row.bucket, row.name, until)
