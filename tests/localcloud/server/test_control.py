"""The control interface."""

from pathlib import Path
from typing import cast

import pytest
from localcloud.containers import detection
from localcloud.engine.orders import WorkloadHost
from localcloud.engine.service import Resource, Service

from tests.localcloud.inside import PROJECT, Inside, Response, inside

SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
SERVICE = Service(
    api="secretmanager",
    resources={"projects.secrets": Resource(kind="Secret", id_param="secretId")},
    methods={"secretmanager.projects.secrets.addVersion": lambda _: {}},
)


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, SERVICE)


def control(cloud: Inside, verb: str, path: str, body: object = None) -> Response:
    return cloud(verb, f"_local/{path}", body, x_local_control="key")


@pytest.mark.parametrize("path", ["faults", "clock", "requests", "coverage"])
def test_it_needs_the_key_from_the_state_folder(cloud: Inside, path: str) -> None:
    assert cloud("GET", f"_local/{path}").status == 403
    for guess in ("guess", "\xff\xfe"):
        assert cloud("GET", f"_local/{path}", x_local_control=guess).status == 403
    assert control(cloud, "GET", path).status == 200


def test_health_is_open_and_says_that_it_is_simulated(cloud: Inside) -> None:
    assert cloud("GET", "_local/health").body == {"status": "ok", "cloud": "local", "simulated": True}


def test_the_clock_moves_by_seconds_or_to_a_moment(cloud: Inside) -> None:
    control(cloud, "POST", "clock", {"advance_seconds": 86_400})
    assert control(cloud, "GET", "clock").body["offset_seconds"] == 86_400
    assert control(cloud, "POST", "clock", {"set": "2030-01-01T00:00:00Z"}).body["now"].startswith("2030-01-01T00:00:0")
    assert cloud.ok("POST", f"{SECRETS}?secretId=s", {})["createTime"].startswith("2030-01-01")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"set": "soon"},
        {"set": "1969-12-31T23:59:59Z"},
        {"set": "9999-12-31T23:59:59Z"},
        {"advance_seconds": "x"},
        {"advance_seconds": 1e300},
        {"advance_seconds": "nan"},
        {"advance_seconds": -1e10},
        [],
        b"{",
    ],
)
def test_an_invalid_clock_request_is_refused(cloud: Inside, body: object) -> None:
    assert control(cloud, "POST", "clock", body).status == 400
    assert control(cloud, "GET", "clock").body["offset_seconds"] == 0


@pytest.mark.parametrize("path", ["clock", "faults", "profile", "directory", "workloads"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"\xff\xfe\x00", b'"\\ud800"', b"5"])
def test_what_cannot_be_read_is_refused(cloud: Inside, path: str, body: bytes) -> None:
    assert control(cloud, "POST", path, body).status == 400


def test_a_reset_leaves_nothing(cloud: Inside) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=s", {})
    control(cloud, "POST", "clock", {"advance_seconds": 60})
    assert control(cloud, "POST", "reset").status == 200
    assert cloud("GET", SECRETS).status == 403
    assert control(cloud, "GET", "clock").body["offset_seconds"] == 0
    assert not cloud.cloud.iam.allowed(
        "user:owner@example.com", "secretmanager.secrets.get", "secretmanager", "x", PROJECT
    )


def test_coverage_distinguishes_own_functions_standard_verbs_and_gaps(cloud: Inside) -> None:
    methods = control(cloud, "GET", "coverage").body["secretmanager.v1"]["methods"]
    assert methods["secretmanager.projects.secrets.addVersion"] == "emulated"
    assert methods["secretmanager.projects.secrets.create"] == "generic"
    assert methods["secretmanager.projects.secrets.setIamPolicy"] == "absent"
    assert methods["secretmanager.projects.locations.list"] == "generic"


def test_the_last_requests_are_shown_with_what_became_of_them(cloud: Inside) -> None:
    cloud("GET", SECRETS + "?pageSize=1")
    cloud("GET", "secretmanager/v1/nothing")
    rows = control(cloud, "GET", "requests?last=2").body["requests"]
    assert [(row["method"], row["status"]) for row in rows] == [("secretmanager.projects.secrets.list", 200), ("", 404)]
    assert rows[0]["principal"] == "user:owner@example.com"
    assert rows[0]["query"] == "pageSize=1"


@pytest.mark.parametrize("last", ["9" * 5000, "-1", "0", "x"])
def test_any_number_of_last_requests_may_be_asked_for(cloud: Inside, last: str) -> None:
    assert control(cloud, "GET", f"requests?last={last}").status == 200


def test_settings_of_workloads_are_changed_without_asking_podman(
    cloud: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask it takes a quarter of a second, and each `up` changes them."""
    monkeypatch.setattr(detection, "kind", lambda: pytest.fail("podman was asked"))
    cloud.cloud.workloads.serve(cast("WorkloadHost", object()))
    changed = control(cloud, "POST", "workloads", {"limits": {"jobs": 1}}).body
    assert changed["limits"]["jobs"] == 1
