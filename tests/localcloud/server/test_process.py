"""The server on its socket: unusual requests of HTTP clients."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn
from localcloud.engine.state_folder import StateFolder
from localcloud.server.assembly import opened
from localcloud.server.certificates import AUTHORITY, BUNDLE
from localcloud.server.process import Server

from tests.cloud_client import Client


def raw(cloud: Client, text: str) -> str:
    with socket.create_connection(("127.0.0.1", cloud.server.port), 10) as stream:
        stream.sendall(text.replace("\n", "\r\n").encode())
        stream.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: stream.recv(65536), b"")).decode()


def test_gcloud_may_use_it_as_its_proxy(cloud: Client) -> None:
    path = f"cloudresourcemanager/v1/projects/{cloud.project}"
    head = (
        f"Host: us-central1-127.0.0.1:{cloud.server.port}\nAuthorization: Bearer {cloud.token()}\nConnection: close\n\n"
    )
    answer = raw(cloud, f"GET http://us-central1-127.0.0.1:{cloud.server.port}/{path}?alt=json HTTP/1.1\n{head}")
    assert answer.startswith("HTTP/1.1 200")
    assert f'"projectId":"{cloud.project}"' in answer


def test_it_says_that_it_is_simulated(cloud: Client) -> None:
    assert "simulated" in cloud("GET", "_local/health").headers["server"]


def test_clients_can_trust_it_once_it_says_that_it_serves(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "localcloud", "serve", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        said = serving.stdout.readline()
        serving.terminate()
    assert said.startswith("The local cloud (simulated) serves http://127.0.0.1:")
    assert (tmp_path / "state" / BUNDLE).read_text().endswith((tmp_path / "state" / AUTHORITY).read_text())


def test_a_dropped_connection_is_seen_as_one(cloud: Client) -> None:
    cloud.control("POST", "faults", {"method": "cloudresourcemanager.projects.get", "kind": "drop", "count": 1})
    head = f"Host: localhost\nAuthorization: Bearer {cloud.token()}\n\n"
    path = f"/cloudresourcemanager/v1/projects/{cloud.project}"
    with socket.create_connection(("127.0.0.1", cloud.server.port), 10) as stream:
        stream.sendall(f"GET {path} HTTP/1.1\n{head}".replace("\n", "\r\n").encode())
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(100) == b""
    assert cloud("GET", path[1:]).status == 200


def test_many_requests_share_a_connection(cloud: Client) -> None:
    for _ in range(20):
        assert cloud("GET", f"cloudresourcemanager/v3/projects/{cloud.project}").status == 200


@pytest.fixture
def idle(tmp_path: Path) -> Server:
    (tmp_path / "server.lock").touch()
    return Server(uvicorn.Config("none:none"), opened(tmp_path), tmp_path / "server.lock")


@pytest.mark.parametrize("name", ["cloud.db", "server.lock"])
@pytest.mark.parametrize("replaced", [False, True])
def test_it_ends_when_its_database_or_its_lock_is_deleted(
    idle: Server, tmp_path: Path, name: str, replaced: bool
) -> None:
    assert not asyncio.run(idle.on_tick(0))
    if replaced:
        (tmp_path / "spare").touch()
        (tmp_path / "spare").replace(tmp_path / name)
    else:
        (tmp_path / name).unlink()
    assert asyncio.run(idle.on_tick(20))


def test_the_log_is_folded_into_the_database_when_idle(idle: Server, tmp_path: Path) -> None:
    store, log = idle.cloud.store, tmp_path / "cloud.db-wal"
    asyncio.run(idle.on_tick(20))
    with store.transaction():
        store.put("s", "things/t", {"found": "in the database"})
    asyncio.run(idle.on_tick(40))
    assert b"in the database" in log.read_bytes()
    asyncio.run(idle.on_tick(60))
    assert log.stat().st_size == 0
    assert b"in the database" in (tmp_path / "cloud.db").read_bytes()


def test_a_transaction_that_changes_nothing_does_not_let_the_next_start_miss_a_change(
    idle: Server, tmp_path: Path
) -> None:
    with idle.cloud.store.transaction():
        idle.cloud.store.put("s", "things/t", {})
    idle.cloud.store.fold()
    with idle.cloud.store.transaction():
        pass
    assert (tmp_path / "cloud.db-wal").stat().st_size == 0
    StateFolder(tmp_path).check()


def test_the_log_is_folded_twice_a_minute_under_constant_writes(idle: Server, tmp_path: Path) -> None:
    for tick in range(20, 301, 20):
        with idle.cloud.store.transaction():
            idle.cloud.store.put("s", "things/t", {"tick": tick})
        asyncio.run(idle.on_tick(tick))
        assert (tmp_path / "cloud.db-wal").stat().st_size == 0 or tick < 300


def test_a_head_without_an_end_is_refused(cloud: Client) -> None:
    with socket.create_connection(("127.0.0.1", cloud.server.port), 10) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                stream.sendall(b"x" * 1000)
        assert stream.recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("head", ["X: " + "x" * 70_000, "\n".join(f"X-{n}: {'x' * 100}" for n in range(700))])
def test_a_large_head_is_refused_and_the_next_request_is_not(cloud: Client, head: str) -> None:
    assert raw(cloud, f"GET /_local/health HTTP/1.1\nHost: localhost\n{head}\n\n").startswith("HTTP/1.1 431 ")
    assert raw(cloud, f"GET /_local/health?{'x' * 70_000} HTTP/1.1\nHost: localhost\n\n").startswith("HTTP/1.1 431 ")
    for _ in range(2):
        assert cloud("GET", "_local/health", headers={"X": "x" * 60_000}).status == 200


def test_due_work_runs_without_requests_and_waits_for_a_full_disk(
    idle: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    happened: list[str] = []
    idle.cloud.due.serve("s", "end", lambda name, _: happened.append(name))

    def refusing() -> None:
        idle.cloud.store.rollback()
        raise idle.cloud.store.explain(OSError(28, "No space left on device"))

    async def play() -> list[list[str]]:
        events = []
        idle.cloud.due.after("s", "end", "x", -1)
        with monkeypatch.context() as patch:
            patch.setattr(idle.cloud.store, "commit", refusing)
            for counter in (1, 2):
                assert not await idle.on_tick(counter)
            events.append([one for one in caplog.messages if "could not be written to disk" in one])
        happened.clear()
        await idle.on_tick(3)
        events.append(list(happened))
        await idle.on_tick(60)
        return [*events, list(happened)]

    refused, early, late = asyncio.run(play())
    assert len(refused) == 1
    assert (early, late) == ([], ["x"])
