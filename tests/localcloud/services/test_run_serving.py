"""Instances of services, with a plain process in place of a container: limits, timeouts, queueing, cold starts."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.cloud import run_v2
from google.oauth2.credentials import Credentials
from localcloud.server import ports
from localcloud.services.run import instances
from localcloud.services.run.fleet import Fleet

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.services.run_serving import (
    APP,
    PLACE,
    SERVICES,
    address,
    cloud,
    connected,
    deployed,
    fetch,
    state,
)
from tests.localcloud.serving import Serving, serving
from tests.polling import until

__all__ = ["cloud", "state"]


def test_an_http_1_server_behind_an_h2c_port_is_a_503_that_says_so(
    cloud: Serving,
) -> None:
    container = {"image": "api:1", "ports": [{"name": "h2c", "containerPort": 8080}]}
    with closing(connected(deployed(cloud, "frames", containers=[container]))) as connection:
        status, text = fetch(connection)
    assert status == 503
    assert "its port is named h2c" in text


def test_a_request_that_times_out_before_the_start_is_answered_once(cloud: Serving, state: Path) -> None:
    wait = "import pathlib, sys, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)\nexec(open('app.py').read())"
    cloud.cloud.workloads.settings.stand_ins["late"] = ((sys.executable, "-c", wait), state)
    (state / "go").touch()
    service = deployed(cloud, "late", containers=[{"image": "late:1"}], timeout="3s")
    fleet = cloud.cloud.offers.get(Fleet)
    assert fleet is not None
    asyncio.run_coroutine_threadsafe(fleet.stop(service["latestReadyRevision"]), cloud.loop).result(30)
    (state / "go").unlink()
    with closing(socket.create_connection(address(service), 30)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = plain.recv(65536)
        assert received.startswith(b"HTTP/1.1 504 ")
        (state / "go").touch()
        with closing(connected(service)) as connection:
            while fetch(connection)[0] != 200:
                pass
        plain.sendall(b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: plain.recv(65536), b""))
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"/second" in received


def test_a_request_that_takes_too_long_is_a_504(cloud: Serving) -> None:
    service = deployed(cloud, "slow", timeout="1s")
    with closing(connected(service)) as connection:
        status, text = fetch(connection, "/wait")
    assert status == 504
    assert "maximum request timeout" in text


def test_more_requests_than_one_instance_takes_start_another_and_no_more_than_may_be(cloud: Serving) -> None:
    service = deployed(cloud, "busy", maxInstanceRequestConcurrency=1, scaling={"maxInstanceCount": 2})
    found: list[Any] = []

    def ask() -> None:
        with closing(connected(service)) as connection:
            found.append(fetch(connection, "/wait"))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    running = _running(cloud, "busy", 2)
    assert len(running) == 2
    with closing(connected(service)) as connection:
        third = threading.Thread(target=ask, daemon=True)
        third.start()
        for one in running:  # each instance by itself, past the front end
            _opened(one.address)
        for thread in [*threads, third]:
            thread.join(30)
        assert [status for status, _ in found] == [200, 200, 200]
        assert fetch(connection)[0] == 200


def _opened(address: str) -> None:
    """Lets an instance answer, as soon as it listens."""

    def answers() -> bool:
        with suppress(ConnectionError), closing(HTTPConnection(address, timeout=30)) as inside:
            return fetch(inside, "/open")[0] == 200
        return False

    until(answers)


def _running(cloud: Serving, name: str, count: int) -> list[Any]:
    """A service's running instances, once there are `count`."""
    found: list[Any] = []

    def looked() -> bool:
        found[:] = [one for one in cloud.cloud.workloads.running() if f"/{name}/" in one.order.resource]
        return len(found) == count

    until(looked)
    return found


