"""What log-based metrics count: each entry that matches, or a value in it, with labels that are extracted from it.

Source: https://cloud.google.com/logging/docs/logs-based-metrics.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from localcloud.engine.cloud import Cloud
from localcloud.engine.metrics import LATENCIES, bounds
from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.logging.sinks import API
from localcloud.spec import log_filters, patterns
from localcloud.spec.filters import reach

_EXTRACTOR = re.compile(
    r'(?:REGEXP_EXTRACT\(\s*(?P<field>[\w.@/"-]+)\s*,\s*"(?P<pattern>(?:[^"\\]|\\.)*)"\s*\)|EXTRACT\(\s*(?P<whole>[\w.@/"-]+)\s*\))'
)
_ALL = "logging.googleapis.com/log_entry_count"
_MOST_BUCKETS = 200
_GLOBAL = {"type": "global", "labels": {}}


class CountingRule(NamedTuple):
    """A log-based metric, ready for entries; `value` is None where entries are counted."""

    metric: str
    test: log_filters.Test
    labels: Mapping[str, Callable[[Body], str]]
    value: Callable[[Body], str] | None
    buckets: str


def count(cloud: Cloud, container: str, entry: Body) -> None:
    """Counts an entry of a project, and does so for each of its log-based metrics that it matches."""
    kind, _, project = container.partition("/")
    if kind != "projects":
        return
    resource = entry.get("resource") or _GLOBAL
    log = unquote(entry["logName"].partition("/logs/")[2])
    cloud.metrics.count(project, _ALL, resource, {"log": log, "severity": entry.get("severity", "DEFAULT")})
    for rule in cloud.store.derived.of(API, f"counted {container}", lambda: _rules(cloud, container)):
        if rule.test(entry):
            labels = {name: read(entry) for name, read in rule.labels.items()}
            _measure(cloud, project, rule, resource, labels, entry)


def _measure(
    cloud: Cloud, project: str, rule: CountingRule, resource: Body, labels: Mapping[str, str], entry: Body
) -> None:
    if rule.value is None:
        cloud.metrics.count(project, rule.metric, resource, labels)
        return
    try:
        value = float(rule.value(entry))
    except ValueError:
        return  # an entry whose field is not a number counts for nothing, as at Google
    if math.isfinite(value):
        cloud.metrics.sample(project, rule.metric, resource, labels, value, rule.buckets)


def _rules(cloud: Cloud, container: str) -> list[CountingRule]:
    return [
        CountingRule(
            f"logging.googleapis.com/user/{name.partition('/metrics/')[2].replace('%2F', '/')}",
            log_filters.compiled(body["filter"]),
            {label: extractor(text) for label, text in body.get("labelExtractors", {}).items()},
            extractor(body["valueExtractor"]) if body.get("valueExtractor") else None,
            json.dumps(body["bucketOptions"]) if has_valid_bounds(body.get("bucketOptions", {})) else LATENCIES,
        )
        for name, body in cloud.store.list(API, container, "metrics")
        if not body.get("disabled")
    ]


def has_valid_bounds(options: Body) -> bool:
    """Whether BucketOptions have bounds, each above the one before, and no more of them than Google takes."""
    kind: Body = next(iter(options.values()), {})
    if kind.get("numFiniteBuckets", 0) > _MOST_BUCKETS:
        return False
    try:
        found = bounds(json.dumps(options))
    except (LookupError, OverflowError, TypeError):
        return False
    return 0 < len(found) <= _MOST_BUCKETS + 1 and all(one < other for one, other in pairwise(found))


def extractor(text: str) -> Callable[[Body], str]:
    """What EXTRACT(field) or REGEXP_EXTRACT(field, "one (group)") reads from an entry, "" for nothing; 400 for anything else."""
    match = _EXTRACTOR.fullmatch(text.strip())
    if match is None:
        raise invalid(f'{text!r} is no extractor: EXTRACT(field) or REGEXP_EXTRACT(field, "expression").', "extractor")
    path = [part.strip('"') for part in (match["field"] or match["whole"]).split(".")]
    if match["whole"]:
        return lambda entry: _text(entry, path)
    try:
        pattern = patterns.compiled(re.sub(r"\\(.)", r"\1", match["pattern"]))
    except patterns.BadPattern as problem:
        raise invalid(f"{text!r} has an invalid expression: {problem}.", "extractor") from None
    if pattern.groups != 1:
        raise invalid(f"The expression in {text!r} must have exactly one group in parentheses.", "extractor")

    def found(entry: Body) -> str:
        hit = pattern.search(_text(entry, path))
        return (hit[1] or "") if hit else ""

    return found


def _text(entry: Body, path: list[str]) -> str:
    return next((str(value) for value in reach(entry, path)), "")
