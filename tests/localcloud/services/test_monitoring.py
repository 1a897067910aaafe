"""Cloud Monitoring: notification channels, alerting policies, uptime checks, dashboards and descriptors, as clients see them."""

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.monitoring import selection

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

V3 = f"/monitoring/v3/projects/{PROJECT}"
V1 = f"/monitoring/v1/projects/{PROJECT}"
RUN = 'resource.type = "cloud_run_revision"'
COUNT = f'{RUN} AND metric.type = "run.googleapis.com/request_count"'
SUM = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE", "crossSeriesReducer": "REDUCE_SUM"}
FALSE = {
    "alignmentPeriod": "1200s",
    "perSeriesAligner": "ALIGN_NEXT_OLDER",
    "crossSeriesReducer": "REDUCE_COUNT_FALSE",
    "groupByFields": ["resource.label.host"],
}
MANY: dict[str, Any] = {
    "displayName": "many",
    "conditionThreshold": {
        "filter": COUNT,
        "comparison": "COMPARISON_GT",
        "thresholdValue": 5,
        "duration": "120s",
        "aggregations": [SUM],
    },
}
LOG: dict[str, Any] = {"displayName": "error", "conditionMatchedLog": {"filter": "severity>=ERROR"}}
LIMIT = {"notificationRateLimit": {"period": "300s"}}
CHECK: dict[str, Any] = {
    "displayName": "The web site",
    "monitoredResource": {"type": "uptime_url", "labels": {"host": "web-1.europe-west1.run.app"}},
    "httpCheck": {"useSsl": True},
    "timeout": "10s",
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "monitoring", "logging")


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    """For requests that are refused, and so change nothing for the next one."""
    return sender(tmp_path_factory.mktemp("cloud"), "monitoring", "logging")


def channel(call: Sender, kind: str = "email", **labels: str) -> Any:
    body = {"type": kind, "displayName": "Team", "labels": labels or {"email_address": "team@example.com"}}
    return call("POST", f"{V3}/notificationChannels", body)


def policy(call: Sender, *conditions: Any, **more: Any) -> Any:
    body = {"displayName": "Busy", "combiner": "OR", "conditions": list(conditions or [MANY]), **more}
    return call("POST", f"{V3}/alertPolicies", body)


def test_a_channel_is_created_changed_and_listed(call: Sender) -> None:
    made = channel(call)
    assert made["enabled"] is True
    assert "verificationStatus" not in made
    assert made["creationRecord"]["mutatedBy"] == "owner@example.com"
    path = f"/monitoring/v3/{made['name']}"
    changed = call("PATCH", path, {"type": "email", "labels": {"email_address": "all@example.com"}, "enabled": False})
    assert changed["creationRecord"] == made["creationRecord"]
    assert len(changed["mutationRecords"]) == 2
    assert "displayName" not in changed
    call("PATCH", f"{path}?updateMask=displayName", {"displayName": "All"})
    channel(call, "pubsub", topic=f"projects/{PROJECT}/topics/alerts")
    listed = call("GET", f"{V3}/notificationChannels?filter=type%3Demail")["notificationChannels"]
    assert [(one["displayName"], one["enabled"]) for one in listed] == [("All", False)]
    assert call("DELETE", path) == {}


def test_what_is_secret_in_a_channel_is_not_kept(call: Sender) -> None:
    labels = {"url": "http://127.0.0.1:1/", "username": "team", "password": "s3cret"}
    made = channel(call, "webhook_basicauth", **labels)
    assert made["labels"] == {**labels, "password": "********"}
    assert "s3cret" not in str(call.cloud.store.get("monitoring", made["name"]))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"labels": {"email_address": "a@b.c"}}, "Request was missing field notification_channel.type."),
        ({"type": "email"}, "Request was missing field notification_channel.labels[email_address]."),
        ({"type": "pigeon"}, "the types of channels are email,"),
        ({"type": "email", "labels": {"email_address": "a@b.c", "url": "x"}}, "no such label"),
        ({"type": "webhook_tokenauth", "labels": {"url": "http://[x"}}, "must begin with http:// or https://"),
        ({"type": "email", "labels": {"email_address": "nobody"}}, "must be an e-mail address"),
        ({"type": "email", "labels": {"email_address": "a@b.c"}, "name": f"projects/{PROJECT}/notificationChannels/mine"}, "Field notification_channel.name.channel_id_part had an invalid value"),
    ],
)  # fmt: skip
def test_a_channel_that_google_refuses(unchanged: Sender, body: Any, message: str) -> None:
    assert message in unchanged.refused("POST", f"{V3}/notificationChannels", body)


