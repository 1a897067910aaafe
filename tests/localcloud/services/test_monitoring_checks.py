"""Uptime checks that are really made, and webhooks that are really called, on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.monitoring_inside import alerts, channel, condition, later, policy, requests
from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

V3 = f"/monitoring/v3/projects/{PROJECT}"
PASSED = 'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url"'
FALSE = {
    "alignmentPeriod": "1200s",
    "perSeriesAligner": "ALIGN_NEXT_OLDER",
    "crossSeriesReducer": "REDUCE_COUNT_FALSE",
    "groupByFields": ["resource.label.host"],
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "monitoring", "logging", "pubsub")


class Target:
    """A server on this machine that answers every request with one status and text, and keeps what it was sent."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.status, self.text = 200, "all well"
        self.heard: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        self.heard.append(head + (await reader.readexactly(length)).decode())
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.text)}\r\n\r\n{self.text}".encode())
        await writer.drain()
        writer.close()

    def while_open(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Does some work while the target answers."""

        async def run() -> None:
            async with await asyncio.start_server(self.answer, sock=self.listening.dup()):
                await work()

        asyncio.run(run())


@pytest.fixture
def target() -> Target:
    return Target()


def moved(call: Sender, target: Target, minutes: float = 1) -> None:
    """Moves the clock, and lets what is due be done, jobs included."""

    async def work() -> None:
        later(call, minutes)
        await call.cloud.jobs.settled()

    target.while_open(work)


def check(call: Sender, target: Target, host: str = "127.0.0.1", **more: Any) -> Any:
    body = {
        "displayName": "Web",
        "monitoredResource": {"type": "uptime_url", "labels": {"host": host}},
        "httpCheck": {"port": target.port, "path": "/health"},
        "timeout": "5s",
        **more,
    }
    return call("POST", f"{V3}/uptimeCheckConfigs", body)


def outcomes(call: Sender) -> list[float]:
    """What the checks said last, for each location."""
    found = []
    for one in call.cloud.metrics.series(PROJECT, "monitoring.googleapis.com/uptime_check/check_passed"):
        *_, last = call.cloud.metrics.points(one.id, 0, call.cloud.clock.seconds())
        found.append(last.amount)
    return found


def test_a_check_requests_the_service_and_its_failure_opens_an_incident(call: Sender, target: Target) -> None:
    check(call, target)
    failed = condition(filter=PASSED, aggregations=[FALSE], thresholdValue=1)
    policy(call, failed, notificationChannels=[channel(call)])
    moved(call, target)
    assert outcomes(call) == [1] * 6
    assert target.heard[0].startswith("GET /health HTTP/1.1")
    assert "GoogleStackdriverMonitoring-UptimeChecks" in target.heard[0]
    target.status = 500
    moved(call, target)
    later(call, 1)
    assert outcomes(call) == [0] * 6
    (alert,) = alerts(call, "OPEN")
    assert alert["resource"]["labels"] == {"host": "127.0.0.1"}
    target.status = 200
    moved(call, target)
    later(call, 1)
    assert alerts(call, "OPEN") == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 1),
        ({"contentMatchers": [{"content": "well"}]}, 1),
        ({"contentMatchers": [{"content": "ill"}]}, 1),
        ({"contentMatchers": [{"content": "sick"}]}, 0),
        ({"contentMatchers": [{"content": "ill", "matcher": "MATCHES_REGEX"}]}, 0),
        ({"contentMatchers": [{"content": "w.ll$", "matcher": "MATCHES_REGEX"}]}, 1),
        ({"contentMatchers": [{"content": "well", "matcher": "NOT_CONTAINS_STRING"}]}, 0),
    ],
)  # fmt: skip
def test_what_is_answered_may_have_to_match(call: Sender, target: Target, more: Any, expected: int) -> None:
    target.text = "all well" if more != {"contentMatchers": [{"content": "ill"}]} else "still"
    check(call, target, selectedRegions=["EUROPE", "SOUTH_AMERICA", "ASIA_PACIFIC"], **more)
    moved(call, target)
    assert outcomes(call) == [expected] * 3


def test_other_statuses_may_be_accepted_and_a_password_sent(call: Sender, target: Target) -> None:
    target.status = 404
    http = {
        "port": target.port,
        "acceptedResponseStatusCodes": [{"statusClass": "STATUS_CLASS_4XX"}],
        "authInfo": {"username": "ann", "password": "x"},
    }
    check(call, target, httpCheck=http)
    moved(call, target)
    assert outcomes(call) == [1] * 6
    assert "Authorization: Basic YW5uOng=" in target.heard[0]


def test_a_service_that_is_not_there_fails_and_hosts_elsewhere_are_not_called(call: Sender, target: Target) -> None:
    check(call, target, host="example.com")
    entries = call("POST", "/logging/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": 'log_id("monitoring.googleapis.com/uptime_checks")'})  # fmt: skip
    assert "example.com is not called" in entries["entries"][0]["jsonPayload"]["message"]
    moved(call, target)
    assert outcomes(call) == target.heard == []
    check(call, target, host="web-1.europe-west1.run.app", logCheckFailures=True)
    moved(call, target)
    assert outcomes(call) == [0] * 6
    assert target.heard == []


def test_a_check_that_is_disabled_or_deleted_is_not_made(call: Sender, target: Target) -> None:
    made = check(call, target, disabled=True)
    moved(call, target)
    assert target.heard == []
    call("PATCH", f"/monitoring/v3/{made['name']}?updateMask=disabled", {"disabled": False})
    moved(call, target)
    assert len(target.heard) == 1
    call("DELETE", f"/monitoring/v3/{made['name']}")
    moved(call, target, 5)
    assert len(target.heard) == 1


def test_a_webhook_on_this_machine_is_called_and_one_elsewhere_written_down(call: Sender, target: Target) -> None:
    here = channel(call, "webhook_tokenauth", url=f"http://127.0.0.1:{target.port}/hook?auth_token=x")
    there = channel(call, "webhook_tokenauth", url="https://hooks.example.com/x")
    policy(call, notificationChannels=[here, there])
    requests(call, 200, 200, 200)
    moved(call, target)
    (heard,) = target.heard
    assert heard.startswith("POST /hook?auth_token=x HTTP/1.1")
    assert '"policy_name": "Busy"' in heard
    entries = call("POST", "/logging/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": 'log_id("monitoring.googleapis.com/simulated_emails")'})  # fmt: skip
    (mail,) = entries["entries"]
    assert mail["jsonPayload"]["recipients"] == ["https://hooks.example.com"]
