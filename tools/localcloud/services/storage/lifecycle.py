"""The daily task that applies lifecycle rules and purges what was soft-deleted.

Source: cloud.google.com/storage/docs/lifecycle.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from localcloud.engine.cloud import Cloud
from localcloud.services.storage import guards, rows, sessions, versions
from localcloud.services.storage.lifecycle_rules import Rule, Version, action, applies
from localcloud.services.storage.rows import LIVE, NONCURRENT, Bucket, ObjectVersion, Span
from localcloud.services.storage.times import from_micros, micros, rfc3339
from localcloud.spec import json_text

_PAGE = 1000
ROUND = "lifecycle round"


def run(cloud: Cloud, name: str, _moment: float) -> None:
    """Applies a bucket's rules and purges what has expired; runs again a day later."""
    bucket = rows.find_bucket(cloud.store, name)
    if bucket is None:
        return
    schedule(cloud, name)
    now = cloud.clock.now()
    rows.purge(cloud.store, bucket.name, micros(now))
    sessions.forget_over(cloud.store, micros(now - timedelta(days=1)))  # until then they say that they are over
    rules = bucket.facts.get("lifecycle", {}).get("rule", [])
    if not rules:
        return
    _abort_uploads(cloud, bucket, rules, now)
    span: Span | None = Span(bucket.name, "", 0, None, (LIVE, NONCURRENT))
    while span is not None:
        batch = rows.stretch(cloud.store, span, _PAGE)
        for row in batch:
            _apply(cloud, bucket, rules, row, now)
        last = batch[-1] if len(batch) == _PAGE else None
        span = replace(span, name=last.name, generation=last.generation + 1) if last else None


def schedule(cloud: Cloud, name: str) -> None:
    """Schedules a bucket's next run for a day from now."""
    cloud.due.after("storage", ROUND, name, 86_400)


def _abort_uploads(cloud: Cloud, bucket: Bucket, rules: list[Rule], now: datetime) -> None:
    """Unfinished uploads in parts that a rule no longer suffers go."""
    ends = [rule["condition"] for rule in rules if rule["action"]["type"] == "AbortIncompleteMultipartUpload"]

    def over(begun: int, name: str) -> bool:
        upload = Version({"timeCreated": rfc3339(from_micros(begun)), "name": name}, live=True, newer=0)
        return any(applies(condition, upload, now) for condition in ends)

    if ends:
        rows.forget_multiparts(cloud.store, bucket.name, over)


def _apply(cloud: Cloud, bucket: Bucket, rules: list[Rule], row: ObjectVersion, now: datetime) -> None:
    resource = row.resource
    newer = rows.count_newer(cloud.store, row) if any("numNewerVersions" in rule["condition"] for rule in rules) else 0
    due = action(rules, Version(resource, row.state == LIVE, newer), now)
    if due is None:
        return
    if due["type"] == "SetStorageClass":
        resource["storageClass"] = due["storageClass"]
        resource["timeStorageClassUpdated"] = resource["updated"] = rfc3339(now)
        rows.update(cloud.store, row._replace(facts=json_text.write(resource)))
    elif not guards.protects(row, bucket, now):
        versions.delete(cloud, bucket, row, pinned=row.state == NONCURRENT)