def test_a_channel_in_use_is_deleted_only_by_force(call: Sender) -> None:
    used = channel(call)["name"]
    made = policy(call, notificationChannels=[used.replace(PROJECT, NUMBER)])
    assert made["notificationChannels"] == [used]
    refusal = call.refused("DELETE", f"/monitoring/v3/{used}")
    assert refusal == f'Could not delete "{used}" because it is still being referenced by: "{made["name"]}"'
    assert call("DELETE", f"/monitoring/v3/{used}?force=true") == {}
    assert call("GET", f"/monitoring/v3/{made['name']}").get("notificationChannels", []) == []


def test_channel_types_say_which_labels_they_need(call: Sender) -> None:
    types = call("GET", f"{V3}/notificationChannelDescriptors")["channelDescriptors"]
    assert {"email", "pubsub", "webhook_tokenauth", "slack"} <= {one["type"] for one in types}
    email = call("GET", f"{V3}/notificationChannelDescriptors/email")
    assert [label["key"] for label in email["labels"]] == ["email_address"]
    assert "there are email" in call.refused("GET", f"{V3}/notificationChannelDescriptors/pigeon", status=404)


def test_the_names_of_a_policy_and_its_conditions_are_the_servers_and_stay(call: Sender) -> None:
    made = policy(call)
    assert made["name"].startswith(f"projects/{PROJECT}/alertPolicies/")
    first = made["conditions"][0]["name"]
    assert first.startswith(f"{made['name']}/conditions/")
    assert made["enabled"] is True
    assert made["mutationRecord"] == made["creationRecord"]
    path = f"/monitoring/v3/{made['name']}"
    more = [{**made["conditions"][0], "displayName": "more"}, {**MANY, "displayName": "new"}]
    changed = call("PATCH", f"{path}?updateMask=conditions", {"conditions": more, "displayName": "no"})
    assert changed["displayName"] == "Busy"
    assert [one["displayName"] for one in changed["conditions"]] == ["more", "new"]
    assert changed["conditions"][0]["name"] == first != changed["conditions"][1]["name"]
    assert changed["creationRecord"] == made["creationRecord"]
    off = call("PATCH", f"{path}?updateMask=enabled", {"enabled": False})
    assert off["enabled"] is False
    assert call("GET", f"{V3}/alertPolicies")["alertPolicies"] == [off]
    assert call("DELETE", path) == {}
    assert call.refused("GET", path, status=404) == f"Could not find alert policy {made['name']}."


