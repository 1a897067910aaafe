"""What Monitoring refuses or withstands of people who mean harm: endless work, other projects' channels, secrets in logs, odd names."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender
from tests.localcloud.services.test_monitoring_alerts import (
    BY_SERVICE,
    RATE,
    SERVED,
    V3,
    alerts,
    channel,
    condition,
    later,
    policy,
    requests,
)

LOGGED = {"displayName": "logged", "conditionMatchedLog": {"filter": "severity >= DEFAULT"}}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "monitoring", "logging", "pubsub")


def test_several_alignments_over_hours_are_refused_and_a_single_one_over_a_day_is_not(call: Sender) -> None:
    day = {**BY_SERVICE, "alignmentPeriod": "86400s"}
    body = {"displayName": "x", "combiner": "OR", "conditions": [condition(duration="86400s", aggregations=[day])]}
    call("POST", f"{V3}/alertPolicies", body)
    body["conditions"] = [condition(aggregations=[BY_SERVICE, {**day, "perSeriesAligner": "ALIGN_MAX"}])]
    assert "choose shorter ones, or a single alignment." in call.refused("POST", f"{V3}/alertPolicies", body, 501)


@pytest.mark.parametrize(
    "steps",
    [[{}] * 11, [{**BY_SERVICE, "groupByFields": ["metric.labels.a"] * 51}]],
    ids=["alignments", "labels"],
)
@pytest.mark.parametrize("field", ["aggregations", "denominatorAggregations"])
def test_what_would_be_endless_work_for_each_series_is_refused(call: Sender, steps: Any, field: str) -> None:
    body = {"displayName": "x", "conditions": [condition(denominatorFilter=SERVED, **{field: steps})]}
    assert "The local cloud " in call.refused("POST", f"{V3}/alertPolicies", body, 501)


def calls_to_judge(call: Sender) -> int:
    """How many functions are called while what is due in the next minute happens."""
    called = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal called
        called += event in ("call", "c_call")

    call.cloud.store.begin()
    sys.setprofile(count)
    call.cloud.due.run()
    sys.setprofile(None)
    call.cloud.store.commit()
    return called


@pytest.mark.parametrize(
    "watched",
    [
        condition(duration="86400s", aggregations=[BY_SERVICE]),
        condition(aggregations=[{**BY_SERVICE, "alignmentPeriod": "86400s"}]),
        {"displayName": "silent", "conditionAbsent": {"filter": SERVED, "duration": "84600s", "aggregations": [RATE]}},
    ],
    ids=["lasts a day", "aligns a day", "misses for a day"],
)
def test_a_condition_over_a_day_is_judged_by_as_much_work_as_one_over_a_minute(call: Sender, watched: Any) -> None:
    policy(call, watched)
    requests(call, 200, 500)
    later(call, 1)
    call.later(seconds=60)
    first = calls_to_judge(call)
    for _ in range(60):
        requests(call, 200, 500)
        call.later(seconds=60)
    later(call, 0)
    call.later(seconds=60)
    assert calls_to_judge(call) <= 2 * first


@pytest.mark.parametrize(
    ("conditions", "more", "message"),
    [
        ([condition(duration="999999960s")], {}, "must be a multiple of a minute from 0s to 86400s."),
        ([LOGGED], {"alertStrategy": {"notificationRateLimit": {"period": "0s"}}}, "must be at least 1s."),
    ],
)
def test_a_policy_that_never_ends_its_work_is_refused(call: Sender, conditions: Any, more: Any, message: str) -> None:
    body = {"displayName": "Busy", "combiner": "OR", "conditions": conditions, **more}
    assert message in call.refused("POST", f"{V3}/alertPolicies", body)


def test_a_condition_is_judged_by_all_minutes_that_it_lasts(call: Sender) -> None:
    policy(call, condition(duration="300s", aggregations=[BY_SERVICE]))
    for _ in range(5):
        requests(call, *[500] * 3)
        later(call, 1)
        assert alerts(call) == []
    requests(call, *[500] * 3)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1


def test_the_channel_of_another_project_is_refused(call: Sender) -> None:
    theirs = "projects/other/notificationChannels/1"
    with call.cloud.store.transaction():
        call.cloud.store.put("monitoring", theirs, {"type": "pubsub", "labels": {"topic": "projects/other/topics/t"}})
    body = {"displayName": "Busy", "combiner": "OR", "conditions": [condition()], "notificationChannels": [theirs]}
    assert f"must be a channel of the project {PROJECT}." in call.refused("POST", f"{V3}/alertPolicies", body)


def test_the_token_in_a_webhooks_address_is_in_no_log(call: Sender) -> None:
    url = "https://me:own@hooks.example.com/team/canary?token=canary"
    policy(call, condition(thresholdValue=0), notificationChannels=[channel(call, "webhook_tokenauth", url=url)])
    requests(call, 500)
    later(call, 1)
    entries = call("POST", "/logging/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"]})["entries"]
    assert "https://hooks.example.com" in json.dumps(entries)
    assert not any(secret in json.dumps(entries) for secret in ("canary", "me:own"))


@pytest.mark.parametrize(
    "host", ["a b", "x\r\ny", "me@127.0.0.1", "127.0.0.1/x", "127.0.0.1?", "127.0.0.1#", "127.0.0.1:80", "\u2100"]
)
def test_what_is_no_host_is_not_checked(call: Sender, host: str) -> None:
    where = {"type": "uptime_url", "labels": {"host": host}}
    body = {"displayName": "x", "timeout": "5s", "monitoredResource": where, "httpCheck": {}}
    assert "must be the name of a host" in call.refused("POST", f"{V3}/uptimeCheckConfigs", body)


@pytest.mark.parametrize(
    "metric",
    [
        {"type": "custom.googleapis.com/a\x1b[31m"},
        {"type": f"custom.googleapis.com/{'a' * 1000}"},
        {"type": "custom.googleapis.com/a", "labels": {"a\nb": "c"}},
    ],
)
def test_a_name_that_no_metric_has_is_refused_when_it_is_written(call: Sender, metric: Any) -> None:
    interval = {"endTime": call.cloud.clock.rfc3339()}
    sent = {"timeSeries": [{"metric": metric, "points": [{"interval": interval, "value": {"doubleValue": 1}}]}]}
    assert "had an invalid value" in call.refused("POST", f"{V3}/timeSeries", sent)


def test_a_metric_with_other_buckets_begins_anew(call: Sender) -> None:
    path = f"/logging/v2/projects/{PROJECT}/metrics"
    for buckets, verb, place, value in ((2, "POST", path, 1), (100, "PUT", f"{path}/loss", 60)):
        options = {"linearBuckets": {"numFiniteBuckets": buckets, "width": 1}}
        extracted = {"valueExtractor": "EXTRACT(jsonPayload.loss)", "bucketOptions": options}
        about = {"metricKind": "DELTA", "valueType": "DISTRIBUTION"}
        body = {"name": "loss", "filter": "jsonPayload.loss > 0", "metricDescriptor": about, **extracted}
        call(verb, place, body)
        for instance in ("1", "2") if value == 1 else ("2",):
            where = {"type": "gce_instance", "labels": {"instance_id": instance}}
            entry = {"jsonPayload": {"loss": value}, "resource": where}
            call("POST", "/logging/v2/entries:write", {"logName": f"projects/{PROJECT}/logs/x", "entries": [entry]})
    later(call, 2)
    now = call.cloud.clock.now()
    query = (
        'filter=metric.type="logging.googleapis.com/user/loss"&aggregation.alignmentPeriod=3600s'
        "&aggregation.perSeriesAligner=ALIGN_DELTA&aggregation.crossSeriesReducer=REDUCE_PERCENTILE_99"
        f"&interval.startTime={now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}&interval.endTime={now:%Y-%m-%dT%H:%M:%SZ}"
    )
    (one,) = call("GET", f"{V3}/timeSeries?{query}".replace(" ", "%20"))["timeSeries"]
    assert 60 <= one["points"][0]["value"]["doubleValue"] <= 61
