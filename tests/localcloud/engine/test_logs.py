"""Entries of logs: kept by time, read page by page in either direction."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from localcloud.engine.clock import Clock
from localcloud.engine.logs import Logs
from localcloud.engine.signals import Signals
from localcloud.engine.store import Store

RESOURCE = {"type": "global", "labels": {}}


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    store = Store(tmp_path)
    return Logs(store, Clock(store), Signals(store))


def many(logs: Logs, count: int) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=8):%Y-%m-%d}"  # entries are kept for thirty days
    for number in range(count):
        logs.log(
            "p",
            "app",
            RESOURCE,
            str(number),
            timestamp=f"{day}T00:00:{number // 20 % 60:02}Z",
            insertId=f"{number:05}",
        )


def test_more_than_a_page_comes_in_order_forwards_and_backwards(logs: Logs) -> None:
    many(logs, 1100)
    texts = [entry["textPayload"] for _, entry in logs.read("projects/p")]
    assert texts == [str(number) for number in range(1100)]
    assert [entry["textPayload"] for _, entry in logs.read("projects/p", newest=True)] == texts[::-1]
    position = next(position for position, entry in logs.read("projects/p") if entry["textPayload"] == "500")
    assert next(logs.read("projects/p", since=position))[1]["textPayload"] == "501"
    assert next(logs.read("projects/p", until=position, newest=True))[1]["textPayload"] == "499"


def test_an_entry_keeps_its_time_its_log_and_all_other_fields(logs: Logs) -> None:
    lines: list[str] = []
    logs.listen(lambda container, entry: lines.append(f"{container} {entry['logName']}"))
    entry = logs.log("p", "run.googleapis.com/stdout", RESOURCE, {"a": 1}, severity="ERROR", labels={"x": "y"})
    assert entry["logName"] == "projects/p/logs/run.googleapis.com%2Fstdout"
    assert (entry["jsonPayload"], entry["severity"], entry["labels"]) == ({"a": 1}, "ERROR", {"x": "y"})
    assert entry["timestamp"] == entry["receiveTimestamp"]
    assert lines == ["projects/p projects/p/logs/run.googleapis.com%2Fstdout"]
    assert list(logs.names("projects/p")) == [entry["logName"]]


def test_the_same_entry_sent_twice_is_there_once(logs: Logs) -> None:
    for _ in range(2):
        logs.log("p", "app", RESOURCE, "x", timestamp="2026-11-21T00:00:00.123456789Z", insertId="a")
    assert len(list(logs.read("projects/p"))) == 1


def test_a_log_is_listed_while_it_has_entries(logs: Logs) -> None:
    logs.log("p", "old", RESOURCE, "said", timestamp="2020-01-01T00:00:00Z")
    logs.log("p", "new", RESOURCE, "said")
    assert list(logs.names("projects/p")) == ["projects/p/logs/new", "projects/p/logs/old"]
    logs.forget_old()
    assert list(logs.names("projects/p")) == ["projects/p/logs/new"]
    logs.log("p", "old", RESOURCE, "said again")
    assert logs.delete("projects/p", "projects/p/logs/new") == 1
    assert list(logs.names("projects/p")) == ["projects/p/logs/old"]


def test_the_audit_log_is_kept_for_longer_than_others(logs: Logs) -> None:
    stamp = (datetime.now(UTC) - timedelta(days=100)).isoformat()
    for log in ("app", "cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access"):
        logs.log("p", log, RESOURCE, "said", timestamp=stamp)
    logs.forget_old()
    assert list(logs.names("projects/p")) == ["projects/p/logs/cloudaudit.googleapis.com%2Factivity"]


def test_one_with_the_same_time_and_id_is_replaced(logs: Logs) -> None:
    for text in ("first", "second"):
        logs.log("p", "app", RESOURCE, text, timestamp="2026-11-21T00:00:00Z", insertId="one")
    assert [entry["textPayload"] for _, entry in logs.read("projects/p")] == ["second"]


def test_what_a_program_logs_replaces_nothing_in_another_log(logs: Logs) -> None:
    for log, text in (("cloudaudit.googleapis.com/activity", "who did it"), ("app", "nobody did it")):
        logs.log("p", log, RESOURCE, text, timestamp="2026-11-21T00:00:00Z", insertId="one")
    assert [entry["textPayload"] for _, entry in logs.read("projects/p")] == ["who did it"]
