"""Lifecycle rules: which versions of objects they act on, and the daily round that carries them out.

Source: cloud.google.com/storage/docs/lifecycle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from localcloud.call import Cloud
from localcloud.services.storage import guards, object_fields, rows, versions
from localcloud.services.storage.rows import LIVE, NONCURRENT, Bucket, Row, Span
from localcloud.services.storage.times import micros, parsed, rfc3339

Rule = Mapping[str, Any]
_PAGE = 1000
_BETWEEN_ROUNDS = 86_400
# Among several classes that apply, the cheapest at rest wins; deletion wins over all.
_COLDNESS = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")


@dataclass(frozen=True, slots=True)
class Version:
    """A version as conditions see it: its resource, whether it is live, and how many newer versions there are."""

    resource: Mapping[str, Any]
    live: bool
    newer: int


Test = Callable[[Any, Version, datetime], bool]


def action(rules: list[Rule], version: Version, now: datetime) -> Mapping[str, Any] | None:
    """What the rules do with a version now: {"type": "Delete"}, {"type": "SetStorageClass", …}, or nothing."""
    due = [rule["action"] for rule in rules if _applies(rule.get("condition", {}), version, now)]
    for one in due:
        if one["type"] == "Delete":
            return one  # type: ignore[no-any-return]
    moves = [one for one in due if one["type"] == "SetStorageClass" and one["storageClass"] in _COLDNESS]
    moves.sort(key=lambda one: _COLDNESS.index(one["storageClass"]))
    return moves[-1] if moves and moves[-1]["storageClass"] != version.resource["storageClass"] else None


def _applies(condition: Mapping[str, Any], version: Version, now: datetime) -> bool:
    known = all(name in _TESTS for name in condition)
    return known and bool(condition) and all(_TESTS[name](value, version, now) for name, value in condition.items())


def _older(field: str) -> Test:
    def test(days: int, version: Version, now: datetime) -> bool:
        moment = version.resource.get(field)
        return moment is not None and parsed(moment) + timedelta(days=int(days)) <= now

    return test


def _before(field: str) -> Test:
    def test(day: str, version: Version, _now: datetime) -> bool:
        moment = version.resource.get(field)
        midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        return moment is not None and parsed(moment) < midnight

    return test


_TESTS: Mapping[str, Test] = {
    "age": _older("timeCreated"),
    "createdBefore": _before("timeCreated"),
    "customTimeBefore": _before("customTime"),
    "daysSinceCustomTime": _older("customTime"),
    "daysSinceNoncurrentTime": _older("timeDeleted"),
    "noncurrentTimeBefore": _before("timeDeleted"),
    "isLive": lambda value, version, _: version.live == value,
    "matchesPattern": lambda value, version, _: re.fullmatch(value, version.resource["name"]) is not None,
    "matchesPrefix": lambda value, version, _: version.resource["name"].startswith(tuple(value)),
    "matchesSuffix": lambda value, version, _: version.resource["name"].endswith(tuple(value)),
    "matchesStorageClass": lambda value, version, _: version.resource["storageClass"] in value,
    "numNewerVersions": lambda value, version, _: version.newer >= int(value),
    "sizeAboveBytes": lambda value, version, _: int(version.resource["size"]) > int(value),
    "sizeBelowBytes": lambda value, version, _: int(version.resource["size"]) < int(value),
}


def round_due(bucket: Bucket, seconds: float) -> bool:
    """Whether, at this Unix time, a day has passed since the bucket's last round."""
    return seconds >= bucket.swept / 1_000_000 + _BETWEEN_ROUNDS


def run(cloud: Cloud, bucket: Bucket) -> None:
    """One round over a bucket: rules are carried out, soft-deleted versions whose time is over go."""
    now = cloud.clock.now()
    rows.mark_swept(cloud.store, bucket.name, micros(now))
    rows.purge(cloud.store, bucket.name, micros(now))
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
    """Unfinished uploads in parts that are older than a rule allows go; such rules know no other condition here."""
    for rule in rules:
        if rule["action"]["type"] == "AbortIncompleteMultipartUpload" and set(rule["condition"]) == {"age"}:
            before = now - timedelta(days=int(rule["condition"]["age"]))
            rows.forget_multiparts(cloud.store, bucket.name, micros(before))


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
    if cloud.store.open:
        run(cloud, bucket)
    else:
        _run_alone(cloud, bucket)
    return rows.bucket(cloud.store, name)


def _run_alone(cloud: Cloud, bucket: Bucket) -> None:
    """Reading requests have no transaction, but a round that they set off must be whole."""
    cloud.store.begin()
    try:
        run(cloud, bucket)
        cloud.store.commit()
    except BaseException:
        cloud.store.rollback()
        raise
