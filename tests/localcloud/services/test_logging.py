"""Cloud Logging: entries that clients write and read, sinks, metrics, and the admin activity of other services."""

from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

LOGGING = "/logging/v2"
LOG = f"projects/{PROJECT}/logs/python"
SINKS = f"{LOGGING}/projects/{PROJECT}/sinks"
METRICS = f"{LOGGING}/projects/{PROJECT}/metrics"
TOPIC = f"pubsub.googleapis.com/projects/{PROJECT}/topics/t"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "secretmanager")


def write(call: Sender, *entries: Any, status: int = 200, **shared: Any) -> Any:
    body = {"logName": LOG, "resource": {"type": "global"}, "partialSuccess": True, "dry_run": False, **shared}
    return call("POST", f"{LOGGING}/entries:write", {**body, "entries": list(entries)}, status)


def read(call: Sender, text: str = "", **more: Any) -> list[Any]:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": text, **more}
    return list(call("POST", f"{LOGGING}/entries:list", body).get("entries", []))


def test_what_the_python_client_writes_is_read_back(call: Sender) -> None:
    write(
        call,
        {"textPayload": "hello", "severity": 400},
        {"jsonPayload": {"message": "x"}, "severity": "INFO", "labels": {"a": "b"}},
        labels={"python_logger": "root"},
    )
    first, second = read(call, f'logName="{LOG}"', orderBy="timestamp asc")
    assert (first["textPayload"], first["severity"]) == ("hello", "WARNING")
    assert first["resource"] == {"type": "global", "labels": {"project_id": PROJECT}}
    assert second["labels"] == {"python_logger": "root", "a": "b"}
    assert first["insertId"] != second["insertId"]
    assert first["receiveTimestamp"]
    assert call("GET", f"{LOGGING}/projects/{PROJECT}/logs")["logNames"] == [LOG]


def test_admin_activity_is_read_back_as_gcloud_asks_for_it(call: Sender) -> None:
    path = f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=key"
    call("POST", path, {"replication": {"automatic": {}}})
    text = 'timestamp>="2020-01-01T00:00:00Z" AND log_id("cloudaudit.googleapis.com/activity") protoPayload.serviceName=secretmanager.googleapis.com'
    entries = read(call, text, orderBy="timestamp desc", pageSize=1000)
    assert [entry["protoPayload"]["methodName"] for entry in entries] == [
        "google.cloud.secretmanager.v1.SecretManagerService.CreateSecret"
    ]


def test_pages_continue_where_the_last_one_ended_in_either_order(call: Sender) -> None:
    write(call, *({"textPayload": str(number), "timestamp": f"2026-11-21T00:00:0{number}Z"} for number in range(5)))
    for order, expected in (("timestamp asc", "01234"), ("timestamp desc", "43210")):
        seen, token = "", ""
        while True:
            body = {"resourceNames": [f"projects/{NUMBER}"], "orderBy": order, "pageSize": 2, "pageToken": token}
            page = call("POST", f"{LOGGING}/entries:list", body)
            seen += "".join(entry["textPayload"] for entry in page["entries"])
            token = page.get("nextPageToken", "")
            if not token:
                break
        assert seen == expected
    assert "begin again" in call.refused("POST", f"{LOGGING}/entries:list", body | {"pageToken": "x"})


@pytest.mark.parametrize(
    ("log", "status"),
    [
        ("cloudaudit.googleapis.com%2Factivity", 403),
        ("cloudaudit.googleapis.com%2factivity", 403),
        ("%63loudaudit.googleapis.com%2Fdata_access", 403),
        ("externalaudit.googleapis.com%2Factivity", 403),
        ("cloudaudit.googleapis.com/activity", 400),
        ("x/logs/cloudaudit.googleapis.com%2Factivity", 400),
        ("two words", 400),
        ("", 400),
        ("x" * 512, 400),
    ],
)
def test_nobody_writes_the_audit_log_under_any_spelling(call: Sender, log: str, status: int) -> None:
    entry = {"logName": f"projects/{PROJECT}/logs/{log}", "protoPayload": {"@type": "x"}}
    write(call, entry, status=status)
    assert not read(call)


