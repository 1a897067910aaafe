"""Alignment: the points of one time series in each of equal periods become one.

Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aligner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.metrics import Summary
from localcloud.errors import unimplemented
from localcloud.services.monitoring.names import wrong
from localcloud.services.monitoring.stored_series import (
    Distribution,
    Sample,
    StoredSeries,
    TimeSeries,
    Value,
    mean,
    merged,
    numbers,
)

NONE = "ALIGN_NONE"
_NUMBERS = ("INT64", "DOUBLE")
_ANY = ("BOOL", "INT64", "DOUBLE", "DISTRIBUTION")
_CHANGES = ("DELTA", "CUMULATIVE")
_STATES = ("GAUGE", "DELTA")
RANKS = (99, 95, 50, 5)


class Aligner(NamedTuple):
    """How the values of a period are combined, the kinds and types of metric for which it is, and the type of the result ("" = the same).

    `summary` is what the database says of the numbers of a period for it; None for those that take distributions only.
    """

    combine: Callable[[Sequence[Value], float], Value]
    kinds: tuple[str, ...]
    types: tuple[str, ...]
    result: str = ""
    summary: Summary | None = None


def _percentile(rank: int) -> Callable[[Sequence[Value], float], float]:
    def found(values: Sequence[Value], _: float) -> float:
        whole = merged(values)
        return whole.percentile(rank) if isinstance(whole, Distribution) else whole

    return found


ALIGNERS: Mapping[str, Aligner] = {
    "ALIGN_DELTA": Aligner(lambda values, _: merged(values), _CHANGES, _ANY, "", Summary.SUM),
    "ALIGN_RATE": Aligner(
        lambda values, period: sum(numbers(values)) / period, _CHANGES, _NUMBERS, "DOUBLE", Summary.SUM
    ),
    "ALIGN_SUM": Aligner(lambda values, _: merged(values), _STATES, (*_NUMBERS, "DISTRIBUTION"), "", Summary.SUM),
    "ALIGN_MEAN": Aligner(lambda values, _: mean(values), _STATES, (*_NUMBERS, "DISTRIBUTION"), "DOUBLE", Summary.MEAN),
    "ALIGN_MIN": Aligner(lambda values, _: min(numbers(values)), _STATES, _NUMBERS, "", Summary.LEAST),
    "ALIGN_MAX": Aligner(lambda values, _: max(numbers(values)), _STATES, _NUMBERS, "", Summary.MOST),
    "ALIGN_COUNT": Aligner(lambda values, _: len(values), _STATES, _ANY, "INT64", Summary.NUMBER),
    "ALIGN_COUNT_TRUE": Aligner(lambda values, _: sum(map(bool, values)), ("GAUGE",), ("BOOL",), "INT64", Summary.TRUE),
    "ALIGN_COUNT_FALSE": Aligner(
        lambda values, _: sum(not one for one in values), ("GAUGE",), ("BOOL",), "INT64", Summary.FALSE
    ),
    "ALIGN_FRACTION_TRUE": Aligner(
        lambda values, _: fmean(map(bool, values)), ("GAUGE",), ("BOOL",), "DOUBLE", Summary.SHARE_TRUE
    ),
    "ALIGN_NEXT_OLDER": Aligner(lambda values, _: values[-1], ("GAUGE",), _ANY, "", Summary.LATEST),
    **{
        f"ALIGN_PERCENTILE_{rank:02}": Aligner(_percentile(rank), _STATES, ("DISTRIBUTION",), "DOUBLE")
        for rank in RANKS
    },
}


def check(name: str, kind: str, value: str) -> None:
    """400 for an aligner that is not for a kind and type of metric, 501 for one that the local cloud does not have."""
    if name == NONE:
        return
    aligner = ALIGNERS.get(name)
    if aligner is None:
        raise unimplemented(f"The local cloud has no {name}; it has {', '.join(ALIGNERS)}.")
    if kind not in aligner.kinds or value not in aligner.types:
        why = f"The aligner cannot be applied to metrics with kind {kind} and value type {value}."
        raise wrong("aggregation.perSeriesAligner", name, why)


def aligned(series: TimeSeries, name: str, period: float, until: float) -> TimeSeries:
    """A time series with one point for each period that has any; the last period ends at `until`."""
    if name == NONE:
        return series
    check(name, series.kind, series.value)
    aligner = ALIGNERS[name]
    periods: dict[int, list[Value]] = {}
    for sample in _changes(series.points) if series.kind == "CUMULATIVE" else series.points:
        periods.setdefault(int((until - sample.end) // period), []).append(sample.value)
    points = [
        Sample(until - (at + 1) * period, until - at * period, aligner.combine(values, period))
        for at, values in sorted(periods.items(), reverse=True)
    ]
    return _result(series, name, points)


def last_period(cloud: Cloud, series: StoredSeries, name: str, period: float, until: float) -> TimeSeries:
    """A stored time series with one point for the period that ends at `until`, if it has any: what the database says, for none of its points is read."""
    check(name, series.about.kind, series.about.value)
    merges = series.buckets and ALIGNERS[name].summary is not Summary.NUMBER
    value = (_distribution if merges else _number)(cloud, series, name, period, until)
    return _result(series.about, name, [] if value is None else [Sample(until - period, until, value)])


def _number(cloud: Cloud, series: StoredSeries, name: str, period: float, until: float) -> float | None:
    summary = ALIGNERS[name].summary
    if summary is None:
        return None
    if summary is Summary.SUM and series.about.kind == "CUMULATIVE":
        summary = Summary.CHANGE
    elif series.buckets:  # a row for each bucket
        summary = Summary.MOMENTS
    value = cloud.metrics.summary(series.id, summary, until - period, until)
    return value / period if name == "ALIGN_RATE" and value is not None else value


def _distribution(cloud: Cloud, series: StoredSeries, name: str, period: float, until: float) -> Value | None:
    rows = cloud.metrics.distribution(series.id, until - period, until)
    whole = Distribution(
        series.buckets, {bucket: count for bucket, count, _ in rows}, sum(total for _, _, total in rows)
    )
    return ALIGNERS[name].combine([whole], period) if rows else None


def _result(series: TimeSeries, name: str, points: Sequence[Sample]) -> TimeSeries:
    kind = "DELTA" if name == "ALIGN_DELTA" else "GAUGE"
    return series._replace(kind=kind, value=ALIGNERS[name].result or series.value, points=points)


def _changes(points: Sequence[Sample]) -> list[Sample]:
    """What was added between the points of a sum that grows; it begins again where its start is another one."""
    return [
        Sample(one.end, other.end, other.value if one.start != other.start else other.value - one.value)  # type: ignore[operator]
        for one, other in pairwise(points)
    ]
