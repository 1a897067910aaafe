"""What the services measure, by the minute: counts, distributions and gauges, read through Cloud Monitoring.

A count or a sample is added to the row of its minute, in the transaction of what it measures, so that a busy service has as many rows as an idle one.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from localcloud.engine.clock import Clock
from localcloud.engine.store import Rows, Store

TABLES = """
CREATE TABLE IF NOT EXISTS metric_series (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL, resource TEXT NOT NULL, buckets TEXT NOT NULL,
  UNIQUE (project, metric, labels, resource));
CREATE TABLE IF NOT EXISTS metric_points (
  series INTEGER NOT NULL, moment REAL NOT NULL, bucket INTEGER NOT NULL, amount REAL NOT NULL, total REAL NOT NULL, since REAL NOT NULL,
  PRIMARY KEY (series, moment, bucket)) WITHOUT ROWID;
"""
MINUTE = 60
KEPT_DAYS = 7
"""How long points are kept: Google keeps them for weeks, but nobody waits for weeks here."""
_BETWEEN_SWEEPS = 5000
_MOST_KNOWN = 10_000
_ONLY = -1
"""The bucket of a point that is one number."""
LATENCIES = json.dumps({"exponentialBuckets": {"numFiniteBuckets": 66, "growthFactor": 1.4, "scale": 1.0}})
FRACTIONS = json.dumps({"linearBuckets": {"numFiniteBuckets": 100, "width": 0.01, "offset": 0.0}})


class Series(NamedTuple):
    """What identifies a time series; `buckets` are the BucketOptions of a distribution, as JSON, "" for numbers."""

    id: int
    metric: str
    labels: Mapping[str, str]
    resource: Mapping[str, Any]
    buckets: str


class Point(NamedTuple):
    """A point, or one bucket of it: `amount` is the number, or how many values; `total` is the sum of the values. Times are Unix seconds."""

    moment: float
    bucket: int
    amount: float
    total: float
    since: float


class Gauge(NamedTuple):
    """The value that something has at the moment."""

    metric: str
    resource: Mapping[str, Any]
    labels: Mapping[str, str]
    value: float


class Summary(StrEnum):
    """What the database says of many numbers at once: of a day with a point each minute, hundreds of times as fast as reading them."""

    SUM = "sum(amount)"
    CHANGE = (
        "sum(CASE WHEN since = earlier_since THEN amount - earlier ELSE amount END) FILTER (WHERE earlier IS NOT NULL)"
    )
    MEAN = "avg(amount)"
    LEAST = "min(amount)"
    MOST = "max(amount)"
    NUMBER = "count(*)"
    MOMENTS = "count(DISTINCT moment)"
    TRUE = "sum(amount != 0)"
    FALSE = "sum(amount = 0)"
    SHARE_TRUE = "avg(amount != 0)"
    LATEST = "amount, max(moment)"


Gauges = Callable[[str], Iterable[Gauge]]


class Metrics:
    """Time series by project."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(TABLES)
        self._store = store
        self._clock = clock
        self._ids: dict[Hashable, int] = {}  # nearly every value belongs to a known series
        self._written = 0
        self._gauges: list[Gauges] = []
        store.on_rollback(self._ids.clear)

    def register_gauges(self, gauges: Gauges) -> None:
        """Registers a function that gives the gauges of a project."""
        self._gauges.append(gauges)

    def read_gauges(self, project: str) -> None:
        """Writes the current gauges of a project; they are read only while a policy watches."""
        moment = self._clock.seconds() // MINUTE * MINUTE
        for gauges in self._gauges:
            for metric, resource, labels, value in gauges(project):
                self.gauge(project, metric, resource, labels, value, moment)

    def count(self, project: str, metric: str, resource: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        """Adds to what is counted in this minute."""
        self._add(self._series(project, metric, resource, labels, ""), _ONLY, 1, 0)

    def sample(
        self,
        project: str,
        metric: str,
        resource: Mapping[str, Any],
        labels: Mapping[str, str],
        value: float,
        buckets: str = LATENCIES,
    ) -> None:
        """Adds a value to this minute's distribution."""
        self._add(
            self._series(project, metric, resource, labels, buckets), bisect_right(bounds(buckets), value), 1, value
        )

    def gauge(
        self,
        project: str,
        metric: str,
        resource: Mapping[str, Any],
        labels: Mapping[str, str],
        value: float,
        moment: float | None = None,
        since: float = 0,
    ) -> None:
        """Writes the value at a moment, by default now."""
        series = self._series(project, metric, resource, labels, "")
        when = self._clock.seconds() if moment is None else moment
        self._store.sql(
            "INSERT OR REPLACE INTO metric_points VALUES (?, ?, ?, ?, 0, ?)", series, when, _ONLY, value, since
        )
        self._sweep()

    def series(self, project: str, metric: str = "") -> list[Series]:
        """The time series of a project, or of one of its metrics."""
        self._store.settle()
        which = "project = ? AND metric = ?" if metric else "project = ?"
        rows = self._store.sql(
            f"SELECT id, metric, labels, resource, buckets FROM metric_series WHERE {which} ORDER BY metric, labels, resource",  # noqa: S608
            *((project, metric) if metric else (project,)),
        )
        return [Series(one, kind, json.loads(labels), json.loads(where), how) for one, kind, labels, where, how in rows]

    def points(self, series: int, after: float, until: float) -> Iterator[Point]:
        """The points after one moment and up to another, oldest first."""
        rows = self._store.sql(
            "SELECT moment, bucket, amount, total, since FROM metric_points WHERE series = ? AND moment > ? AND moment <= ? "
            "ORDER BY moment, bucket",
            *(series, after, until),
        )
        return (Point(*row) for row in rows)

    def summary(self, series: int, what: Summary, after: float, until: float) -> float | None:
        """What is true of the numbers after one moment and up to another, None without any."""
        points = "SELECT * FROM metric_points WHERE series = ? AND moment > ? AND moment <= ? "
        if what is Summary.CHANGE:
            window = "WINDOW w AS (ORDER BY moment)"
            points = (
                points.replace("*", "*, lag(amount) OVER w AS earlier, lag(since) OVER w AS earlier_since") + window
            )
        found, value, *_ = self._store.row(f"SELECT count(*), {what} FROM ({points})", *(series, after, until))  # noqa: S608
        return value if found else None

    def distribution(self, series: int, after: float, until: float) -> Rows:
        """Of the values after one moment and up to another: each bucket, how many it has, and their sum."""
        return self._store.sql(
            "SELECT bucket, sum(amount), sum(total) FROM metric_points WHERE series = ? AND moment > ? AND moment <= ? "
            "GROUP BY bucket ORDER BY bucket",
            *(series, after, until),
        )

    def latest(self, series: int, until: float) -> float | None:
        """The moment of the last point up to a moment, None without any."""
        (found,) = self._store.row(
            "SELECT max(moment) FROM metric_points WHERE series = ? AND moment <= ?", series, until
        )
        return None if found is None else float(found)

    def forget(self, project: str, metric: str) -> None:
        """Deletes all that was written to a metric."""
        for one in self.series(project, metric):
            self._store.sql("DELETE FROM metric_points WHERE series = ?", one.id)
            self._store.sql("DELETE FROM metric_series WHERE id = ?", one.id)
        self._ids.clear()

    def _add(self, series: int, bucket: int, amount: float, total: float) -> None:
        moment = (self._clock.seconds() // MINUTE + 1) * MINUTE
        self._store.sql(
            "INSERT INTO metric_points VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, "
            "total = total + excluded.total",
            *(series, moment, bucket, amount, total),
        )
        self._sweep()

    def _series(
        self, project: str, metric: str, resource: Mapping[str, Any], labels: Mapping[str, str], buckets: str
    ) -> int:
        where = resource.get("labels", {})
        key = project, metric, buckets, tuple(labels.items()), resource["type"], tuple(where.items())
        if (known := self._ids.get(key)) is not None:
            return known
        if self._store.row(
            "SELECT 1 FROM metric_series WHERE project = ? AND metric = ? AND buckets != ? LIMIT 1",
            *(project, metric, buckets),
        ):
            self.forget(project, metric)  # numbers of other buckets can be neither compared nor added
        row = project, metric, json.dumps(labels, sort_keys=True), json.dumps(resource, sort_keys=True)
        self._store.sql(
            "INSERT OR IGNORE INTO metric_series (project, metric, labels, resource, buckets) VALUES (?, ?, ?, ?, ?)",
            *(*row, buckets),
        )
        (found,) = self._store.row(
            "SELECT id FROM metric_series WHERE project = ? AND metric = ? AND labels = ? AND resource = ?", *row
        )
        if len(self._ids) >= _MOST_KNOWN:
            self._ids.clear()
        self._ids[key] = found
        return int(found)

    def _sweep(self) -> None:
        self._written += 1
        if self._written % _BETWEEN_SWEEPS == 0:
            self.forget_old()

    def forget_old(self) -> None:
        """Deletes points that are older than KEPT_DAYS, and series without points."""
        oldest = self._clock.seconds() - KEPT_DAYS * 86_400
        self._store.sql("DELETE FROM metric_points WHERE moment < ?", oldest)
        self._store.sql("DELETE FROM metric_series WHERE id NOT IN (SELECT series FROM metric_points)")
        self._ids.clear()


@lru_cache(maxsize=64)
def bounds(buckets: str) -> tuple[float, ...]:
    """The finite bounds of BucketOptions: a value below the first is in bucket 0, one from the last on in the last bucket."""
    options = json.loads(buckets)
    if "explicitBuckets" in options:
        return tuple(options["explicitBuckets"].get("bounds", ()))
    if "linearBuckets" in options:
        linear = options["linearBuckets"]
        return tuple(linear.get("offset", 0) + linear["width"] * at for at in range(linear["numFiniteBuckets"] + 1))
    powers = options["exponentialBuckets"]
    return tuple(powers["scale"] * powers["growthFactor"] ** at for at in range(powers["numFiniteBuckets"] + 1))