def test_a_log_has_one_name_however_it_is_spelt(call: Sender) -> None:
    for log in ("run.googleapis.com%2Fstdout", "run.googleapis.com%2fstdout", "%72un.googleapis.com%2Fstdout"):
        write(call, {"textPayload": "x"}, logName=f"projects/{NUMBER}/logs/{log}")
    names = call("GET", f"{LOGGING}/projects/{PROJECT}/logs")["logNames"]
    assert names == [f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout"]


def test_a_stranger_reads_and_writes_nothing(call: Sender) -> None:
    eve = call.as_("user:eve@example.com")
    write(eve, {"textPayload": "x"}, status=403)
    body = {"resourceNames": [f"projects/{PROJECT}"]}
    assert "logging.logEntries.list" in eve.refused("POST", f"{LOGGING}/entries:list", body, 403)
    call.grant("roles/logging.logWriter", "user:eve@example.com")
    write(eve, {"textPayload": "x"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"entries": [{"textPayload": "x", "resource": {"type": "global"}}]}, "log_name is missing"),
        ({"entries": [{"textPayload": "x", "logName": LOG}]}, "resource is missing"),
        ({"entries": [{"logName": "folders/1/logs/x", "resource": {"type": "global"}}]}, "is of no project"),
        (
            {"entries": [{"logName": LOG, "resource": {"type": "g"}, "textPayload": "a", "jsonPayload": {}}]},
            "more than one payload",
        ),
    ],
)
def test_an_invalid_entry_is_refused(call: Sender, body: Any, message: str) -> None:
    assert message in call.refused("POST", f"{LOGGING}/entries:write", body)


def test_an_invalid_filter_and_an_invalid_order_are_refused(call: Sender) -> None:
    request = {"resourceNames": [f"projects/{PROJECT}"]}
    assert "Unparseable filter" in call.refused("POST", f"{LOGGING}/entries:list", request | {"filter": "a=("})
    assert "order_by" in call.refused("POST", f"{LOGGING}/entries:list", request | {"orderBy": "severity"})
    assert "names no resources" in call.refused("POST", f"{LOGGING}/entries:list", {})


def test_a_log_can_be_deleted(call: Sender) -> None:
    write(call, {"textPayload": "x"})
    call("DELETE", f"{LOGGING}/{LOG}")
    assert read(call, f'logName="{LOG}"') == []
    call("DELETE", f"{LOGGING}/{LOG}", status=404)


def test_a_sink_is_made_changed_and_deleted(call: Sender) -> None:
    body = {"name": "errors", "destination": TOPIC, "filter": "severity>=ERROR"}
    created = call("POST", f"{SINKS}?uniqueWriterIdentity=true", body)
    assert created["name"] == "errors"
    assert created["writerIdentity"] == f"serviceAccount:service-{NUMBER}@gcp-sa-logging.iam.gserviceaccount.com"
    assert call("GET", f"{SINKS}/errors") == created
    assert call("GET", SINKS)["sinks"][-1] == created
    call("PATCH", f"{SINKS}/errors?updateMask=filter", {"filter": "severity>=WARNING"})
    after = call("PUT", f"{SINKS}/errors?updateMask=description", {"description": "x"})
    assert (after["filter"], after["description"], after["destination"]) == ("severity>=WARNING", "x", TOPIC)
    assert after["writerIdentity"] == created["writerIdentity"]
    assert "already exists" in call.refused("POST", SINKS, body, 409)
    assert "destination" in call.refused("POST", SINKS, {"name": "x", "destination": "elsewhere"})
    assert "Unparseable filter" in call.refused("POST", SINKS, {"name": "x", "destination": TOPIC, "filter": "("})
    call("DELETE", f"{SINKS}/errors")
    assert "does not exist" in call.refused("GET", f"{SINKS}/errors", status=404)


def test_a_project_has_the_buckets_and_sinks_that_google_gives_it(call: Sender) -> None:
    parent = f"projects/{PROJECT}/locations/global"
    buckets = call("GET", f"{LOGGING}/projects/{PROJECT}/locations/-/buckets")["buckets"]
    assert [(one["name"], one["retentionDays"], one.get("locked")) for one in buckets] == [
        (f"{parent}/buckets/_Default", 30, None),
        (f"{parent}/buckets/_Required", 400, True),
    ]
    assert call("GET", f"{LOGGING}/{parent}/buckets/_Required") == buckets[1]
    assert "does not exist" in call.refused("GET", f"{LOGGING}/{parent}/buckets/other", status=404)
    default, required = call("GET", SINKS)["sinks"]
    assert default["destination"] == f"logging.googleapis.com/{parent}/buckets/_Default"
    assert default["filter"].startswith(
        'NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID("externalaudit'
    )
    assert required["filter"].startswith('LOG_ID("cloudaudit.googleapis.com/activity") OR LOG_ID("externalaudit')
    assert call("GET", f"{SINKS}/_Default") == default
    first = call("GET", f"{SINKS}?pageSize=1")
    assert (first["sinks"], call("GET", f"{SINKS}?pageToken={first['nextPageToken']}")["sinks"]) == (
        [default],
        [required],
    )


