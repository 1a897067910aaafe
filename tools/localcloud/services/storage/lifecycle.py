"""The daily round that carries out a bucket's lifecycle rules and ends what was deleted softly.

Source: cloud.google.com/storage/docs/lifecycle.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from localcloud.engine.cloud import Cloud
from localcloud.services.storage import guards, object_fields, rows, sessions, versions
from localcloud.services.storage.lifecycle_rules import Rule, Version, action, applies
from localcloud.services.storage.rows import LIVE, NONCURRENT, Bucket, Row, Span
from localcloud.services.storage.times import from_micros, micros, rfc3339

_PAGE = 1000
_BETWEEN_ROUNDS = 86_400


def round_due(bucket: Bucket, seconds: float) -> bool:
    """Whether, at this Unix time, a day has passed since the bucket's last round."""
    return seconds >= bucket.swept / 1_000_000 + _BETWEEN_ROUNDS


def run(cloud: Cloud, bucket: Bucket) -> None:
    """One round over a bucket: rules are carried out, soft-deleted versions and upload sessions whose time is over go."""
    now = cloud.clock.now()
    rows.mark_swept(cloud.store, bucket.name, micros(now))
    rows.purge(cloud.store, bucket.name, micros(now))
    sessions.forget_over(cloud.store, micros(now))
    rules = bucket.facts.get("lifecycle", {}).get("rule", [])
    if not rules:
        return
    _abort_uploads(cloud, bucket, rules, now)
    span: Span | None = Span(bucket.name, "", 0, None, (LIVE, NONCURRENT))
    while span is not None:
        found = rows.stretch(cloud.store, span, _PAGE)
        for row in found:
            _apply(cloud, bucket, rules, row, now)
        last = found[-1] if len(found) == _PAGE else None
        span = replace(span, name=last.name, generation=last.generation + 1) if last else None


def _abort_uploads(cloud: Cloud, bucket: Bucket, rules: list[Rule], now: datetime) -> None:
    """Unfinished uploads in parts that a rule no longer suffers go."""
    ends = [rule["condition"] for rule in rules if rule["action"]["type"] == "AbortIncompleteMultipartUpload"]

    def over(begun: int, name: str) -> bool:
        upload = Version({"timeCreated": rfc3339(from_micros(begun)), "name": name}, live=True, newer=0)
        return any(applies(condition, upload, now) for condition in ends)

    if ends:
        rows.forget_multiparts(cloud.store, bucket.name, over)


def _apply(cloud: Cloud, bucket: Bucket, rules: list[Rule], row: Row, now: datetime) -> None:
    resource = row.resource
    newer = rows.count_newer(cloud.store, row) if any("numNewerVersions" in rule["condition"] for rule in rules) else 0
    due = action(rules, Version(resource, row.state == LIVE, newer), now)
    if due is None:
        return
    if due["type"] == "SetStorageClass":
        resource["storageClass"] = due["storageClass"]
        resource["timeStorageClassUpdated"] = resource["updated"] = rfc3339(now)
        rows.update(cloud.store, replace(row, facts=object_fields.dumped(resource)))
    elif not guards.protects(row, bucket, now):
        versions.delete(cloud, bucket, row, pinned=row.state == NONCURRENT)


def current(cloud: Cloud, name: str) -> Bucket:
    """The bucket of that name (404 when there is none), after the round that has become due, if any."""
    bucket = rows.bucket(cloud.store, name)
    if not round_due(bucket, cloud.clock.seconds()):
        return bucket
    # Reading requests have no transaction, but a round that they set off must be whole.
    with nullcontext() if cloud.store.open else cloud.store.transaction():
        run(cloud, bucket)
    return rows.bucket(cloud.store, name)
