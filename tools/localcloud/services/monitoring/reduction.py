"""Reduction: aligned time series become one for each group, by the labels that are kept.

Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#reducer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from statistics import fmean
from typing import Any, NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import unimplemented
from localcloud.services.monitoring import alignment, stored_series
from localcloud.services.monitoring.alignment import RANKS
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

NONE = "REDUCE_NONE"
_MINUTE = 60
_FIELD = re.compile(r'(metric|resource)\.labels?\."?([A-Za-z0-9_]+)"?')


class Reducer(NamedTuple):
    """How the values of several series are combined, the type of the result ("" = the same), and whether it takes distributions."""

    combine: Callable[[Sequence[Value]], Value]
    result: str = ""
    of_distributions: bool = False


def _percentile(rank: int) -> Callable[[Sequence[Value]], Value]:
    def found(values: Sequence[Value]) -> Value:
        whole = merged(values)
        if isinstance(whole, Distribution):
            return whole.percentile(rank)
        return sorted(numbers(values))[max(ceil(len(values) * rank / 100) - 1, 0)]

    return found


REDUCERS: Mapping[str, Reducer] = {
    "REDUCE_SUM": Reducer(merged, of_distributions=True),
    "REDUCE_MEAN": Reducer(mean, "DOUBLE", of_distributions=True),
    "REDUCE_MIN": Reducer(lambda values: min(numbers(values))),
    "REDUCE_MAX": Reducer(lambda values: max(numbers(values))),
    "REDUCE_COUNT": Reducer(len, "INT64", of_distributions=True),
    "REDUCE_COUNT_TRUE": Reducer(lambda values: sum(map(bool, values)), "INT64"),
    "REDUCE_COUNT_FALSE": Reducer(lambda values: sum(not one for one in values), "INT64"),
    "REDUCE_FRACTION_TRUE": Reducer(lambda values: fmean(map(bool, values)), "DOUBLE"),
    **{f"REDUCE_PERCENTILE_{rank:02}": Reducer(_percentile(rank), "DOUBLE", of_distributions=True) for rank in RANKS},
}


def check(name: str) -> None:
    """501 for a reducer that the local cloud does not have."""
    if name != NONE and name not in REDUCERS:
        raise unimplemented(f"The local cloud has no {name}; it has {', '.join(REDUCERS)}.")


def reduced(all_series: Iterable[TimeSeries], name: str, fields: Sequence[str]) -> list[TimeSeries]:
    """One time series for each combination of the values of the fields that are kept."""
    if name == NONE:
        return list(all_series)
    check(name)
    reducer = REDUCERS[name]
    groups: dict[str, list[TimeSeries]] = {}
    kept: dict[str, tuple[Body, Body]] = {}
    for series in all_series:
        if series.value == "DISTRIBUTION" and not reducer.of_distributions:
            why = f"The reducer cannot be applied to metrics with kind {series.kind} and value type {series.value}."
            raise wrong("aggregation.crossSeriesReducer", name, why)
        about = _labels(series.metric, "metric", fields), _labels(series.resource, "resource", fields)
        groups.setdefault(str(about), []).append(series)
        kept[str(about)] = about
    return [_reduced(groups[key], reducer, *kept[key]) for key in groups]


def _reduced(group: Sequence[TimeSeries], reducer: Reducer, metric: Body, resource: Body) -> TimeSeries:
    values: dict[tuple[float, float], list[Value]] = {}
    for series in group:
        for point in series.points:
            values.setdefault((point.start, point.end), []).append(point.value)
    points = [Sample(*when, reducer.combine(values[when])) for when in sorted(values, key=lambda one: one[1])]
    return group[0]._replace(metric=metric, resource=resource, value=reducer.result or group[0].value, points=points)


def _labels(about: Mapping[str, Any], part: str, fields: Sequence[str]) -> Body:
    labels = about.get("labels", {})
    matches = [_FIELD.fullmatch(field) for field in fields]
    kept = {match[2]: labels[match[2]] for match in matches if match and match[1] == part and match[2] in labels}
    return {"type": about["type"], "labels": dict(sorted(kept.items()))}


def kept(series: TimeSeries, aggregations: Sequence[Body]) -> TimeSeries:
    """A time series as what is left of its labels after all reductions."""
    for one in aggregations:
        if one.get("crossSeriesReducer", NONE) != NONE:
            fields = one.get("groupByFields", [])
            series = series._replace(
                metric=_labels(series.metric, "metric", fields), resource=_labels(series.resource, "resource", fields)
            )
    return series


def aggregated(all_series: Iterable[TimeSeries], aggregations: Sequence[Body], until: float) -> list[TimeSeries]:
    """Time series, aligned and reduced by one Aggregation after another; the last period ends at `until`."""
    found = list(all_series)
    _check_one_metric(found, aggregations)
    for one in aggregations:
        aligner, reducer, period = _step(one)
        found = [alignment.aligned(series, aligner, period, until) for series in found]
        found = reduced(found, reducer, one.get("groupByFields", []))
    return found


def last_period(
    cloud: Cloud, stored: Sequence[StoredSeries], aggregations: Sequence[Body], until: float
) -> list[TimeSeries]:
    """Stored time series with their last point of all that `aggregated` makes of them, if it ends at `until`.

    One alignment, as nearly every condition has, is left to the database.
    """
    reach = sum(_step(one)[2] for one in aggregations) or _MINUTE
    if len(aggregations) == 1 and aggregations[0].get("perSeriesAligner", alignment.NONE) != alignment.NONE:
        _check_one_metric([one.about for one in stored], aggregations)
        aligner, reducer, period = _step(aggregations[0])
        aligned = [alignment.last_period(cloud, one, aligner, period, until) for one in stored]
        found = reduced([one for one in aligned if one.points], reducer, aggregations[0].get("groupByFields", []))
    else:
        near = [stored_series.read(cloud, one, until - reach, until) for one in stored]
        found = aggregated([one for one in near if one.points], aggregations, until)
    return [
        one._replace(points=one.points[-1:])
        for one in found
        if one.points and (not aggregations or one.points[-1].end == until)
    ]


def _check_one_metric(found: Sequence[TimeSeries], aggregations: Sequence[Body]) -> None:
    if aggregations and len(kinds := sorted({series.metric["type"] for series in found})) > 1:
        raise wrong("filter", " and ".join(kinds), "only the time series of one metric type can be aggregated.")


def _step(one: Body) -> tuple[str, str, float]:
    """The aligner, reducer and alignment period (seconds) of an Aggregation."""
    period = float(str(one.get("alignmentPeriod", "60s")).rstrip("s"))
    if period <= 0:
        raise wrong("aggregation.alignmentPeriod", one["alignmentPeriod"], "must be at least 60s.")
    return one.get("perSeriesAligner", alignment.NONE), one.get("crossSeriesReducer", NONE), period