def test_the_default_sink_can_be_disabled_and_neither_deleted_nor_recreated(call: Sender) -> None:
    changed = call("PATCH", f"{SINKS}/_Default?updateMask=disabled", {"disabled": True})
    assert (changed["disabled"], changed["name"]) == (True, "_Default")
    assert [one["name"] for one in call("GET", SINKS)["sinks"]] == ["_Default", "_Required"]
    call.refused("PATCH", f"{SINKS}/_Required?updateMask=disabled", {"disabled": True})
    for name in ("_Default", "_Required"):
        assert "cannot be deleted" in call.refused("DELETE", f"{SINKS}/{name}")
        assert "already exists" in call.refused("POST", SINKS, {"name": name, "destination": TOPIC}, 409)


def test_a_metric_counts_entries_unless_its_descriptor_says_otherwise(call: Sender) -> None:
    created = call("POST", METRICS, {"name": "errors", "filter": "severity>=ERROR", "description": "All of them"})
    assert created["metricDescriptor"] == {
        "name": f"projects/{PROJECT}/metricDescriptors/logging.googleapis.com/user/errors",
        "type": "logging.googleapis.com/user/errors",
        "description": "All of them",
        "metricKind": "DELTA",
        "valueType": "INT64",
        "unit": "1",
    }
    sent = {"metricKind": "DELTA", "valueType": "DISTRIBUTION", "unit": "s", "name": "mine"}
    created = call("POST", METRICS, {"name": "slow", "filter": "severity>=ERROR", "metricDescriptor": sent})
    assert created["metricDescriptor"] == sent | {
        "name": f"projects/{PROJECT}/metricDescriptors/logging.googleapis.com/user/slow",
        "type": "logging.googleapis.com/user/slow",
    }


def test_a_metric_is_replaced_by_a_put_and_needs_a_filter(call: Sender) -> None:
    body = {"name": "errors", "filter": "severity>=ERROR", "labelExtractors": {"a": "EXTRACT(jsonPayload.a)"}}
    assert call("POST", METRICS, body)["labelExtractors"] == body["labelExtractors"]
    after = call("PUT", f"{METRICS}/errors", {"name": "errors", "filter": "severity>=WARNING"})
    assert after["filter"] == "severity>=WARNING"
    assert "labelExtractors" not in after
    assert "filter" in call.refused("POST", METRICS, {"name": "x"})


def test_entries_are_deleted_after_thirty_days(call: Sender) -> None:
    write(call, {"textPayload": "old"})
    call.later(days=31)
    for _ in range(5):
        write(call, *({"textPayload": "new"} for _ in range(250)))
    assert "old" not in [entry["textPayload"] for entry in read(call, f'logName="{LOG}"', pageSize=1)]


def test_a_metric_may_have_a_slash_in_its_name(call: Sender) -> None:
    created = call("POST", METRICS, {"name": "api/(slow)", "filter": "severity>=ERROR"})
    assert created["name"] == "api/(slow)"
    path = f"{METRICS}/api%2F%28slow%29"
    assert call("GET", path) == created
    assert call("PUT", path, {"name": "api/(slow)", "filter": "severity>=INFO"})["name"] == created["name"]
    assert [one["name"] for one in call("GET", METRICS)["metrics"]] == ["api/(slow)"]
    assert call("DELETE", path) == {}
    assert call("GET", METRICS) == {}


def test_a_log_whose_name_has_a_slash_can_be_deleted(call: Sender) -> None:
    log = f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout"
    write(call, {"textPayload": "hello"}, logName=log)
    assert call("DELETE", f"{LOGGING}/{log}") == {}
    assert read(call, f'logName="{log}"') == []


GLOBAL = f"projects/{PROJECT}/locations/global"


def test_what_a_project_excludes_is_not_kept(call: Sender) -> None:
    exclusions = f"{LOGGING}/projects/{PROJECT}/exclusions"
    call("POST", exclusions, {"name": "noise", "filter": "severity<WARNING"})
    write(call, {"textPayload": "a", "severity": "INFO"}, {"textPayload": "b", "severity": "ERROR"})
    assert [one["textPayload"] for one in read(call, f'logName="{LOG}"')] == ["b"]
    call("PATCH", f"{exclusions}/noise?updateMask=disabled", {"disabled": True})
    write(call, {"textPayload": "c"})
    assert [one["textPayload"] for one in read(call, f'logName="{LOG}"')] == ["b", "c"]
    call("PATCH", f"{SINKS}/_Default?updateMask=disabled", {"disabled": True})
    write(call, {"textPayload": "d"})
    assert [one["textPayload"] for one in read(call, f'logName="{LOG}"')] == ["b", "c"]