def threshold(**changed: Any) -> Any:
    return {"conditions": [{**MANY, "conditionThreshold": {**MANY["conditionThreshold"], **changed}}]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"displayName": ""}, "Request was missing field alert_policy.display_name."),
        ({"conditions": []}, "from 1 to 6 conditions, got 0"),
        ({"conditions": [MANY] * 7}, "got 7"),
        ({"conditions": [{"displayName": "x"}]}, 'Condition subtype (e.g. "condition_absent","condition_threshold", etc.) is absent or unknown.'),
        ({"conditions": [{**MANY, **LOG}]}, "Cannot set 'conditionMatchedLog'"),
        ({"conditions": [MANY, MANY], "combiner": "COMBINE_UNSPECIFIED"}, "several conditions need"),
        ({"conditions": [LOG, MANY], "alertStrategy": LIMIT}, "Alert policies with a log matching condition can only have a single condition."),
        ({"conditions": [LOG]}, "log-based alert policies must specify a notification rate limit"),
        ({"alertStrategy": LIMIT}, 'had an invalid value of "period { seconds: 300 }": only log-based'),
        ({"alertStrategy": {"autoClose": "60s"}}, "from 1800s"),
        (threshold(filter=RUN), 'must specify a restriction on "metric.type"'),
        (threshold(filter='metric.type="run.googleapis.com/request_count"'), 'must specify a restriction on "resource.type" in the filter; see'),
        (threshold(filter=f"{COUNT} AND ("), "Could not parse filter"),
        (threshold(duration="90s"), "multiple of a minute"),
        (threshold(duration="60.5s"), "whole number of seconds"),
        (threshold(comparison="COMPARISON_GE"), "Only COMPARISON_LT and COMPARISON_GT"),
        (threshold(aggregations=[{"perSeriesAligner": "ALIGN_SUM"}]), "alignment_period"),
        (threshold(aggregations=[{"crossSeriesReducer": "REDUCE_SUM"}]), "needs an aligner"),
        (threshold(evaluationMissingData="EVALUATION_MISSING_DATA_ACTIVE", duration="0s"), "non-zero duration"),
        ({"conditions": [{"displayName": "x", "conditionAbsent": {"filter": COUNT, "duration": "60s"}}]}, "from 120s"),
        ({"conditions": [{"displayName": "x", "conditionMatchedLog": {"filter": "a=("}}], "alertStrategy": LIMIT}, "Unparseable filter"),
        ({"notificationChannels": ["team"]}, "Name must begin with 'projects/{project_id}/notificationChannels/{channel_id}', got: team"),
    ],
)  # fmt: skip
def test_a_policy_that_google_refuses(unchanged: Sender, changed: Any, message: str) -> None:
    body = {"displayName": "x", "combiner": "OR", "conditions": [MANY], **changed}
    assert message in unchanged.refused("POST", f"{V3}/alertPolicies", body)


def test_a_policy_needs_its_channels_and_the_projects_own_metrics(call: Sender) -> None:
    gone = f"projects/{PROJECT}/notificationChannels/1"
    body = {"displayName": "x", "combiner": "OR", "conditions": [MANY], "notificationChannels": [gone]}
    assert "Could not find notification channel" in call.refused("POST", f"{V3}/alertPolicies", body, 404)
    kind = "logging.googleapis.com/user/errors"
    body = {"displayName": "x", "combiner": "OR", **threshold(filter=f'{RUN} AND metric.type="{kind}"')}
    refusal = call.refused("POST", f"{V3}/alertPolicies", body, 404)
    assert refusal.startswith(f'Cannot find metric(s) that match type = "{kind}". If a metric was created recently')
    metric = {"name": "errors", "filter": "severity>=ERROR"}
    call("POST", f"/logging/v2/projects/{PROJECT}/metrics", metric)
    assert call("POST", f"{V3}/alertPolicies", body)["displayName"] == "x"


def test_an_uptime_check_is_completed_and_named_for_its_title(call: Sender) -> None:
    made = call("POST", f"{V3}/uptimeCheckConfigs", CHECK)
    assert made["name"].startswith(f"projects/{PROJECT}/uptimeCheckConfigs/the-web-site-")
    assert made["period"] == "60s"
    assert made["checkerType"] == "STATIC_IP_CHECKERS"
    assert made["httpCheck"] == {"useSsl": True, "requestMethod": "GET", "path": "/", "port": 443}
    assert made["monitoredResource"]["labels"]["project_id"] == PROJECT
    path = f"/monitoring/v3/{made['name']}"
    changed = call(
        "PATCH", f"{path}?updateMask=period,httpCheck.path", {"period": "300s", "httpCheck": {"path": "/up"}}
    )
    assert (changed["period"], changed["httpCheck"]["path"], changed["timeout"]) == ("300s", "/up", "10s")
    assert call("GET", f"{V3}/uptimeCheckConfigs")["uptimeCheckConfigs"] == [changed]
    assert len(call("GET", "/monitoring/v3/uptimeCheckIps")["uptimeCheckIps"]) == 6
    watched = f'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" AND metric.labels.check_id="{path.rpartition("/")[2]}"'
    watching = policy(call, *threshold(filter=watched, aggregations=[FALSE])["conditions"])
    assert "One or more alerting policies is using it" in call.refused("DELETE", path)
    call("DELETE", f"/monitoring/v3/{watching['name']}")
    assert call("DELETE", path) == {}


