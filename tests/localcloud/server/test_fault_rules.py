"""Faults that tests set."""

from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.service import Resource, Service, Site
from localcloud.server.fault_rules import Fault, Faults

from tests.localcloud.inside import PROJECT, Inside, inside

SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
TRIGGERS = f"eventarc/v1/projects/{PROJECT}/locations/europe-west1/triggers"
SERVICES = (
    Service(api="secretmanager", resources={"projects.secrets": Resource(kind="Secret", id_param="secretId")}),
    Service(api="eventarc", resources={"projects.locations.triggers": Resource(kind="Trigger", id_param="triggerId")}),
)


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, *SERVICES)


def order(cloud: Inside, **fault: Any) -> None:
    response = cloud("POST", "_local/faults", fault, x_local_control="key")
    assert response.status == 200, response.body


@pytest.mark.parametrize(
    ("code", "status"), [(409, "ABORTED"), (429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE")]
)
def test_an_error_occurs_as_often_as_set_and_nothing_is_done(cloud: Inside, code: int, status: str) -> None:
    order(cloud, method="secretmanager.*.create", kind="error", code=code, count=2)
    for _ in range(2):
        response = cloud("POST", f"{SECRETS}?secretId=s", {})
        assert (response.status, response.body["error"]["status"]) == (code, status)
        assert "Simulated fault" in response.message
    assert cloud("POST", f"{SECRETS}?secretId=s", {}).status == 200


def test_a_fault_strikes_only_the_methods_that_it_names(cloud: Inside) -> None:
    order(cloud, method="secretmanager.projects.secrets.list", kind="error")
    assert cloud("GET", SECRETS).status == 503
    assert cloud("POST", f"{SECRETS}?secretId=s", {}).status == 200


def test_a_probability_is_seeded() -> None:
    def struck(seed: int) -> list[bool]:
        fault = Fault("*", "error", probability=0.5, seed=seed)
        return [fault.strikes("a.b") for _ in range(40)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 5 < sum(struck(1)) < 35


def test_a_dropped_connection_does_nothing_or_everything(cloud: Inside) -> None:
    order(cloud, method="secretmanager.*.create", kind="drop", count=1)
    assert cloud("POST", f"{SECRETS}?secretId=before", {}).dropped
    assert cloud("GET", f"{SECRETS}/before").status == 404
    order(cloud, method="secretmanager.*.create", kind="drop", count=1, after=True)
    assert cloud("POST", f"{SECRETS}?secretId=after", {}).dropped
    assert cloud("GET", f"{SECRETS}/after").status == 200


def test_late_resources_are_invisible_until_the_clock_has_moved(cloud: Inside) -> None:
    order(cloud, method="secretmanager.*.create", kind="late", seconds=60, count=1)
    assert cloud("POST", f"{SECRETS}?secretId=late", {}).status == 200
    cloud.ok("POST", f"{SECRETS}?secretId=seen", {})
    assert cloud("GET", f"{SECRETS}/late").status == 404
    assert [one["name"][-4:] for one in cloud.ok("GET", SECRETS)["secrets"]] == ["seen"]
    assert cloud("POST", f"{SECRETS}?secretId=late", {}).status == 409
    cloud("POST", "_local/clock", {"advance_seconds": 61}, x_local_control="key")
    assert cloud("GET", f"{SECRETS}/late").status == 200
    assert len(cloud.ok("GET", SECRETS)["secrets"]) == 2


def test_an_operations_result_can_be_late_too(cloud: Inside) -> None:
    order(cloud, method="eventarc.*.create", kind="late", seconds=60)
    cloud.ok("POST", f"{TRIGGERS}?triggerId=t", {})
    assert cloud("GET", f"{TRIGGERS}/t").status == 404


def test_a_pending_operation_is_done_when_the_clock_has_moved(cloud: Inside) -> None:
    order(cloud, method="eventarc.*.create", kind="pending", seconds=60)
    started = cloud.ok("POST", f"{TRIGGERS}?triggerId=t", {})
    assert "done" not in started
    assert "response" not in started
    assert "done" not in cloud.ok("GET", f"eventarc/v1/{started['name']}")
    cloud("POST", "_local/clock", {"advance_seconds": 61}, x_local_control="key")
    assert cloud.ok("GET", f"eventarc/v1/{started['name']}")["done"] is True


def test_latency_delays_the_answer(cloud: Inside) -> None:
    order(cloud, method="secretmanager.*", kind="latency", seconds=0.05, count=1)
    cloud.ok("GET", SECRETS)
    rows = cloud("GET", "_local/requests", x_local_control="key").body["requests"]
    assert rows[-1]["milliseconds"] >= 50


def test_cleared_faults_have_no_further_effect(cloud: Inside) -> None:
    order(cloud, method="secretmanager.*.create", kind="late", seconds=60)
    order(cloud, method="secretmanager.*.list", kind="error")
    cloud.ok("POST", f"{SECRETS}?secretId=s", {})
    assert cloud("DELETE", "_local/faults", x_local_control="key").body == {"faults": []}
    assert len(cloud.ok("GET", SECRETS)["secrets"]) == 1


@pytest.mark.parametrize(
    "fault", [{}, {"method": "*"}, {"method": "*", "kind": "rain"}, {"method": "*", "kind": "error", "cod": 1}]
)
def test_an_invalid_fault_is_refused_with_the_allowed_values(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"A fault needs method .* and kind"):
        Faults(lambda: 0.0).order(fault)


def test_the_faults_in_force_are_shown_with_how_often_they_struck(cloud: Inside) -> None:
    order(cloud, method="secretmanager.*", kind="error", count=3)
    cloud("GET", SECRETS)
    [fault] = cloud("GET", "_local/faults", x_local_control="key").body["faults"]
    assert (fault["fired"], fault["count"], fault["method"]) == (1, 3, "secretmanager.*")


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_sites_answers_are_logged_and_faults_apply(tmp_path: Path) -> None:
    site = Site(lambda _cloud: answer, name="web", hosts=("*.example.run.app",))
    cloud = inside(tmp_path, Service(api="run", versions=("v2",), sites=(site,)))
    order(cloud, method="run.web.get", kind="error", code=429, count=1)
    order(cloud, method="run.web.put", kind="drop")
    host = "api.example.run.app"
    assert cloud("GET", "x?access_token=secret", host=host).status == 429
    assert cloud("GET", "x", host=host).status == 204
    assert cloud("PUT", "x", host=host).dropped
    rows = cloud("GET", "_local/requests", x_local_control="key").body["requests"]
    assert [(row["method"], row["path"], row["status"]) for row in rows] == [
        ("run.web.get", "/x", 429),
        ("run.web.get", "/x", 204),
        ("run.web.put", "/x", 0),
    ]
    assert "secret" not in str(rows)
