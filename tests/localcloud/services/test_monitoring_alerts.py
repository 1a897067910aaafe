"""Alerts: policies are evaluated by the clock, incidents open and close once, and channels are notified."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.router import Router
from localcloud.server.assembly import opened
from localcloud.services import SERVICES

from tests.localcloud.services.monitoring_inside import (
    COUNT,
    RATE,
    SERVED,
    START,
    V3,
    alerts,
    channel,
    condition,
    later,
    mails,
    policy,
    requests,
)
from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

BY_SERVICE = {**RATE, "groupByFields": ["resource.label.service_name"]}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "monitoring", "logging", "pubsub")
    with call.cloud.store.transaction():
        call.later(seconds=START.timestamp() - call.cloud.clock.seconds())
    return call


def test_an_incident_opens_and_closes_once_with_a_mail_for_each(call: Sender) -> None:
    policy(call, notificationChannels=[channel(call)], severity="WARNING")
    requests(call, 200, 200, 200)
    later(call, 1)
    (alert,) = alerts(call)
    assert (alert["state"], alert["openTime"]) == ("OPEN", "2030-01-01T00:01:00.000000Z")
    assert alert["policy"]["displayName"] == "Busy"
    assert alert["metric"]["type"] == COUNT
    requests(call, 200, 200, 200)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == len(mails(call)) == 1
    requests(call, 200)
    later(call, 1)
    later(call, 1)
    (alert,) = alerts(call)
    assert (alert["state"], alert["closeTime"]) == ("CLOSED", "2030-01-01T00:03:00.000000Z")
    first, last = mails(call)
    assert first.startswith(f"Alert open: Busy. {COUNT} for cloud_run_revision is above the threshold of 0.040")
    assert first.endswith("with a value of 0.050. No e-mail is sent (simulated).")
    assert last == "Alert closed: Busy. The condition many requests is no longer met. No e-mail is sent (simulated)."


def test_a_condition_must_hold_for_its_duration(call: Sender) -> None:
    policy(call, condition(duration="120s"))
    for enough in (3, 3, 1, 3, 3):
        requests(call, *[200] * enough)
        later(call, 1)
        assert alerts(call) == []
    requests(call, 200, 200, 200)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1


def test_a_duration_goes_on_after_a_restart_and_begins_anew_with_another_condition(
    call: Sender, tmp_path: Path
) -> None:
    made = policy(call, condition(duration="120s"))
    for _ in range(2):
        requests(call, *[200] * 3)
        later(call, 1)
    call.cloud.store.close()
    cloud = opened(tmp_path)
    call = Sender(cloud, Dispatcher(cloud, Router(SERVICES)))
    (known,) = made["conditions"]
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=displayName", {"displayName": "Very busy"})
    requests(call, *[200] * 3)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1
    requests(call, 200)
    later(call, 1)
    assert alerts(call, "OPEN") == []
    for _ in range(2):
        requests(call, *[200] * 3)
        later(call, 1)
    known["conditionThreshold"] |= {"thresholdValue": 0.03}
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=conditions", {"conditions": [known]})
    for opened_now in (0, 0, 1):
        requests(call, *[200] * 3)
        later(call, 1)
        assert len(alerts(call, "OPEN")) == opened_now


def test_minutes_that_the_clock_passes_over_are_evaluated_too(call: Sender) -> None:
    policy(call, notificationChannels=[channel(call)])
    requests(call, 200, 200, 200)
    with call.cloud.store.transaction():
        call.later(seconds=120)
    requests(call, 200)
    later(call, 24 * 60)
    (alert,) = alerts(call)
    assert alert["state"] == "CLOSED"
    assert (alert["openTime"][11:16], alert["closeTime"][11:16]) == ("00:01", "00:03")
    assert len(mails(call)) == 2


def test_each_series_has_its_own_incident(call: Sender) -> None:
    policy(call, condition(aggregations=[BY_SERVICE]))
    requests(call, 200, 200, 200)
    requests(call, 200, 200, 200, service="api")
    requests(call, 200, service="docs")
    later(call, 1)
    assert {one["resource"]["labels"]["service_name"] for one in alerts(call, "OPEN")} == {"web", "api"}
    requests(call, 200, service="api")
    requests(call, 200, 200, 200)
    later(call, 1)
    assert [one["resource"]["labels"]["service_name"] for one in alerts(call, "OPEN")] == ["web"]


def test_a_trigger_needs_so_many_series(call: Sender) -> None:
    policy(call, condition(aggregations=[BY_SERVICE], trigger={"count": 2}))
    requests(call, 200, 200, 200)
    later(call, 1)
    assert alerts(call) == []
    requests(call, 200, 200, 200)
    requests(call, 200, 200, 200, service="api")
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 2


def test_a_ratio_of_errors_to_requests(call: Sender) -> None:
    errors = condition(
        filter=f'{SERVED} AND metric.labels.response_code_class="5xx"',
        denominatorFilter=SERVED,
        denominatorAggregations=[BY_SERVICE],
        aggregations=[BY_SERVICE],
        thresholdValue=0.25,
    )
    policy(call, errors)
    requests(call, 200, 200, 200, 500)
    later(call, 1)
    assert alerts(call) == []
    requests(call, 200, 500)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1
    requests(call, 200)
    later(call, 1)
    assert len(alerts(call, "CLOSED")) == 1


def test_the_slowest_requests_are_watched(call: Sender) -> None:
    slow = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_95"}
    latency = 'resource.type="cloud_run_revision" AND metric.type="run.googleapis.com/request_latencies"'
    policy(call, condition(filter=latency, aggregations=[slow], thresholdValue=300))
    requests(call, *[200] * 20)
    later(call, 1)
    assert alerts(call) == []
    requests(call, *[504] * 20)  # which take as many milliseconds
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1


def test_data_that_stops_is_missed_once_and_then_let_go(call: Sender) -> None:
    absent = {
        "displayName": "silent",
        "conditionAbsent": {"filter": SERVED, "duration": "180s", "aggregations": [RATE]},
    }
    policy(call, absent)
    later(call, 10)
    assert alerts(call) == []  # what never was is not missed
    requests(call, 200)
    later(call, 3)
    assert alerts(call) == []
    later(call, 2)
    assert len(alerts(call, "OPEN")) == 1
    requests(call, 200)
    later(call, 1)
    assert len(alerts(call, "CLOSED")) == 1


def test_an_incident_without_data_stays_open_until_it_closes_by_itself(call: Sender) -> None:
    policy(call, alertStrategy={"autoClose": "1800s"})
    requests(call, 200, 200, 200)
    later(call, 25)
    assert len(alerts(call, "OPEN")) == 1
    later(call, 10)
    (alert,) = alerts(call)
    assert (alert["state"], alert["closeTime"][11:16]) == ("CLOSED", "00:31")


def test_missing_data_may_count_as_well(call: Sender) -> None:
    policy(call, condition(duration="60s", evaluationMissingData="EVALUATION_MISSING_DATA_INACTIVE"))
    for _ in range(2):
        requests(call, 200, 200, 200)
        later(call, 1)
    assert len(alerts(call, "OPEN")) == 1
    later(call, 1)
    assert len(alerts(call, "CLOSED")) == 1


@pytest.mark.parametrize(("combiner", "expected"), [("AND", 1), ("AND_WITH_MATCHING_RESOURCE", 0), ("OR", 2)])
def test_conditions_are_combined(call: Sender, combiner: str, expected: int) -> None:
    ours = condition(filter=f'{SERVED} AND resource.labels.service_name="web"', aggregations=[BY_SERVICE])
    theirs = condition(filter=f'{SERVED} AND resource.labels.service_name="api"', aggregations=[BY_SERVICE])
    policy(call, ours, {**theirs, "displayName": "api"}, combiner=combiner)
    requests(call, 200, 200, 200)
    later(call, 1)
    assert len(alerts(call)) == (1 if combiner == "OR" else 0)
    requests(call, 200, 200, 200)
    requests(call, 200, 200, 200, service="api")
    later(call, 1)
    assert len(alerts(call, "OPEN")) == expected
    requests(call, 200)
    requests(call, 200, service="api")
    later(call, 1)
    assert alerts(call, "OPEN") == []


def test_a_log_entry_that_matches_notifies_but_not_more_often_than_it_may(call: Sender) -> None:
    strategy = {"notificationRateLimit": {"period": "300s"}, "autoClose": "1800s"}
    error = {"displayName": "error", "conditionMatchedLog": {"filter": 'severity>=ERROR AND logName:"train"'}}
    policy(call, error, alertStrategy=strategy, notificationChannels=[channel(call)])

    def log(severity: str) -> None:
        with call.cloud.store.transaction():
            call.cloud.logs.log(PROJECT, "train", {"type": "global", "labels": {}}, "x", severity=severity)

    for severity in ("INFO", "ERROR", "ERROR"):
        log(severity)
    assert len(alerts(call, "OPEN")) == len(mails(call)) == 1
    later(call, 6)
    log("ERROR")
    assert (len(alerts(call, "OPEN")), len(alerts(call, "CLOSED")), len(mails(call))) == (1, 1, 2)
    later(call, 31)
    assert (len(alerts(call, "OPEN")), len(mails(call))) == (0, 2)


def test_the_log_entry_of_a_mail_opens_no_incident_itself(call: Sender) -> None:
    strategy = {"notificationRateLimit": {"period": "1s"}}
    every = {"displayName": "any", "conditionMatchedLog": {"filter": "severity>=WARNING"}}
    for name in ("one", "other"):
        policy(call, every, displayName=name, alertStrategy=strategy, notificationChannels=[channel(call)])
    with call.cloud.store.transaction():
        call.cloud.logs.log(PROJECT, "train", {"type": "global", "labels": {}}, "x", severity="ERROR")
    assert len(alerts(call)) == len(mails(call)) == 2


def test_a_topic_gets_the_message_that_google_sends(call: Sender) -> None:
    topic = f"projects/{PROJECT}/topics/alerts"
    call("PUT", f"/pubsub/v1/{topic}", {})
    call("PUT", f"/pubsub/v1/projects/{PROJECT}/subscriptions/alerts", {"topic": topic})
    busy = policy(
        call,
        notificationChannels=[channel(call, "pubsub", topic=topic)],
        documentation={"content": "Scale up."},
        userLabels={"team": "cats"},
    )
    requests(call, 200, 200, 200)
    later(call, 1)
    refused = call("POST", "/logging/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": 'log_id("monitoring.googleapis.com/notifications")'})  # fmt: skip
    assert "could not be delivered" in refused["entries"][0]["jsonPayload"]["message"]
    agent = call.cloud.agents.member("monitoring", PROJECT)
    granted = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
    call("POST", f"/pubsub/v1/{topic}:setIamPolicy", granted)
    requests(call, 200)
    later(call, 1)
    path = f"/pubsub/v1/projects/{PROJECT}/subscriptions/alerts:pull"
    (received,) = call("POST", path, {"maxMessages": 10})["receivedMessages"]
    message = json.loads(base64.b64decode(received["message"]["data"]))
    assert message["version"] == "1.2"
    incident = message["incident"]
    assert incident["state"] == "closed"
    assert incident["policy_name"] == "Busy"
    assert incident["policy_user_labels"] == {"team": "cats"}
    assert incident["documentation"]["content"] == "Scale up."
    assert incident["threshold_value"] == "0.04"
    assert incident["condition"]["name"] == busy["conditions"][0]["name"]
    assert incident["ended_at"] - incident["started_at"] == 60


def test_a_policy_or_channel_that_is_off_is_silent(call: Sender) -> None:
    mail = channel(call)
    made = policy(call, notificationChannels=[mail])
    call("PATCH", f"/monitoring/v3/{mail}?updateMask=enabled", {"enabled": False})
    requests(call, 200, 200, 200)
    later(call, 1)
    assert (len(alerts(call, "OPEN")), mails(call)) == (1, [])
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=enabled", {"enabled": False})
    assert len(alerts(call, "CLOSED")) == 1
    requests(call, 200, 200, 200)
    later(call, 5)
    assert alerts(call, "OPEN") == []
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=enabled", {"enabled": True})
    requests(call, 200, 200, 200)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1
    call("DELETE", f"/monitoring/v3/{made['name']}")
    assert alerts(call, "OPEN") == []


def test_only_openings_notify_if_the_policy_says_so(call: Sender) -> None:
    policy(call, notificationChannels=[channel(call)], alertStrategy={"notificationPrompts": ["OPENED"]})
    requests(call, 200, 200, 200)
    later(call, 1)
    requests(call, 200)
    later(call, 1)
    assert len(alerts(call, "CLOSED")) == len(mails(call)) == 1


def snooze(name: str, **changed: Any) -> dict[str, Any]:
    interval = {"startTime": "2030-01-01T00:01:00Z", "endTime": "2030-01-01T01:00:00Z"}
    return {"displayName": "repairs", "criteria": {"policies": [name]}, "interval": interval, **changed}


def test_a_snoozed_policy_opens_no_incident_until_the_snooze_ends(call: Sender) -> None:
    name = policy(call)["name"]
    made = call("POST", f"{V3}/snoozes", snooze(name))
    assert call("GET", f"{V3}/snoozes")["snoozes"] == [made]
    requests(call, 200, 200, 200)
    later(call, 2)
    assert alerts(call) == []
    shorter = {"interval": {**made["interval"], "endTime": "2030-01-01T00:03:00Z"}}
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=interval", shorter)
    later(call, 1)
    requests(call, 200, 200, 200)
    later(call, 1)
    assert len(alerts(call, "OPEN")) == 1


@pytest.mark.parametrize(
    ("changed", "message", "status"),
    [
        ({"displayName": ""}, "snooze.display_name", 400),
        ({"interval": {"endTime": "2030-01-01T01:00:00Z"}}, "startTime", 400),
        ({"interval": {"startTime": "2029-01-01T00:00:00Z", "endTime": "2030-01-01T01:00:00Z"}}, "in the past", 400),
        ({"interval": {"startTime": "2030-01-02T00:00:00Z", "endTime": "2030-01-01T01:00:00Z"}}, "not end before", 400),
        ({"criteria": {}}, "from 1 to 16 policies", 400),
        ({"criteria": {"policies": [f"projects/{PROJECT}/alertPolicies/1"]}}, "no such policy", 400),
        ({"criteria": {"policies": ["x"], "filter": "a=b"}}, "snoozes whole policies", 501),
    ],
)
def test_a_snooze_that_is_refused(call: Sender, changed: Any, message: str, status: int) -> None:
    assert message in call.refused("POST", f"{V3}/snoozes", snooze(policy(call)["name"], **changed), status)


def test_messages_that_nobody_takes_are_watched(call: Sender) -> None:
    topic = f"projects/{PROJECT}/topics/work"
    call("PUT", f"/pubsub/v1/{topic}", {})
    call("PUT", f"/pubsub/v1/projects/{PROJECT}/subscriptions/work", {"topic": topic})
    waiting = 'resource.type="pubsub_subscription" AND metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages"'
    latest = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_MAX"}
    policy(call, condition(filter=waiting, aggregations=[latest], thresholdValue=1))
    later(call, 1)
    assert alerts(call) == []
    call("POST", f"/pubsub/v1/{topic}:publish", {"messages": [{"data": "YQ=="}, {"data": "Yg=="}]})
    later(call, 1)
    (alert,) = alerts(call, "OPEN")
    assert alert["resource"]["labels"]["subscription_id"] == "work"


def test_a_metric_that_becomes_another_makes_its_policy_invalid(call: Sender) -> None:
    kind = "custom.googleapis.com/loss"
    described = {"type": kind, "metricKind": "GAUGE", "valueType": "DOUBLE"}
    call("POST", f"{V3}/metricDescriptors", described)
    mean = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_MEAN"}
    made = policy(call, condition(filter=f'resource.type="global" AND metric.type="{kind}"', aggregations=[mean]))
    call("DELETE", f"{V3}/metricDescriptors/{kind}")
    call("POST", f"{V3}/metricDescriptors", {**described, "valueType": "BOOL"})
    point = {"interval": {"endTime": "2030-01-01T00:00:30Z"}, "value": {"boolValue": True}}
    call("POST", f"{V3}/timeSeries", {"timeSeries": [{"metric": {"type": kind}, "points": [point]}]})
    later(call, 1)
    found = call("GET", f"/monitoring/v3/{made['name']}")
    assert "The aligner cannot be applied" in found["validity"]["message"]


@pytest.mark.parametrize(
    ("step", "message", "status"),
    [
        ({"perSeriesAligner": "ALIGN_PERCENTILE_99"}, "kind DELTA and value type INT64", 400),
        ({"perSeriesAligner": "ALIGN_INTERPOLATE"}, "has no ALIGN_INTERPOLATE", 501),
        ({"perSeriesAligner": "ALIGN_SUM", "crossSeriesReducer": "REDUCE_STDDEV"}, "has no REDUCE_STDDEV", 501),
    ],
)
def test_a_policy_that_could_not_be_evaluated_is_refused(call: Sender, step: Any, message: str, status: int) -> None:
    body = {"displayName": "x", "conditions": [condition(aggregations=[{"alignmentPeriod": "60s", **step}])]}
    assert message in call.refused("POST", f"{V3}/alertPolicies", body, status)