def test_the_secrets_of_an_uptime_check_are_masked_and_survive_being_written_back(call: Sender) -> None:
    http = {"headers": {"X-Key": "s3cret"}, "maskHeaders": True, "authInfo": {"username": "a", "password": "s3cret"}}
    made = call("POST", f"{V3}/uptimeCheckConfigs", {**CHECK, "httpCheck": http})
    assert "s3cret" not in str(made)
    changed = call("PATCH", f"/monitoring/v3/{made['name']}", {**made, "displayName": "Site"})
    assert changed["displayName"] == "Site"
    assert str(call.cloud.store.get("monitoring", made["name"])).count("s3cret") == 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"displayName": ""}, "missing field uptime_check_config.display_name"),
        ({"timeout": "61s"}, "from 1s to 60s"),
        ({"period": "30s"}, "60s, 300s, 600s or 900s"),
        ({"tcpCheck": {"port": 80}}, "Cannot set 'tcpCheck'"),
        ({"monitoredResource": {"type": "uptime_url"}}, "labels[host]"),
        ({"monitoredResource": {"type": "uptime_url", "labels": {"host": "[x"}}}, "must be the name of a host"),
        ({"httpCheck": {"body": "aGk="}}, "GET request may not have a body"),
        ({"httpCheck": {"requestMethod": "POST"}}, "content_type"),
        ({"selectedRegions": ["EUROPE"]}, "minimum of 3 locations"),
    ],
)
def test_an_uptime_check_that_google_refuses(unchanged: Sender, changed: Any, message: str) -> None:
    assert message in unchanged.refused("POST", f"{V3}/uptimeCheckConfigs", {**CHECK, **changed})


def test_a_dashboard_has_one_layout_an_etag_and_the_projects_number(call: Sender) -> None:
    body = {
        "displayName": "Team",
        "gridLayout": {"columns": "2", "widgets": [{"title": "x", "text": {"content": "y"}}]},
    }
    made = call("POST", f"{V1}/dashboards", body)
    assert made["name"].startswith(f"projects/{NUMBER}/dashboards/")
    assert call("GET", f"/monitoring/v1/{made['name']}") == made
    path = f"/monitoring/v1/{made['name']}"
    changed = call("PATCH", path, {**made, "displayName": "Teams"})
    assert changed["etag"] != made["etag"]
    assert call("PATCH", path, made, 409)["error"]["status"] == "ABORTED"
    assert call("GET", f"{V1}/dashboards") == {"dashboards": [changed]}
    assert call("DELETE", path) == {}
    named = {**body, "name": f"projects/{PROJECT}/dashboards/ours"}
    assert call("POST", f"{V1}/dashboards", named)["name"] == f"projects/{NUMBER}/dashboards/ours"
    assert "already exists" in call.refused("POST", f"{V1}/dashboards", named, 409)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"gridLayout": {}}, "dashboard.display_name"),
        ({"displayName": "x"}, "dashboard.layout"),
        ({"displayName": "x", "gridLayout": {}, "mosaicLayout": {}}, "Cannot set 'mosaicLayout'"),
        ({"displayName": "x", "gridLayout": {"rows": 3}}, 'Unknown name "rows"'),
        ({"displayName": "x", "gridLayout": {}, "name": "projects/other/dashboards/x"}, "must be"),
    ],
)
def test_a_dashboard_that_google_refuses(unchanged: Sender, body: Any, message: str) -> None:
    assert message in unchanged.refused("POST", f"{V1}/dashboards", body)