def test_a_bucket_shows_what_its_sink_has_brought_and_a_view_a_part_of_it(call: Sender) -> None:
    made = call("POST", f"{LOGGING}/{GLOBAL}/buckets?bucketId=errors", {"retentionDays": 7})
    assert (made["retentionDays"], made["lifecycleState"]) == (7, "ACTIVE")
    write(call, {"textPayload": "before", "severity": "ERROR"})
    destination = f"logging.googleapis.com/{made['name']}"
    call("POST", SINKS, {"name": "errors", "destination": destination, "filter": "severity>=ERROR"})
    write(call, {"textPayload": "a", "severity": "INFO"}, {"textPayload": "b", "severity": "ERROR"})
    write(call, {"textPayload": "c", "severity": "ERROR", "labels": {"team": "cats"}})
    views = f"{LOGGING}/{made['name']}/views"
    asked = {"filter": f'SOURCE("projects/{PROJECT}") AND labels.team="cats"'}
    view = call("POST", f"{views}?viewId=cats", asked)

    def seen(name: str) -> list[str]:
        return [one["textPayload"] for one in read(call, f'logName="{LOG}"', resourceNames=[name])]

    assert seen(f"{made['name']}/views/_AllLogs") == seen(made["name"]) == ["b", "c"]
    assert seen(view["name"]) == ["c"]
    assert seen(f"{GLOBAL}/buckets/_Default/views/_AllLogs") == ["before", "a", "b", "c"]
    assert [one["name"].rpartition("/")[2] for one in call("GET", views)["views"]] == ["_AllLogs", "cats"]
    for verb, name in (("DELETE", "_AllLogs"), ("PATCH", "_AllLogs?updateMask=filter")):
        assert "cannot be changed" in call.refused(verb, f"{views}/{name}", {} if verb == "PATCH" else None)
    call("DELETE", f"{views}/cats")
    body = {"resourceNames": [view["name"]]}
    assert "does not exist" in call.refused("POST", f"{LOGGING}/entries:list", body, 404)


def test_a_deleted_bucket_comes_back_and_a_locked_one_stays_as_it_is(call: Sender) -> None:
    buckets = f"{LOGGING}/{GLOBAL}/buckets"
    operation = call("POST", f"{buckets}:createAsync?bucketId=own", {})
    assert (operation["done"], operation["response"]["retentionDays"]) == (True, 30)
    later = call("POST", f"{buckets}/own:updateAsync?updateMask=analyticsEnabled", {"analyticsEnabled": True})
    assert later["response"]["analyticsEnabled"] is True
    call.refused("PATCH", f"{buckets}/own?updateMask=analyticsEnabled", {"analyticsEnabled": False})
    assert call("DELETE", f"{buckets}/own") == {}
    assert call("GET", f"{buckets}/own")["lifecycleState"] == "DELETE_REQUESTED"
    call.refused("PATCH", f"{buckets}/own?updateMask=description", {"description": "d"})
    assert call("POST", f"{buckets}/own:undelete", {}) == {}
    call("PATCH", f"{buckets}/own?updateMask=locked", {"locked": True})
    for change in ({"locked": False}, {"retentionDays": 9}):
        assert "is locked" in call.refused("PATCH", f"{buckets}/own?updateMask={next(iter(change))}", change)
    assert call("PATCH", f"{buckets}/_Default?updateMask=retentionDays", {"retentionDays": 9})["retentionDays"] == 9
    assert "cannot be deleted" in call.refused("DELETE", f"{buckets}/_Default")
    call("POST", f"{buckets}?bucketId=long", {"retentionDays": 4000}, status=400)
    call("DELETE", f"{buckets}/own")
    call.cloud.clock.advance(8 * 86_400)
    call.cloud.due.run()
    call("GET", f"{buckets}/own", status=404)


def test_nobody_deletes_the_audit_log_of_administration(call: Sender) -> None:
    call.cloud.logs.log(PROJECT, "cloudaudit.googleapis.com/activity", {"type": "project", "labels": {}}, "who did it")
    call("DELETE", f"{LOGGING}/projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity", status=404)
    assert any(entry.get("textPayload") == "who did it" for _, entry in call.cloud.logs.read(f"projects/{PROJECT}"))