def test_traffic_is_shared_by_percent_and_a_tag_has_a_host_of_its_own(cloud: Serving) -> None:
    first = deployed(cloud, "shared")["latestReadyRevision"].rpartition("/")[2]
    second = deployed(cloud, "shared", timeout="60s")["latestReadyRevision"].rpartition("/")[2]
    kind = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    traffic = [
        {"type": kind, "revision": first, "percent": 75},
        {"type": kind, "revision": second, "percent": 25, "tag": "canary"},
    ]
    operation = cloud("PATCH", f"{SERVICES}/shared", {"traffic": traffic}, updateMask="traffic")
    cloud("POST", f"run/v2/{operation['name']}:wait", {})
    service = cloud("GET", f"{SERVICES}/shared")
    with closing(connected(service)) as connection:
        revisions = [fetch(connection)[1]["revision"] for _ in range(40)]
    assert (revisions.count(first), revisions.count(second)) == (30, 10)
    host = service["trafficStatuses"][1]["uri"].removeprefix("https://")
    with closing(HTTPConnection("127.0.0.1", cloud.port, timeout=30)) as connection:
        connection.request("GET", "/", headers={"Host": host})
        assert json.loads(connection.getresponse().read())["revision"] == second
    with closing(HTTPConnection("127.0.0.1", cloud.port, timeout=30)) as connection:
        connection.request("GET", "/", headers={"Host": host.replace("shared", "nobody")})
        assert connection.getresponse().status == 404


def test_a_minimum_instance_is_started_without_a_request(cloud: Serving) -> None:
    service = deployed(cloud, "always", scaling={"minInstanceCount": 2})
    assert len(_running(cloud, "always", 2)) == 2
    cloud("DELETE", f"{SERVICES}/{service['name'].rpartition('/')[2]}")
    assert _running(cloud, "always", 0) == []


def test_an_instance_started_by_a_request_is_scaled_down_like_the_first(cloud: Serving) -> None:
    service = deployed(cloud, "sleepy")
    for _ in range(2):
        with closing(connected(service)) as connection:
            assert fetch(connection)[0] == 200
        cloud.write(lambda: cloud.cloud.clock.advance(2000))
        assert _running(cloud, "sleepy", 0) == []


def test_a_running_request_is_answered_by_its_first_revision(cloud: Serving) -> None:
    first = deployed(cloud, "draining")
    found: list[Any] = []

    def ask() -> None:
        with closing(connected(first)) as connection:
            found.append(fetch(connection, "/wait"))

    under_way = threading.Thread(target=ask, daemon=True)
    under_way.start()
    (old,) = _running(cloud, "draining", 1)
    fleet = cloud.cloud.offers.get(Fleet)
    assert fleet is not None
    while not any(one.active for one in fleet.group(first["latestReadyRevision"]).instances):
        under_way.join(0.01)
    second = deployed(cloud, "draining", timeout="60s")
    with closing(connected(second)) as connection:
        assert fetch(connection)[1]["revision"] == second["latestReadyRevision"].rpartition("/")[2]
    _opened(old.address)
    under_way.join(30)
    (answer,) = found
    assert (answer[0], answer[1]["revision"]) == (200, first["latestReadyRevision"].rpartition("/")[2])
    assert old not in _running(cloud, "draining", 1)


def test_the_log_says_how_an_unresponsive_instance_ended(cloud: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "_EXIT_SECONDS", 0.0)  # as if its end were noticed too late
    service = deployed(cloud, "hanging")
    with closing(connected(service)) as connection:
        assert fetch(connection, "/hang")[0] == 503
    with closing(connected(service)) as connection:
        assert fetch(connection)[0] == 200
    query = 'resource.labels.service_name="hanging" AND textPayload:"Container called exit(7)."'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query}
    until(lambda: cloud("POST", "logging/v2/entries:list", body).get("entries"))


def test_a_service_that_is_deleted_while_it_starts_leaves_nothing_running(cloud: Serving, state: Path) -> None:
    cloud.cloud.workloads.settings.stand_ins["deaf"] = ((sys.executable, "-c", "import time; time.sleep(60)"), state)
    body = {"template": {"containers": [{"image": "deaf:1"}]}}
    operation = cloud("POST", SERVICES, body, serviceId="early")
    assert len(_running(cloud, "early", 1)) == 1
    cloud("DELETE", f"{SERVICES}/early")
    assert _running(cloud, "early", 0) == []
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "30s"})
    ended = cloud("GET", f"run/v2/{operation['name']}")
    assert ended["error"]["message"] == "The service was deleted while it was deployed."


