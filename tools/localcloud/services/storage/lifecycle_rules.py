"""Lifecycle rules as pure functions: which ones are valid, and what they do to an object version.

Source: cloud.google.com/storage/docs/lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from localcloud.services.storage import refusals
from localcloud.services.storage.times import parsed
from localcloud.spec import patterns

Rule = Mapping[str, Any]
_DAY = 86_400
_MOST = 100
# Among several classes that apply, the cheapest at rest wins; deletion wins over all.
_COLDNESS = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
_ACTIONS = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
_OF_UPLOADS = ("age", "matchesPrefix", "matchesSuffix")
_COUNTS = (
    "age",
    "daysSinceCustomTime",
    "daysSinceNoncurrentTime",
    "numNewerVersions",
    "sizeAboveBytes",
    "sizeBelowBytes",
)
_DATES = ("createdBefore", "customTimeBefore", "noncurrentTimeBefore")


def checked(rules: Iterable[Rule], classes: frozenset[str]) -> list[dict[str, Any]]:
    """The rules without their nulls; 400 for an invalid one. `classes` are all storage classes."""
    cleaned = [_without_nulls(rule) for rule in rules]
    if len(cleaned) > _MOST:
        raise refusals.invalid(f"A bucket may have {_MOST} lifecycle rules; {len(cleaned)} are sent.")
    for rule in cleaned:
        problem = _action_problem(rule.get("action", {}), classes) or _problem(rule, classes)
        if problem:
            raise refusals.invalid(f"Invalid argument. A lifecycle rule {problem}")
    return cleaned


def _without_nulls(rule: Rule) -> dict[str, Any]:
    return {
        name: {key: value for key, value in part.items() if value is not None}
        for name, part in rule.items()
        if part is not None
    }


def _action_problem(action: Mapping[str, Any], classes: frozenset[str]) -> str:
    kind, target = action.get("type"), action.get("storageClass")
    if kind not in _ACTIONS:
        return f"needs an action of the type {', '.join(_ACTIONS)}; it has {kind}."
    if kind == "SetStorageClass" and target not in classes:
        return f"of the type SetStorageClass needs a storage class; it has {target}."
    return "" if kind == "SetStorageClass" or target is None else f"of the type {kind} takes no storage class."


def _problem(rule: Rule, classes: frozenset[str]) -> str:
    if not rule.get("condition"):
        return "needs a condition."
    kind, condition = rule["action"]["type"], rule["condition"]
    if kind == "AbortIncompleteMultipartUpload" and (other := sorted(set(condition) - set(_OF_UPLOADS))):
        return f"of the type {kind} takes the conditions {', '.join(_OF_UPLOADS)} only; it has {', '.join(other)}."
    for name, value in condition.items():
        if not _holds_something(name, value, classes):
            return f"has the condition {name}, which cannot be {value}."
    return ""


def _holds_something(name: str, value: Any, classes: frozenset[str]) -> bool:
    try:
        if name in _DATES:
            date.fromisoformat(value)
        if name == "matchesPattern":
            patterns.compiled(value)
    except (ValueError, patterns.BadPattern):
        return False
    if name in _COUNTS:
        return int(value) >= 0
    return name != "matchesStorageClass" or set(value) <= classes


@dataclass(frozen=True, slots=True)
class Version:
    """A version as conditions see it: its resource, whether it is live, and how many newer versions there are."""

    resource: Mapping[str, Any]
    live: bool
    newer: int


Test = Callable[[Any, Version, datetime], bool]


def action(rules: list[Rule], version: Version, now: datetime) -> Mapping[str, Any] | None:
    """What the rules do with a version now: {"type": "Delete"}, {"type": "SetStorageClass", …}, or nothing."""
    due = [rule["action"] for rule in rules if applies(rule["condition"], version, now)]
    for one in due:
        if one["type"] == "Delete":
            return one  # type: ignore[no-any-return]
    moves = [one for one in due if one["type"] == "SetStorageClass" and one["storageClass"] in _COLDNESS]
    moves.sort(key=lambda one: _COLDNESS.index(one["storageClass"]))
    return moves[-1] if moves and moves[-1]["storageClass"] != version.resource["storageClass"] else None


def applies(condition: Mapping[str, Any], version: Version, now: datetime) -> bool:
    """Whether a version meets every part of a nonempty condition."""
    known = all(name in _TESTS for name in condition)
    return known and bool(condition) and all(_TESTS[name](value, version, now) for name, value in condition.items())


def _older(field: str) -> Test:
    def test(days: int, version: Version, now: datetime) -> bool:
        moment = version.resource.get(field)
        return moment is not None and (now - parsed(moment)).total_seconds() >= int(days) * _DAY

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
    "matchesPattern": lambda value, version, _: patterns.matches(value, version.resource["name"]),
    "matchesPrefix": lambda value, version, _: version.resource["name"].startswith(tuple(value)),
    "matchesSuffix": lambda value, version, _: version.resource["name"].endswith(tuple(value)),
    "matchesStorageClass": lambda value, version, _: version.resource["storageClass"] in value,
    "numNewerVersions": lambda value, version, _: version.newer >= int(value),
    "sizeAboveBytes": lambda value, version, _: int(version.resource["size"]) > int(value),
    "sizeBelowBytes": lambda value, version, _: int(version.resource["size"]) < int(value),
}
