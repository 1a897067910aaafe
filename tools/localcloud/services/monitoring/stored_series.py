"""The stored time series of a project, with their points between two moments."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Any, NamedTuple

from localcloud.engine import metrics as measured
from localcloud.engine.cloud import Cloud
from localcloud.engine.metrics import MINUTE
from localcloud.services.monitoring import metrics
from localcloud.services.monitoring.selection import Selection


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many values are in each bucket of BucketOptions (JSON), and their sum."""

    buckets: str
    counts: Mapping[int, float]
    total: float

    @property
    def count(self) -> float:
        """How many values there are."""
        return sum(self.counts.values())

    @property
    def mean(self) -> float:
        """Their mean, 0 for none."""
        return self.total / self.count if self.count else 0.0

    def __or__(self, other: Distribution) -> Distribution:
        """The values of both."""
        return Distribution(self.buckets, Counter(self.counts) + Counter(other.counts), self.total + other.total)

    def percentile(self, rank: float) -> float:
        """The value below which so many percent of the values are, taking those in a bucket as evenly spread."""
        limits, rank_left = measured.bounds(self.buckets), self.count * rank / 100
        for bucket, count in sorted(self.counts.items()):
            if rank_left <= count:
                low = limits[bucket - 1] if bucket else min(0.0, limits[0])
                high = limits[bucket] if bucket < len(limits) else low
                return low + (high - low) * rank_left / count
            rank_left -= count
        return 0.0


Value = float | Distribution


class Sample(NamedTuple):
    """A value and its interval, in Unix seconds."""

    start: float
    end: float
    value: Value


class TimeSeries(NamedTuple):
    """A time series; `kind` and `value` are its MetricKind and ValueType; points are oldest first."""

    metric: Mapping[str, Any]
    resource: Mapping[str, Any]
    kind: str
    value: str
    unit: str
    points: Sequence[Sample]


class StoredSeries(NamedTuple):
    """A time series whose points are still in the database; `about` has none, `buckets` is "" for numbers."""

    id: int
    buckets: str
    about: TimeSeries


def selected(cloud: Cloud, project: str, selection: Selection) -> list[StoredSeries]:
    """The selected time series of a project."""
    found = []
    for one in cloud.metrics.series(project, selection.metric):
        metric = {"type": one.metric, "labels": one.labels}
        if not selection.test({"metric": metric, "resource": one.resource}):
            continue
        about = metrics.find(cloud, project, one.metric)
        if about is not None:
            kinds = about["metricKind"], about["valueType"], about.get("unit", "1")
            found.append(StoredSeries(one.id, one.buckets, TimeSeries(metric, one.resource, *kinds, [])))
    return found


def read(cloud: Cloud, series: StoredSeries, after: float, until: float) -> TimeSeries:
    """A time series with its points after one moment and up to another."""
    return series.about._replace(points=list(_samples(cloud, series, after, until)))


def merged(values: Iterable[Value]) -> Value:
    """The sum of numbers, or of distributions."""
    return reduce(lambda one, other: one | other if isinstance(one, Distribution) else one + other, values)  # type: ignore[operator]


def mean(values: Sequence[Value]) -> float:
    """The mean of numbers, or of all that is in distributions."""
    whole = merged(values)
    return whole.mean if isinstance(whole, Distribution) else whole / len(values)


def numbers(values: Iterable[Value]) -> list[float]:
    """The values that are numbers, not distributions."""
    return [one for one in values if not isinstance(one, Distribution)]


def _samples(cloud: Cloud, series: StoredSeries, after: float, until: float) -> Iterator[Sample]:
    """The points of a series. What is counted in the minute that has not ended yet counts until now."""
    now, kind = cloud.clock.seconds(), series.about.kind
    for moment, rows in groupby(cloud.metrics.points(series.id, after, until + MINUTE), lambda point: point.moment):
        parts = list(rows)
        end = min(now, until) if kind == "DELTA" and moment > now else moment
        start = {"DELTA": moment - MINUTE, "CUMULATIVE": parts[0].since}.get(kind, end)
        if max(after, moment - MINUTE if kind == "DELTA" else after) < end <= until:
            yield Sample(start, end, _value(series.buckets, parts))


def _value(buckets: str, parts: Sequence[measured.Point]) -> Value:
    if not buckets:
        return parts[0].amount
    return Distribution(buckets, {one.bucket: one.amount for one in parts}, sum(one.total for one in parts))


def typed_value(value: Value, kind: str) -> dict[str, Any]:
    if isinstance(value, Distribution):
        last = max(value.counts, default=-1)
        counts = [str(int(value.counts.get(at, 0))) for at in range(last + 1)]
        about = {"count": str(int(value.count)), "mean": value.mean, "bucketOptions": json.loads(value.buckets)}
        return {"distributionValue": {**about, "bucketCounts": counts}}
    if kind == "BOOL":
        return {"boolValue": bool(value)}
    return {"int64Value": str(round(value))} if kind == "INT64" else {"doubleValue": float(value)}
