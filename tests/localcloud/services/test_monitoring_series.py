"""Time series: what is measured, written by clients, aligned, reduced and listed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from localcloud.engine.metrics import LATENCIES
from localcloud.services.monitoring import alignment, reduction, stored_series
from localcloud.services.monitoring.alignment import ALIGNERS
from localcloud.services.monitoring.stored_series import Distribution, Sample, StoredSeries, TimeSeries

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

V3 = f"/monitoring/v3/projects/{PROJECT}"
START = datetime(2030, 1, 1, tzinfo=UTC)
WEB = {"type": "cloud_run_revision", "labels": {"project_id": PROJECT, "service_name": "web", "revision_name": "web-1"}}
COUNT, LATENCY = "run.googleapis.com/request_count", "run.googleapis.com/request_latencies"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "monitoring", "logging")
    with call.cloud.store.transaction():
        call.later(seconds=START.timestamp() - call.cloud.clock.seconds())
    return call


def later(call: Sender, seconds: float) -> None:
    with call.cloud.store.transaction():
        call.later(seconds=seconds)


def listed(call: Sender, metric: str, minutes: float = 10, **more: Any) -> Any:
    now = call.cloud.clock.seconds()
    query = {
        "filter": f'metric.type = "{metric}"',
        "interval.startTime": datetime.fromtimestamp(now - minutes * 60, UTC).isoformat(),
        "interval.endTime": datetime.fromtimestamp(now, UTC).isoformat(),
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    return call("GET", f"{V3}/timeSeries?{urlencode(query, doseq=True)}").get("timeSeries", [])


def requests(call: Sender, *codes: int, milliseconds: float = 20, service: str = "web") -> None:
    where = {"type": WEB["type"], "labels": {**WEB["labels"], "service_name": service}}  # type: ignore[dict-item]
    with call.cloud.store.transaction():
        for code in codes:
            labels = {"response_code": str(code), "response_code_class": f"{code // 100}xx"}
            call.cloud.metrics.count(PROJECT, COUNT, where, labels)
            call.cloud.metrics.sample(PROJECT, LATENCY, where, labels, milliseconds)


def values(series: Any) -> list[Any]:
    return [next(iter(point["value"].values())) for point in series["points"]]


def test_requests_are_counted_by_the_minute_and_code_newest_first(call: Sender) -> None:
    requests(call, 200, 200, 500)
    later(call, 61)
    requests(call, 200)
    good, bad = listed(call, COUNT)
    assert good["metric"] == {"type": COUNT, "labels": {"response_code": "200", "response_code_class": "2xx"}}
    assert (good["metricKind"], good["valueType"], good["resource"]) == ("DELTA", "INT64", WEB)
    assert values(good) == ["1", "2"]
    assert values(bad) == ["1"]
    assert good["points"][1]["interval"]["startTime"] == "2030-01-01T00:00:00.000000Z"
    assert good["points"][1]["interval"]["endTime"] == "2030-01-01T00:01:00.000000Z"
    assert good["points"][0]["interval"]["endTime"] < "2030-01-01T00:02"  # the minute has not ended


def test_series_are_aligned_and_reduced_by_group(call: Sender) -> None:
    requests(call, 200, 200, 500)
    requests(call, 200, service="api")
    later(call, 60)
    requests(call, 200, 404, 404)
    later(call, 60)
    (one,) = listed(
        call,
        COUNT,
        aggregation__alignmentPeriod="60s",
        aggregation__perSeriesAligner="ALIGN_RATE",
        aggregation__crossSeriesReducer="REDUCE_SUM",
    )
    assert (one["metricKind"], one["valueType"]) == ("GAUGE", "DOUBLE")
    assert [round(value * 60) for value in values(one)] == [3, 4]
    assert one["metric"] == {"type": COUNT, "labels": {}}
    grouped = listed(
        call,
        COUNT,
        aggregation__alignmentPeriod="120s",
        aggregation__perSeriesAligner="ALIGN_DELTA",
        aggregation__crossSeriesReducer="REDUCE_SUM",
        aggregation__groupByFields=["resource.label.service_name", "metric.labels.response_code_class"],
    )
    found = {
        (one["resource"]["labels"]["service_name"], one["metric"]["labels"]["response_code_class"]): values(one)
        for one in grouped
    }
    assert found == {("web", "2xx"): ["3"], ("web", "4xx"): ["2"], ("web", "5xx"): ["1"], ("api", "2xx"): ["1"]}


def test_latencies_are_distributions_with_percentiles(call: Sender) -> None:
    requests(call, *[200] * 99, milliseconds=10)
    requests(call, 200, milliseconds=5000)
    (raw,) = listed(call, LATENCY)
    value = raw["points"][0]["value"]["distributionValue"]
    assert value["count"] == "100"
    assert value["mean"] == pytest.approx(59.9)
    assert sum(map(int, value["bucketCounts"])) == 100
    assert value["bucketOptions"]["exponentialBuckets"]["numFiniteBuckets"] == 66
    for rank, least, most in (("50", 7, 11), ("99", 7, 11)):
        (one,) = listed(
            call, LATENCY, aggregation__alignmentPeriod="60s", aggregation__perSeriesAligner=f"ALIGN_PERCENTILE_{rank}"
        )
        assert least < values(one)[0] < most, rank
    requests(call, 200, 200, milliseconds=5000)
    (one,) = listed(
        call, LATENCY, aggregation__alignmentPeriod="60s", aggregation__perSeriesAligner="ALIGN_PERCENTILE_99"
    )
    assert values(one)[0] > 4000


def test_log_entries_are_counted_and_so_is_what_a_log_based_metric_matches(call: Sender) -> None:
    metric: dict[str, Any] = {
        "name": "loss",
        "filter": 'jsonPayload.event="epoch"',
        "valueExtractor": "EXTRACT(jsonPayload.loss)",
        "labelExtractors": {"model": 'REGEXP_EXTRACT(jsonPayload.run, "^([a-z]+)-")'},
        "bucketOptions": {"linearBuckets": {"numFiniteBuckets": 10, "width": 0.1, "offset": 0}},
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION"},
    }
    call("POST", f"/logging/v2/projects/{PROJECT}/metrics", metric)
    call("POST", f"/logging/v2/projects/{PROJECT}/metrics", {"name": "errors", "filter": "severity>=ERROR"})
    for severity, payload in (
        ("INFO", {"event": "epoch", "loss": 0.25, "run": "cats-1"}),
        ("INFO", {"event": "epoch", "loss": "none", "run": "cats-1"}),
        ("INFO", {"event": "epoch", "loss": "NaN", "run": "cats-1"}),
        ("ERROR", {"event": "stopped"}),
    ):
        call.cloud.store.begin()
        call.cloud.logs.log(PROJECT, "train", {"type": "global", "labels": {}}, payload, severity=severity)
        call.cloud.store.commit()
    counts = {
        one["metric"]["labels"]["severity"]: values(one)
        for one in listed(call, "logging.googleapis.com/log_entry_count")
        if one["metric"]["labels"]["log"] == "train"
    }
    assert counts == {"INFO": ["3"], "ERROR": ["1"]}
    (errors,) = listed(call, "logging.googleapis.com/user/errors")
    assert values(errors) == ["1"]
    (loss,) = listed(call, "logging.googleapis.com/user/loss")
    assert loss["metric"]["labels"] == {"model": "cats"}
    assert loss["points"][0]["value"]["distributionValue"]["bucketCounts"] == ["0", "0", "0", "1"]


@pytest.mark.parametrize("text", ["jsonPayload.loss", 'REGEXP_EXTRACT(a, "(")', 'REGEXP_EXTRACT(a, "b")'])
def test_an_extractor_that_cannot_be_read_is_refused(call: Sender, text: str) -> None:
    body = {"name": "x", "filter": "a", "valueExtractor": text}
    assert "xtract" in call.refused("POST", f"/logging/v2/projects/{PROJECT}/metrics", body).replace(
        "expression", "extract"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"exponentialBuckets": {"numFiniteBuckets": 10**8, "growthFactor": 2, "scale": 1}},
        {"exponentialBuckets": {"numFiniteBuckets": 200, "growthFactor": 1e300, "scale": 1}},
        {"linearBuckets": {}},
        {"linearBuckets": {"numFiniteBuckets": 3, "width": 0}},
        {"explicitBuckets": {"bounds": [2, 1]}},
    ],
)
def test_buckets_that_cannot_be_are_refused(call: Sender, options: Any) -> None:
    body = {"name": "x", "filter": "a", "valueExtractor": "EXTRACT(jsonPayload.x)", "bucketOptions": options}
    assert "bucket options" in call.refused("POST", f"/logging/v2/projects/{PROJECT}/metrics", body)


def point(call: Sender, value: Any, ago: float = 0, **more: Any) -> Any:
    end = datetime.fromtimestamp(call.cloud.clock.seconds() - ago, UTC).isoformat()
    metric = {"type": "custom.googleapis.com/loss", "labels": {"model": "cats"}}
    return {"metric": metric, "points": [{"interval": {"endTime": end}, "value": value}], **more}


def test_what_a_client_writes_is_described_and_read_back(call: Sender) -> None:
    call("POST", f"{V3}/timeSeries", {"timeSeries": [point(call, {"doubleValue": 0.5}, 60)]})
    call("POST", f"{V3}/timeSeries", {"timeSeries": [point(call, {"doubleValue": 0.25})]})
    described = call("GET", f"{V3}/metricDescriptors/custom.googleapis.com/loss")
    assert (described["metricKind"], described["valueType"]) == ("GAUGE", "DOUBLE")
    assert described["labels"] == [{"key": "model"}]
    (one,) = listed(call, "custom.googleapis.com/loss")
    assert values(one) == [0.25, 0.5]
    assert one["resource"] == {"type": "global", "labels": {"project_id": PROJECT}}
    (headers,) = listed(call, "custom.googleapis.com/loss", view="HEADERS")
    assert "points" not in headers
    call("DELETE", f"{V3}/metricDescriptors/custom.googleapis.com/loss")
    assert listed(call, "custom.googleapis.com/loss") == []


def test_a_sum_that_grows_is_read_as_a_rate(call: Sender) -> None:
    began = datetime.fromtimestamp(call.cloud.clock.seconds(), UTC).isoformat()
    for total in (10, 40, 100):
        one = point(call, {"int64Value": str(total)}, metricKind="CUMULATIVE")
        one["points"][0]["interval"]["startTime"] = began
        call("POST", f"{V3}/timeSeries", {"timeSeries": [one]})
        later(call, 60)
    (rate,) = listed(
        call,
        "custom.googleapis.com/loss",
        aggregation__alignmentPeriod="60s",
        aggregation__perSeriesAligner="ALIGN_RATE",
    )
    assert values(rate) == [1.0, 0.5]


@pytest.mark.parametrize(
    ("changed", "message", "status"),
    [
        ({"metric": {"type": COUNT}}, "only metrics of your own", 400),
        ({"resource": {"type": "moon"}}, "must be one of", 400),
        ({"points": []}, "exactly one point", 400),
        ({"points": [{"value": {"doubleValue": 1, "int64Value": "1"}}]}, "must be of one type", 400),
        ({"points": [{"interval": {}, "value": {"doubleValue": 1}}]}, "missing field timeSeries[0].points[0].interval.end_time", 400),
        ({"points": [{"interval": {"endTime": "2030-01-03T00:00:00Z"}, "value": {"doubleValue": 1}}]}, "25h in the past", 400),
        ({"points": [{"interval": {"endTime": "2030-01-01T00:00:00Z"}, "value": {"int64Value": "1"}}]}, "must be DOUBLE, but is INT64", 400),
        ({"points": [{"interval": {"endTime": "2030-01-01T00:00:00Z"}, "value": {"stringValue": "x"}}]}, "not stringValue", 501),
    ],
)  # fmt: skip
def test_a_point_that_is_refused(call: Sender, changed: Any, message: str, status: int) -> None:
    call("POST", f"{V3}/timeSeries", {"timeSeries": [point(call, {"doubleValue": 0.5})]})
    body = {"timeSeries": [{**point(call, {"doubleValue": 0.5}), **changed}]}
    refusal = call.refused("POST", f"{V3}/timeSeries", body, status)
    assert refusal.startswith("One or more TimeSeries could not be written: ")
    assert message in refusal


@pytest.mark.parametrize(
    ("query", "message", "status"),
    [
        ({"filter": 'resource.type="global"'}, "metric.type", 400),
        ({"interval.endTime": ""}, "end", 400),
        ({"interval.startTime": "2031-01-01T00:00:00Z"}, "must not be after", 400),
        ({"aggregation.perSeriesAligner": "ALIGN_RATE"}, "at least 60s", 400),
        ({"aggregation.crossSeriesReducer": "REDUCE_SUM"}, "needs an aligner", 400),
        ({"aggregation.perSeriesAligner": "ALIGN_STDDEV", "aggregation.alignmentPeriod": "60s"}, "has no ALIGN_STDDEV", 501),
        ({"aggregation.perSeriesAligner": "ALIGN_PERCENTILE_99", "aggregation.alignmentPeriod": "60s"}, "The aligner cannot be applied to metrics with kind DELTA and value type INT64.", 400),
        ({"aggregation.perSeriesAligner": "ALIGN_SUM", "aggregation.alignmentPeriod": "60s", "aggregation.crossSeriesReducer": "REDUCE_STDDEV"}, "has no REDUCE_STDDEV", 501),
        ({"filter": 'metric.type=starts_with("run.")', "aggregation.perSeriesAligner": "ALIGN_SUM", "aggregation.alignmentPeriod": "60s"}, "one metric type", 400),
        ({"filter": f'metric.type="{LATENCY}"', "aggregation.perSeriesAligner": "ALIGN_DELTA", "aggregation.alignmentPeriod": "60s", "aggregation.crossSeriesReducer": "REDUCE_MAX"}, "The reducer cannot be applied", 400),
    ],
)  # fmt: skip
def test_a_query_that_is_refused(call: Sender, query: Any, message: str, status: int) -> None:
    requests(call, 200)
    whole = {"filter": f'metric.type="{COUNT}"', "interval.endTime": "2030-01-01T01:00:00Z", "interval.startTime": "2029-12-31T00:00:00Z", **query}  # fmt: skip
    assert message in call.refused("GET", f"{V3}/timeSeries?{urlencode(whole)}", status=status)


def test_pages_of_series_follow_each_other(call: Sender) -> None:
    requests(call, 200, 404, 500)
    query = {"filter": f'metric.type="{COUNT}"', "interval.endTime": "2030-01-01T01:00:00Z", "interval.startTime": "2029-12-31T00:00:00Z"}  # fmt: skip
    found: list[str] = []
    token = ""
    while not found or token:
        page = call("GET", f"{V3}/timeSeries?{urlencode({**query, 'pageSize': 2, 'pageToken': token})}")
        found += [one["metric"]["labels"]["response_code"] for one in page["timeSeries"]]
        token = page.get("nextPageToken", "")
    assert found == ["200", "404", "500"]


def test_old_points_are_forgotten(call: Sender) -> None:
    requests(call, 200)
    later(call, 8 * 86_400)
    requests(call, 500)
    with call.cloud.store.transaction():
        call.cloud.metrics.forget_old()
    assert [one.labels["response_code"] for one in call.cloud.metrics.series(PROJECT, COUNT)] == ["500"]
    requests(call, 200)
    assert len(call.cloud.metrics.series(PROJECT, COUNT)) == 2


def test_what_is_measured_is_taken_back_with_what_it_measures(call: Sender) -> None:
    call.cloud.store.begin()
    call.cloud.metrics.count(PROJECT, COUNT, WEB, {"response_code": "200"})
    call.cloud.store.rollback()
    assert call.cloud.metrics.series(PROJECT, COUNT) == []
    requests(call, 200)
    assert len(listed(call, COUNT)) == 1


def series(kind: str, value: str, *numbers: float) -> TimeSeries:
    points = [Sample(at * 60, (at + 1) * 60, number) for at, number in enumerate(numbers)]
    return TimeSeries({"type": "a/b", "labels": {}}, {"type": "global", "labels": {}}, kind, value, "1", points)


@pytest.mark.parametrize(
    ("aligner", "expected"),
    [
        ("ALIGN_SUM", [3, 7]),
        ("ALIGN_MEAN", [1.5, 3.5]),
        ("ALIGN_MIN", [1, 3]),
        ("ALIGN_MAX", [2, 4]),
        ("ALIGN_COUNT", [2, 2]),
        ("ALIGN_NEXT_OLDER", [2, 4]),
        ("ALIGN_NONE", [1, 2, 3, 4]),
    ],
)
def test_each_aligner(aligner: str, expected: list[float]) -> None:
    found = alignment.aligned(series("GAUGE", "INT64", 1, 2, 3, 4), aligner, 120, 240)
    assert [one.value for one in found.points] == expected
    if aligner != "ALIGN_NONE":
        assert [(one.start, one.end) for one in found.points] == [(0, 120), (120, 240)]


@pytest.mark.parametrize(
    ("aligner", "expected"), [("ALIGN_COUNT_TRUE", 1), ("ALIGN_COUNT_FALSE", 2), ("ALIGN_FRACTION_TRUE", 1 / 3)]
)
def test_each_aligner_of_truth(aligner: str, expected: float) -> None:
    found = alignment.aligned(series("GAUGE", "BOOL", 1, 0, 0), aligner, 180, 180)
    assert [one.value for one in found.points] == [pytest.approx(expected)]


def test_each_reducer() -> None:
    several = [series("GAUGE", "DOUBLE", number) for number in (1, 2, 3, 4)]
    made = {name: reduction.reduced(several, name, [])[0].points[0].value for name in reduction.REDUCERS}
    assert made == {
        "REDUCE_SUM": 10, "REDUCE_MEAN": 2.5, "REDUCE_MIN": 1, "REDUCE_MAX": 4, "REDUCE_COUNT": 4, "REDUCE_COUNT_TRUE": 4,
        "REDUCE_COUNT_FALSE": 0, "REDUCE_FRACTION_TRUE": 1, "REDUCE_PERCENTILE_99": 4, "REDUCE_PERCENTILE_95": 4,
        "REDUCE_PERCENTILE_50": 2, "REDUCE_PERCENTILE_05": 1,
    }  # fmt: skip


def test_an_empty_distribution_has_no_percentile() -> None:
    empty = Distribution(LATENCIES, {}, 0)
    assert (empty.percentile(99), empty.mean) == (0, 0)


SUMMED = [
    (name, kind, value)
    for name, one in ALIGNERS.items()
    for kind in one.kinds
    for value in one.types
    if value != "DISTRIBUTION" or kind == "DELTA"
]
"""Log-based metrics and latencies alone are distributions: changes by the minute."""


@pytest.mark.parametrize(("name", "kind", "value"), SUMMED)
def test_the_database_aligns_a_period_as_its_points_are_aligned(call: Sender, name: str, kind: str, value: str) -> None:
    start, metrics = START.timestamp(), call.cloud.metrics
    buckets = json.dumps({"explicitBuckets": {"bounds": [1, 2, 3]}}) if value == "DISTRIBUTION" else ""
    with call.cloud.store.transaction():
        for minute, amount in enumerate((1, 0, 2, 5, 1, 4)):
            moment, since = start + 60 * minute, start + 60 * (minute // 4)
            if buckets:
                call.later(seconds=max(0, moment - call.cloud.clock.seconds()))
                for _ in range(2):
                    metrics.sample(PROJECT, "custom.googleapis.com/a", WEB, {}, amount, buckets)
            else:
                metrics.gauge(PROJECT, "custom.googleapis.com/a", WEB, {}, amount, moment, since)
        call.later(seconds=300)
    (one,) = metrics.series(PROJECT)
    about = TimeSeries({"type": one.metric, "labels": {}}, WEB, kind, value, "1", [])
    stored, until = StoredSeries(one.id, buckets, about), start + 300
    for period in (60, 120, 240, 3600):
        expected = alignment.aligned(stored_series.read(call.cloud, stored, until - period, until), name, period, until)
        found = alignment.last_period(call.cloud, stored, name, period, until)
        assert found == expected._replace(points=expected.points[-1:]), period
