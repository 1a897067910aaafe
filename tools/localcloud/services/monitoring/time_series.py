"""Time series as clients read and write them.

Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from localcloud.engine import paging
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, unimplemented
from localcloud.services.monitoring import alignment, metrics, reduction, selection, stored_series
from localcloud.services.monitoring.catalogue import RESOURCES
from localcloud.services.monitoring.names import missing, seconds, wrong
from localcloud.services.monitoring.stored_series import TimeSeries
from localcloud.spec.timestamps import parse, rfc3339

_USUAL, _MOST = 100_000, 100_000
_SHORTEST = 60
_FUTURE, _PAST = 300, 25 * 3600
_FIELDS = {"boolValue": "BOOL", "int64Value": "INT64", "doubleValue": "DOUBLE"}
_AT_ONCE = 200


def list_(call: Call) -> Body:
    """timeSeries.list: the newest points first."""
    selected = selection.compiled(call.params.get("filter", ""), "filter")
    if not call.params.get("interval.endTime"):
        raise missing("interval.end_time")
    until = _moment(call.params["interval.endTime"], "interval.end_time")
    after = _moment(call.params.get("interval.startTime") or call.params["interval.endTime"], "interval.start_time")
    if after > until:
        raise wrong("interval", call.params["interval.startTime"], "The start time must not be after the end time.")
    steps = [one for one in (_aggregation(call, "aggregation"), _aggregation(call, "secondaryAggregation")) if one]
    question = f"{call.path}?{call.params.get('filter')}&{after}&{until}&{steps}"
    stored = stored_series.selected(call.cloud, call.project or "", selected)
    read = [stored_series.read(call.cloud, one, math.nextafter(after, 0), until) for one in stored]
    found = [series for series in reduction.aggregated(read, steps, until) if series.points]
    size = paging.size(call.params.get("pageSize"), _USUAL, _MOST)
    skipped = int(paging.after(call.params.get("pageToken", ""), question) or 0)
    page, more = paging.cut(list(enumerate(found, 1))[skipped:], size, lambda pair: str(pair[0]), question)
    bare = call.params.get("view") == "HEADERS"
    return {"timeSeries": [_presented(series, bare=bare) for _, series in page], **more} if page else {}


def create(call: Call) -> Body:
    """timeSeries.create: one point for each series of metrics of the project's own, which are described by what is written."""
    sent = call.body.get("timeSeries", [])
    if not sent:
        raise missing("time_series")
    if len(sent) > _AT_ONCE:
        raise invalid(
            f"Field timeSeries had an invalid value: at most {_AT_ONCE} time series are written at once.", "time_series"
        )
    for at, one in enumerate(sent):
        try:
            _write(call, one, f"timeSeries[{at}]")
        except CloudError as problem:
            problem.message = f"One or more TimeSeries could not be written: {problem.message}"
            raise
    return {}


def _write(call: Call, one: Body, field: str) -> None:
    metric, points = one.get("metric", {}), one.get("points", [])
    kind, project = metric.get("type", ""), call.project or ""
    if not kind.startswith(metrics.OWN):
        raise wrong(f"{field}.metric.type", kind, f"only metrics of your own ({metrics.OWN[0]}…) can be written.")
    metrics.check_names(f"{field}.metric", kind, metric.get("labels", {}))
    resource = one.get("resource") or {"type": "global"}
    if resource.get("type") not in RESOURCES:
        raise wrong(f"{field}.resource.type", resource.get("type", ""), f"must be one of {', '.join(RESOURCES)}.")
    if len(points) != 1:
        raise wrong(f"{field}.points", len(points), "must have exactly one point.")
    given = points[0].get("value", {})
    if len(given) > 1:
        raise wrong(f"{field}.points[0].value", ", ".join(given), "must be of one type.")
    name, value = next(iter(given.items()), ("", ""))
    if name not in _FIELDS:
        raise unimplemented(
            f"The local cloud writes {', '.join(_FIELDS)}, not {name or 'a point without a value'} ({field})."
        )
    about = _descriptor(call, one, kind, _FIELDS[name], field)
    start, end = _interval(call, points[0].get("interval", {}), f"{field}.points[0].interval")
    labels = {"project_id": project, **resource.get("labels", {})}
    where = {"type": resource["type"], "labels": labels}
    since = start if about["metricKind"] == "CUMULATIVE" else 0
    call.cloud.metrics.gauge(project, kind, where, metric.get("labels", {}), float(value), end, since)


