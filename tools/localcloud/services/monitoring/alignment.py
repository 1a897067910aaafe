"""Alignment: the points of one time series in each of equal periods become one.

Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#aligner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from localcloud.errors import unimplemented
from localcloud.services.monitoring.names import wrong
from localcloud.services.monitoring.stored_series import Distribution, Sample, TimeSeries, Value, merged, numbers

NONE = "ALIGN_NONE"
_NUMBERS = ("INT64", "DOUBLE")
_ANY = ("BOOL", "INT64", "DOUBLE", "DISTRIBUTION")
_CHANGES = ("DELTA", "CUMULATIVE")
_STATES = ("GAUGE", "DELTA")
RANKS = (99, 95, 50, 5)


class Aligner(NamedTuple):
    """How the values of a period are combined, the kinds and types of metric for which it is, and the type of the result ("" = the same)."""

    combine: Callable[[Sequence[Value], float], Value]
    kinds: tuple[str, ...]
    types: tuple[str, ...]
    result: str = ""


def _mean(values: Sequence[Value], _: float) -> float:
    whole = merged(values)
    return whole.mean if isinstance(whole, Distribution) else whole / len(values)


def _percentile(rank: int) -> Callable[[Sequence[Value], float], float]:
    def found(values: Sequence[Value], _: float) -> float:
        whole = merged(values)
        return whole.percentile(rank) if isinstance(whole, Distribution) else whole

    return found


ALIGNERS: Mapping[str, Aligner] = {
    "ALIGN_DELTA": Aligner(lambda values, _: merged(values), _CHANGES, _ANY),
    "ALIGN_RATE": Aligner(lambda values, period: sum(numbers(values)) / period, _CHANGES, _NUMBERS, "DOUBLE"),
    "ALIGN_SUM": Aligner(lambda values, _: merged(values), _STATES, (*_NUMBERS, "DISTRIBUTION")),
    "ALIGN_MEAN": Aligner(_mean, _STATES, (*_NUMBERS, "DISTRIBUTION"), "DOUBLE"),
    "ALIGN_MIN": Aligner(lambda values, _: min(numbers(values)), _STATES, _NUMBERS),
    "ALIGN_MAX": Aligner(lambda values, _: max(numbers(values)), _STATES, _NUMBERS),
    "ALIGN_COUNT": Aligner(lambda values, _: len(values), _STATES, _ANY, "INT64"),
    "ALIGN_COUNT_TRUE": Aligner(lambda values, _: sum(map(bool, values)), ("GAUGE",), ("BOOL",), "INT64"),
    "ALIGN_COUNT_FALSE": Aligner(lambda values, _: sum(not one for one in values), ("GAUGE",), ("BOOL",), "INT64"),
    "ALIGN_FRACTION_TRUE": Aligner(lambda values, _: fmean(map(bool, values)), ("GAUGE",), ("BOOL",), "DOUBLE"),
    "ALIGN_NEXT_OLDER": Aligner(lambda values, _: values[-1], ("GAUGE",), _ANY),
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
    kind = "DELTA" if name == "ALIGN_DELTA" else "GAUGE"
    points = [
        Sample(until - (at + 1) * period, until - at * period, aligner.combine(values, period))
        for at, values in sorted(periods.items(), reverse=True)
    ]
    return series._replace(kind=kind, value=aligner.result or series.value, points=points)


def _changes(points: Sequence[Sample]) -> list[Sample]:
    """What was added between the points of a sum that grows; it begins again where its start is another one."""
    return [
        Sample(one.end, other.end, other.value if one.start != other.start else other.value - one.value)  # type: ignore[operator]
        for one, other in pairwise(points)
    ]
