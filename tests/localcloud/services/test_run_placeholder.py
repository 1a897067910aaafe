"""Google's placeholder: a service without an image of its own answers as it would at Google, and says that it is simulated."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from localcloud.engine.logs import topic

from tests.localcloud.inside import PROJECT
from tests.localcloud.services.run_serving import address, cloud, deployed, state
from tests.localcloud.serving import Serving

__all__ = ["cloud", "state"]

HELLO = "us-docker.pkg.dev/cloudrun/container/hello"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


@pytest.fixture(scope="module")
def waiting(cloud: Serving) -> Any:
    """A service that waits for an image of its own."""
    return deployed(cloud, "waiting", containers=[{"image": HELLO}])


def url(service: Any) -> str:
    return str(service["annotations"]["local-cloud/address"])


@pytest.mark.parametrize("http2", [False, True])
def test_it_answers_every_request_with_a_page_that_says_whose_it_is(waiting: Any, http2: bool) -> None:
    with httpx.Client(http1=not http2, http2=http2, base_url=url(waiting)) as client:
        for answer in (client.get("/"), client.get("/health?deep"), client.post("/predict", content=b"x" * 3_000_000)):
            assert (answer.status_code, answer.http_version) == (200, "HTTP/2" if http2 else "HTTP/1.1")
            assert "waiting (simulated)" in answer.text
            assert "waiting has no image of its own yet" in answer.text
        empty = client.head("/")
        assert (empty.status_code, empty.content) == (200, b"")


def test_its_requests_are_counted_and_logged(cloud: Serving, waiting: Any) -> None:
    assert httpx.get(f"{url(waiting)}/counted").status_code == 200
    statuses: list[int] = []
    counted: list[str] = []

    def noted() -> bool:
        requests = [entry.get("httpRequest", {}) for _, entry in cloud.cloud.logs.read(f"projects/{PROJECT}")]
        statuses[:] = [one["status"] for one in requests if one.get("requestUrl", "").endswith("/counted")]
        series = cloud.cloud.metrics.series(PROJECT, "run.googleapis.com/request_count")
        mine = [one for one in series if one.resource["labels"]["service_name"] == "waiting"]
        counted[:] = [one.labels["response_code_class"] for one in mine]
        return bool(statuses)

    cloud.until(noted, topic(f"projects/{PROJECT}"))
    assert statuses == [200]
    assert counted == ["2xx"]


def test_requests_sent_ahead_and_a_switch_of_protocol_that_it_does_not_know_are_answered_too(
    waiting: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(address(waiting), 30) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"\r\nwhat another protocol sends")
        received = b"".join(iter(lambda: plain.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 2001
    assert caplog.messages == []


def test_it_shares_the_traffic_with_a_revision_that_runs(cloud: Serving) -> None:
    first = deployed(cloud, "shared", containers=[{"image": HELLO}])["latestReadyRevision"].rpartition("/")[2]
    second = deployed(cloud, "shared")["latestReadyRevision"].rpartition("/")[2]
    target = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "percent": 50}
    traffic = [target | {"revision": revision} for revision in (first, second)]
    service = f"run/v2/projects/{PROJECT}/locations/europe-west1/services/shared"
    operation = cloud("PATCH", service, {"traffic": traffic}, updateMask="traffic")
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    answers = [httpx.get(url(cloud("GET", service))) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted("has no image of its own" in answer.text for answer in answers) == [False, False, True, True]


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("frames", {"containers": [{"image": HELLO, "ports": [{"name": "h2c", "containerPort": 8080}]}]}),
        ("job", {"containers": [{"image": HELLO.replace("hello", "job")}]}),
        ("function", {"containers": [{"image": HELLO}], "labels": {"goog-managed-by": "cloudfunctions"}}),
    ],
)
def test_where_it_would_not_answer_or_stands_for_a_function_nothing_runs(
    cloud: Serving, name: str, template: dict[str, Any]
) -> None:
    answer = httpx.get(url(deployed(cloud, name, **template)))
    assert answer.status_code == 503
    assert "This service is simulated" in answer.text


def test_an_uptime_check_of_it_passes(cloud: Serving, waiting: Any) -> None:
    host = {"type": "uptime_url", "labels": {"host": waiting["uri"].removeprefix("https://")}}
    http = {"path": "/health", "useSsl": True, "port": 443}
    body = {"displayName": "waiting", "monitoredResource": host, "httpCheck": http, "timeout": "10s"}
    cloud("POST", f"serviceusage/v1/projects/{PROJECT}/services/monitoring.googleapis.com:enable", {})
    checks = f"monitoring/v3/projects/{PROJECT}/uptimeCheckConfigs"
    cloud("POST", checks, body)
    cloud("GET", checks)  # what is due is done before a request
    cloud.settled()

    def outcomes() -> set[float]:
        metrics, now = cloud.cloud.metrics, cloud.cloud.clock.seconds()
        series = metrics.series(PROJECT, "monitoring.googleapis.com/uptime_check/check_passed")
        return {point.amount for one in series for point in metrics.points(one.id, 0, now)}

    assert cloud.write(outcomes) == {1}
