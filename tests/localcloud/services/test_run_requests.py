"""Requests to services: who may call, which are refused, and what reaches an app."""

from __future__ import annotations

import socket
from contextlib import closing, suppress

import pytest
from localcloud.services.run.exchanges import Exchange

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.services.run_serving import (
    SERVICES,
    address,
    cloud,
    connected,
    deployed,
    fetch,
    state,
)
from tests.localcloud.serving import Serving

__all__ = ["cloud", "state"]


def test_the_service_says_how_it_runs_and_a_connection_carries_many_requests(cloud: Serving) -> None:
    service = deployed(cloud, "kept")
    revision = cloud("GET", f"run/v2/{service['latestReadyRevision']}")
    assert revision["annotations"]["local-cloud/runs-as"] == "process"
    with closing(connected(service)) as connection:
        for number in range(20):
            assert fetch(connection, f"/{number}")[1]["path"] == f"/{number}"
            assert fetch(connection, "/", "HEAD") == (200, "")


def test_who_may_call_is_decided_anew_when_a_role_or_the_time_changes(cloud: Serving) -> None:
    service = deployed(cloud, "private")
    cloud("PATCH", f"{SERVICES}/private", {"invokerIamDisabled": False}, updateMask="invokerIamDisabled")
    role = f"projects/{PROJECT}/roles/calls"
    known = {"name": role, "includedPermissions": ["run.routes.invoke"]}
    cloud.write(lambda: cloud.cloud.store.put("iam", role, known))
    policy = {"bindings": [{"role": role, "members": ["allUsers"]}]}
    cloud("POST", f"{SERVICES}/private:setIamPolicy", {"policy": policy})
    with closing(connected(service)) as connection:
        assert fetch(connection)[0] == 200
        cloud.write(lambda: cloud.cloud.store.put("iam", role, known | {"deleted": True}))
        assert fetch(connection)[0] == 403
        now = cloud.cloud.clock.seconds()
        token = cloud.cloud.tokens.identity(OWNER, service["uri"], now - 3590)
        for seconds, status in ((0, 200), (20, 401)):
            cloud.write(lambda seconds=seconds: cloud.cloud.clock.advance(seconds))  # type: ignore[misc]
            connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status


def test_a_persons_token_of_gcloud_is_for_every_service_and_an_accounts_is_not(cloud: Serving) -> None:
    service = deployed(cloud, "asked")
    cloud("PATCH", f"{SERVICES}/asked", {"invokerIamDisabled": False}, updateMask="invokerIamDisabled")
    account = f"serviceAccount:caller@{PROJECT}.iam.gserviceaccount.com"
    now = cloud.cloud.clock.seconds()
    with closing(connected(service)) as connection:
        for principal, status in ((OWNER, 200), (account, 401), ("user:eve@example.com", 403)):
            token = cloud.cloud.tokens.identity(principal, "32555940559.apps.googleusercontent.com", now)
            connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, principal


def test_requests_that_are_sent_ahead_are_answered_in_turn(cloud: Serving) -> None:
    service = deployed(cloud, "ahead")
    host, _, port = service["annotations"]["local-cloud/address"].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as plain:
        plain.sendall(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(5)))
        received = b""
        while received.count(b'"pid"') < 5:
            received += plain.recv(65536)
    assert [received.index(b'"path": "/%d"' % number) for number in range(5)] == sorted(
        received.index(b'"path": "/%d"' % number) for number in range(5)
    )


@pytest.mark.parametrize("sent", [b"NO HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000])
def test_an_invalid_request_is_refused(cloud: Serving, sent: bytes) -> None:
    service = deployed(cloud, "strict")
    host, _, port = service["annotations"]["local-cloud/address"].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as plain:
        plain.sendall(sent)
        assert plain.recv(65536)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 431"}


@pytest.mark.parametrize(
    "coding",
    [
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked ",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: xchunked",
    ],
)
def test_ambiguous_body_lengths_are_refused(cloud: Serving, coding: bytes) -> None:
    host, port = address(deployed(cloud, "odd"))
    with socket.create_connection((host, port), 30) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + coding + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        received = b"".join(iter(lambda: plain.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_request_smuggled_behind_an_upgrade_reaches_nobody_else(cloud: Serving) -> None:
    service = deployed(cloud, "hidden", maxInstanceRequestConcurrency=80, scaling={"maxInstanceCount": 1})
    host, port = address(service)
    with socket.create_connection((host, port), 30) as plain:
        plain.sendall(b"GET /first HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
        plain.sendall(b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionResetError):
            while plain.recv(65536):
                pass
    with closing(connected(service)) as connection:
        for number in range(5):
            assert fetch(connection, f"/{number}")[1]["path"] == f"/{number}"


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (b"Bearer head.claims.secret", b"Bearer head.claims.SIGNATURE_REMOVED_BY_GOOGLE"),
        (b"bearer  local/user:a@b.example/w1/secret", b"bearer  local/user:a@b.example/w1/SIGNATURE_REMOVED_BY_GOOGLE"),
        (b"Bearer an-apps-own", b"Bearer an-apps-own"),
        (b"Basic YTpi", b"Basic YTpi"),
    ],
)
def test_no_token_arrives_that_could_be_sent_on(sent: bytes, arrives: bytes) -> None:
    exchange = Exchange("127.0.0.1", secure=False)
    exchange.verb, exchange.target = b"GET", b"/"
    exchange.headers.append((b"authorization", b"Authorization", sent))
    assert b"\r\nAuthorization: " + arrives + b"\r\n" in exchange.head()