def _interval(call: Call, interval: Body, field: str) -> tuple[float, float]:
    """The start and end of a point that is written; 400 for an end too long ago or in the future."""
    if not interval.get("endTime"):
        raise missing(f"{field}.end_time")
    end = _moment(interval["endTime"], f"{field}.end_time")
    start = _moment(interval.get("startTime") or interval["endTime"], f"{field}.start_time")
    if not -_PAST <= end - call.cloud.clock.seconds() <= _FUTURE:
        why = "Data points cannot be written more than 25h in the past, or more than 5 minutes in the future."
        raise wrong(f"{field}.end_time", interval["endTime"], why)
    return start, end


def _descriptor(call: Call, one: Body, kind: str, value: str, field: str) -> Body:
    """The descriptor of what is written, created with the first point; 400 for a value that is not of its type."""
    about = metrics.find(call.cloud, call.project or "", kind)
    if about is None:
        given = one.get("metricKind", "METRIC_KIND_UNSPECIFIED")
        how = "GAUGE" if given == "METRIC_KIND_UNSPECIFIED" else given
        labels = [{"key": key} for key in one.get("metric", {}).get("labels", {})]
        about = {"type": kind, "metricKind": how, "valueType": value, "labels": labels}
        return metrics.keep(call.cloud, call.project or "", about)
    if about["valueType"] != value:
        why = f"Value type for metric {kind} must be {about['valueType']}, but is {value}."
        raise wrong(f"{field}.points[0].value", value, why)
    return about


def _aggregation(call: Call, which: str) -> Body:
    """An Aggregation that stands in the query, {} for none."""
    names = ("alignmentPeriod", "perSeriesAligner", "crossSeriesReducer", "groupByFields")
    found = {name: call.params[f"{which}.{name}"] for name in names if call.params.get(f"{which}.{name}")}
    aligner = found.get("perSeriesAligner", alignment.NONE)
    period = seconds(found["alignmentPeriod"], f"{which}.alignmentPeriod") if "alignmentPeriod" in found else 0
    if aligner != alignment.NONE and period < _SHORTEST:
        raise wrong(f"{which}.alignmentPeriod", found.get("alignmentPeriod", ""), f"must be at least {_SHORTEST}s.")
    if aligner == alignment.NONE and found.get("crossSeriesReducer", reduction.NONE) != reduction.NONE:
        raise wrong(
            f"{which}.crossSeriesReducer", found["crossSeriesReducer"], "needs an aligner other than ALIGN_NONE."
        )
    return found


def _moment(text: str, field: str) -> float:
    try:
        return parse(text).timestamp()
    except (ValueError, OverflowError):
        raise wrong(field, text, "must be a time such as 2030-01-01T00:00:00Z.") from None


def _presented(series: TimeSeries, *, bare: bool) -> Body:
    points = [
        {
            "interval": {"startTime": _time(one.start), "endTime": _time(one.end)},
            "value": stored_series.typed_value(one.value, series.value),
        }
        for one in reversed(series.points)
    ]
    about = {"metric": series.metric, "resource": series.resource, "metricKind": series.kind, "valueType": series.value}
    return {**about, **({} if bare else {"points": points}), **({"unit": series.unit} if series.unit else {})}


def _time(moment: float) -> str:
    return rfc3339(datetime.fromtimestamp(moment, UTC))