def test_descriptors_of_googles_metrics_the_projects_own_and_those_of_logs(call: Sender) -> None:
    kind = "custom.googleapis.com/training/loss"
    body = {"type": kind, "metricKind": "GAUGE", "valueType": "DOUBLE", "labels": [{"key": "model"}]}
    made = call("POST", f"{V3}/metricDescriptors", body)
    assert made["name"] == f"projects/{PROJECT}/metricDescriptors/{kind}"
    assert call("GET", f"{V3}/metricDescriptors/{kind}") == made
    call("POST", f"/logging/v2/projects/{PROJECT}/metrics", {"name": "errors", "filter": "severity>=ERROR"})
    listed = [one["type"] for one in call("GET", f"{V3}/metricDescriptors")["metricDescriptors"]]
    assert listed == sorted(listed)
    assert {kind, "logging.googleapis.com/user/errors", "run.googleapis.com/request_latencies"} <= set(listed)
    only = call("GET", f'{V3}/metricDescriptors?filter=metric.type%3Dstarts_with("custom.googleapis.com/")')
    assert only["metricDescriptors"] == [made]
    assert "exists already with kind GAUGE" in call.refused(
        "POST", f"{V3}/metricDescriptors", {**body, "valueType": "INT64"}
    )
    assert call("DELETE", f"{V3}/metricDescriptors/{kind}") == {}
    assert "Could not find descriptor" in call.refused("GET", f"{V3}/metricDescriptors/{kind}", status=404)
    assert "must begin with custom" in call.refused(
        "POST", f"{V3}/metricDescriptors", {**body, "type": "run.googleapis.com/x"}
    )
    assert "can be deleted" in call.refused("DELETE", f"{V3}/metricDescriptors/run.googleapis.com/request_count")


def test_monitored_resources_are_described(call: Sender) -> None:
    listed = call("GET", f"{V3}/monitoredResourceDescriptors?pageSize=3")
    assert len(listed["resourceDescriptors"]) == 3
    assert listed["nextPageToken"]
    run = call("GET", f"{V3}/monitoredResourceDescriptors/cloud_run_revision")
    assert "service_name" in [label["key"] for label in run["labels"]]
    assert "Could not find descriptor" in call.refused("GET", f"{V3}/monitoredResourceDescriptors/x", status=404)


def test_viewers_see_and_only_editors_change(call: Sender) -> None:
    ann = call.as_("user:ann@example.com")
    assert "monitoring.alertPolicies.list" in ann.refused("GET", f"{V3}/alertPolicies", status=403)
    call.grant("roles/monitoring.viewer", ann.principal)
    assert ann("GET", f"{V3}/alertPolicies") == {}
    for what in ("alertPolicies", "notificationChannels", "uptimeCheckConfigs"):
        assert f"monitoring.{what}.create" in ann.refused("POST", f"{V3}/{what}", {}, 403)
    call.grant("roles/monitoring.editor", ann.principal)
    assert policy(ann)["creationRecord"]["mutatedBy"] == "ann@example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('metric.type="a.com/x"', True),
        ('metric.type=starts_with("a.com/")', True),
        ('metric.type="a.com/x" AND metric.labels.code="5xx"', True),
        ('metric.type="a.com/x" metric.label.code="2xx"', False),
        ('metric.type="a.com/x" AND metric.labels."code" != "2xx"', True),
        ('metric.type="a.com/x" AND resource.labels.name = one_of("cat", "dog")', True),
        ('metric.type="a.com/x" AND resource.labels.name != one_of("cat","dog")', False),
        ('metric.type="a.com/x" AND resource.labels.name = ends_with("at")', True),
        ('metric.type="a.com/x" AND resource.labels.name = has_substring("dog")', False),
        ('metric.type="a.com/x" AND resource.labels.name = monitoring.regex.full_match("c.*")', True),
        ('metric.type="a.com/x" AND resource.labels.name = monitoring.regex.full_match("a.*")', False),
        ('metric.type="a.com/x" AND NOT resource.labels.name = "cat"', False),
        ('metric.type="a.com/x" AND (resource.labels.name = "dog" OR metric.labels.code = "5xx")', True),
    ],
)
def test_a_filter_selects_time_series(text: str, expected: bool) -> None:
    series = {
        "metric": {"type": "a.com/x", "labels": {"code": "5xx"}},
        "resource": {"type": "global", "labels": {"name": "cat"}},
    }
    found = selection.compiled(text, "filter")
    assert found.test(series) is expected
    assert found.metric == ("" if "starts_with(" in text else "a.com/x")