def test_what_nothing_can_run_is_ready_and_its_address_says_that_it_is_simulated(cloud: Serving) -> None:
    cloud.cloud.workloads.settings.forced = "simulated"
    try:
        service = deployed(cloud, "nowhere")
        with closing(connected(service)) as connection:
            status, text = fetch(connection)
    finally:
        cloud.cloud.workloads.settings.forced = "process"
    assert status == 503
    assert "This service is simulated" in text


def test_a_command_set_for_a_service_answers_regardless_of_its_image(cloud: Serving, state: Path) -> None:
    image = "us-docker.pkg.dev/cloudrun/container/hello"
    sidecar = {"name": "metrics", "image": "example.com/metrics:1"}
    containers = [{"name": "api", "image": image, "ports": [{"containerPort": 8080}]}, sidecar]
    service = deployed(cloud, "told", containers=containers)
    full = f"{SERVICES}/told/revisions/{service['latestReadyRevision'].rpartition('/')[2]}"
    assert "has no image of its own" in httpx.get(service["annotations"]["local-cloud/address"]).text
    assert cloud("GET", full)["annotations"]["local-cloud/runs-as"] == "simulated"
    command = {"command": [sys.executable, "app.py"], "folder": str(state)}
    cloud.cloud.workloads.tell({"projects": {PROJECT: {f"{PLACE}/services/told": command}}})
    with closing(connected(service)) as connection:
        assert fetch(connection)[0] == 200
    assert cloud("GET", full)["annotations"]["local-cloud/runs-as"] == "process"


def test_after_a_restart_a_service_has_its_port_and_starts_with_the_next_request(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    stand_in = {"api": ((sys.executable, "app.py"), tmp_path)}
    with serving(tmp_path / "cloud", "run", "logging") as cloud:
        cloud.cloud.workloads.settings.forced = "process"
        cloud.cloud.workloads.settings.stand_ins.update(stand_in)
        address = deployed(cloud, "lasting")["annotations"]["local-cloud/address"]
    assert int(address.rpartition(":")[2]) in ports.QUIET, "so that nothing else takes it meanwhile"
    with serving(tmp_path / "cloud", "run") as cloud:
        cloud.cloud.workloads.settings.forced = "process"
        cloud.cloud.workloads.settings.stand_ins.update(stand_in)
        service = cloud("GET", f"{SERVICES}/lasting")
        body = {"resourceNames": [f"projects/{PROJECT}"], "filter": "severity>=WARNING"}
        assert not cloud("POST", "logging/v2/entries:list", body).get("entries"), "the stop is no failure of its own"
        assert service["annotations"]["local-cloud/address"] == address
        with closing(connected(service)) as connection:
            assert fetch(connection)[0] == 200


def test_googles_own_client_waits_for_services_and_jobs(cloud: Serving) -> None:
    options: Any = {
        "credentials": Credentials(cloud.cloud.tokens.token(OWNER)),
        "transport": "rest",
        "client_options": {"api_endpoint": f"http://127.0.0.1:{cloud.port}/run"},
    }
    services, jobs = run_v2.ServicesClient(**options), run_v2.JobsClient(**options)
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image="api:1")])
    operation = services.create_service(parent=PLACE, service_id="client", service=run_v2.Service(template=template))
    assert operation.metadata.name == f"{PLACE}/services/client"
    service = operation.result(timeout=60)
    assert service.latest_ready_revision == service.latest_created_revision
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image="job:1")], max_retries=0)
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task, task_count=2))
    name = jobs.create_job(parent=PLACE, job_id="client", job=job).result(timeout=60).name
    execution = jobs.run_job(name=name).result(timeout=60)
    assert execution.annotations["local-cloud/runs-as"] == "process"
    assert execution.succeeded_count == 2
    assert len(list(run_v2.TasksClient(**options).list_tasks(parent=execution.name))) == 2
    jobs.delete_job(name=name).result(timeout=60)
    assert services.delete_service(name=service.name).result(timeout=60).delete_time
