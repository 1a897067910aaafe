"""Starting, finding, killing and stopping the local cloud."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from localcloud.server import daemons, launcher, records
from localcloud.server.launcher import LocalCloud, LocalCloudError

from tests.cloud_client import Client
from tests.polling import until


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "local"
    yield folder
    launcher.stop(folder)


def owner(cloud: LocalCloud, project: str = "some-project") -> Client:
    return Client(cloud, project)


def killed(cloud: LocalCloud) -> None:
    """kill -9, and wait until the process is gone."""
    os.kill(cloud.pid, signal.SIGKILL)
    until(lambda: launcher.find(cloud.state) is None)


def test_a_daemon_that_ends_because_the_disk_is_full_says_so(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot even write its log then."""
    (state / "cloud.db").mkdir(parents=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=100))
    with pytest.raises(LocalCloudError) as error:
        launcher.start(state)
    assert str(error.value) == (
        f"The local cloud did not start, since the disk of {state} is full: free some space and run the same command again."
    )


def test_a_started_cloud_is_found_again_and_stopped_once(state: Path) -> None:
    assert launcher.find(state) is None
    cloud = launcher.start(state)
    assert launcher.find(state) == cloud == launcher.start(state)
    assert launcher.stop(state)
    assert launcher.find(state) is None
    assert not launcher.stop(state)
    assert not (state / records.SERVER).exists()


def test_a_zombie_process_is_not_waited_for() -> None:
    code = "import os, time; pid = os.fork() or os._exit(0); print(pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        ended = int(parent.stdout.readline())
        until(lambda: not daemons.alive(ended) or not Path("/proc/self").exists())
        os.kill(ended, 0)
        parent.kill()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root can have a network of its own")
def test_without_a_loopback_network_it_says_so_and_starts_and_stops_nothing(state: Path) -> None:
    program = [
        "from localcloud.server import launcher; from pathlib import Path; import sys",
        "state = Path(sys.argv[1]); found = launcher.find(state)",
        "starts = lambda: launcher.start_with_provider(state, launcher.OWNER, lambda: launcher.start(state))",
        "asks = lambda: launcher.control(found, 'GET', '/_local/health')",
        "for work in (starts, asks) if found else (starts,):",
        "    try: work()",
        "    except launcher.LocalCloudError as problem: print(problem)",
    ]
    alone = ["unshare", "--net", sys.executable, "-c", "\n".join(program), str(state)]
    sentence = "Nothing can connect to 127.0.0.1 here (Network is unreachable), where the local cloud is: "
    for first in (lambda: None, lambda: launcher.start(state)):
        running = first()
        done = subprocess.run(alone, capture_output=True, text=True, check=True)
        assert [line.startswith(sentence) for line in done.stdout.splitlines()] == [True] * (2 if running else 1), done
        assert launcher.find(state) == running


def test_a_stopped_cloud_restarts_on_its_port_with_its_state(state: Path) -> None:
    first = launcher.start(state)
    owner(first).ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    launcher.stop(state)
    second = launcher.start(state)
    assert second.port == first.port
    assert owner(second).ok("GET", "cloudresourcemanager/v1/projects/some-project")["projectId"] == "some-project"


def test_acknowledged_writes_survive_kill_9(state: Path) -> None:
    cloud = launcher.start(state)
    client = owner(cloud)
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": client.project})
    client.enable("secretmanager")
    acknowledged: list[str] = []

    def writing(worker: int) -> None:
        own = Client(cloud, client.project)
        for number in range(1000):
            name = f"s-{worker}-{number}"
            try:
                answer = own(
                    "POST",
                    f"secretmanager/v1/projects/{own.project}/secrets",
                    {"replication": {"automatic": {}}},
                    secretId=name,
                )
            except OSError:
                return
            assert answer.status == 200
            acknowledged.append(name)
            if len(acknowledged) >= 100:  # it may be dead already
                os.kill(cloud.pid, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(writing, range(8)))
    restarted = owner(launcher.start(state))
    listed = restarted.ok("GET", f"secretmanager/v1/projects/{restarted.project}/secrets", pageSize="25000")["secrets"]
    assert {one["name"].rpartition("/")[2] for one in listed} >= set(acknowledged)
    assert len(acknowledged) >= 100


def test_eight_starters_get_one_server(state: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: launcher.start(state), range(8)))
    assert len({cloud.pid for cloud in found}) == 1


def test_starters_in_different_processes_get_one_server(state: Path) -> None:
    code = "import pathlib, sys; from localcloud.server import launcher; print(launcher.start(pathlib.Path(sys.argv[1])).pid)"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(state)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1


def test_it_outlives_its_parent(state: Path) -> None:
    code = "import pathlib, sys; from localcloud.server import launcher; launcher.start(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(state)], check=True, timeout=60)
    cloud = launcher.find(state)
    assert cloud is not None
    assert owner(cloud)("GET", "_local/health").status == 200
    assert os.getsid(cloud.pid) != os.getsid(0)


def test_a_busy_port_is_named(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalCloudError, match=rf"Port {port} is taken .* choose another port"):
            launcher.start(state, port)


def test_when_the_remembered_port_is_taken_another_is_used(state: Path) -> None:
    first = launcher.start(state)
    launcher.stop(state)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first.port))
        taken.listen()
        assert launcher.start(state).port != first.port


def test_a_port_other_than_the_running_ones_is_refused(state: Path) -> None:
    cloud = launcher.start(state)
    with pytest.raises(LocalCloudError, match=f"already runs on port {cloud.port}; stop it first"):
        launcher.start(state, cloud.port + 1 if cloud.port < 65535 else 1024)
    assert launcher.start(state, cloud.port) == cloud


@pytest.mark.parametrize("text", ["{ not json", '{"pid": 1}', ""])
def test_a_damaged_record_leads_to_a_fresh_server_with_the_same_state(state: Path, text: str) -> None:
    first = launcher.start(state)
    owner(first).ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    (state / records.SERVER).write_text(text)
    assert launcher.find(state) is None
    second = launcher.start(state)
    assert second.pid != first.pid
    assert owner(second)("GET", "cloudresourcemanager/v1/projects/some-project").status == 200


def test_after_a_code_update_cloud_and_provider_restart_with_all_their_state(state: Path) -> None:
    first = launcher.start(state)
    owner(first).ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    provider = launcher.start_provider(state, first, launcher.token(state))
    record = records.read(state / records.SERVER) or {}
    records.write(state / records.SERVER, record | {"code": "that of yesterday"})
    second = launcher.start(state)
    assert second.pid != first.pid
    assert second.port == first.port
    assert not daemons.alive(provider.pid)
    assert owner(second).ok("GET", "cloudresourcemanager/v1/projects/some-project")["projectId"] == "some-project"
    assert launcher.start(state) == second


def test_a_dead_servers_record_is_ignored(state: Path) -> None:
    cloud = launcher.start(state)
    killed(cloud)
    assert (state / records.SERVER).exists()
    assert launcher.find(state) is None
    assert launcher.start(state).port == cloud.port


def test_a_dead_servers_record_is_gone_before_another_has_its_lock(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(launcher.start(state))
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\ntest -e '{state / records.SERVER}' && echo the record of the dead || echo no record\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(LocalCloudError, match="did not start: no record"):
        launcher.start(state)


def test_a_start_right_after_kill_9_gives_a_server_that_lives(state: Path) -> None:
    """The killed process may still answer once while it dies."""
    cloud = launcher.start(state)
    for _ in range(5):
        os.kill(cloud.pid, signal.SIGKILL)
        fresh = launcher.start(state)
        assert fresh.pid != cloud.pid
        assert owner(fresh)("GET", "_local/health").status == 200
        cloud = fresh


def with_bodies(state: Path) -> LocalCloud:
    """A cloud with one object in the database and one in a file, ended by kill -9."""
    cloud = launcher.start(state)
    client = owner(cloud)
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": client.project})
    client.ok("POST", "storage/v1/b", {"name": "a-bucket"}, project=client.project)
    plain = {"Content-Type": "text/plain"}
    for name, size in (("small", 10), ("big", 100_000)):
        sent = {"uploadType": "media", "name": name}
        assert client("POST", "upload/storage/v1/b/a-bucket/o", b"x" * size, headers=plain, **sent).status == 200
    killed(cloud)
    return cloud


def test_files_that_no_row_names_are_set_aside_at_a_start_and_no_others(state: Path) -> None:
    with_bodies(state)
    blobs = {path.name for path in (state / "blobs").iterdir()}
    (state / "blobs" / ("0" * 32)).write_bytes(b"of another database")
    (state / "blobs" / "incoming-1").write_bytes(b"was arriving")
    restarted = owner(launcher.start(state))
    assert {path.name for path in (state / "blobs").iterdir()} == blobs
    assert restarted.ok("GET", "storage/v1/b/a-bucket/o/big")["size"] == "100000"
    assert [path.read_bytes() for path in (state / "set-aside").iterdir()] == [b"of another database"]
    assert "1 bodies that belong to no object were set aside in" in (state / "server.log").read_text()
    launcher.reset(state)
    assert list((state / "set-aside").iterdir()) == list((state / "blobs").iterdir()) == []


@pytest.mark.parametrize("lost", ["cloud.db", "cloud.db*", "cloud.db-wal"])
def test_a_start_without_a_part_of_the_database_is_refused_and_loses_nothing(state: Path, lost: str) -> None:
    with_bodies(state)
    removed = {path: path.read_bytes() for path in state.glob(lost) if path.stat().st_size}
    assert removed
    for path in removed:
        path.unlink()
    for _ in range(2):
        with pytest.raises(LocalCloudError, match=r"missing or empty.*: put (the database|it) back, or remove"):
            launcher.start(state)
    for path, content in removed.items():
        path.write_bytes(content)
    client = owner(launcher.start(state))
    assert len(client("GET", "storage/v1/b/a-bucket/o/big", alt="media").body) == 100_000


def test_a_start_without_its_log_can_be_forced(state: Path) -> None:
    with_bodies(state)
    (state / "cloud.db-wal").unlink()
    (state / "cloud.db-unfolded").unlink()
    assert owner(launcher.start(state))("GET", "storage/v1/b/a-bucket").status == 404
    assert [path.stat().st_size for path in (state / "set-aside").iterdir()] == [100_000]


def test_a_folder_that_cannot_be_created_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalCloudError, match=r"cannot keep its state in .* choose another folder"):
        launcher.start(tmp_path / "file" / "local")


@pytest.mark.parametrize("offset", [0, 4096, 3 * 4096])
def test_a_damaged_database_is_reported_in_one_sentence(state: Path, offset: int) -> None:
    with_bodies(state)
    launcher.start(state)
    launcher.stop(state)
    with (state / "cloud.db").open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 4096)
    with pytest.raises(LocalCloudError, match=r"database .* is damaged .*: put back a copy of the folder, or remove"):
        launcher.start(state)


def test_a_reset_empties_a_running_cloud(state: Path) -> None:
    client = owner(launcher.start(state))
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    launcher.reset(state)
    assert client.ok("GET", "cloudresourcemanager/v1/projects") == {}


def test_the_control_interface_is_reachable(state: Path) -> None:
    cloud = launcher.start(state)
    assert launcher.control(cloud, "POST", "/_local/clock", {"advance_seconds": 5})["offset_seconds"] == 5
    with pytest.raises(LocalCloudError, match="A fault needs method"):
        launcher.control(cloud, "POST", "/_local/faults", {})
    launcher.stop(state)
    with pytest.raises(LocalCloudError, match="does not answer"):
        launcher.control(cloud, "GET", "/_local/clock")


def test_a_second_server_on_the_same_folder_is_refused(state: Path) -> None:
    launcher.start(state)
    ran = subprocess.run(
        [sys.executable, "-m", "localcloud", "serve", "--state", str(state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.strip() == f"Another local cloud already serves {state}."


def test_a_start_where_the_lock_was_removed_waits_for_the_first_server_to_end(state: Path) -> None:
    cloud = launcher.start(state)
    owner(cloud).ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    (state / records.SERVER_LOCK).unlink()
    restarted = launcher.start(state)
    assert restarted.pid != cloud.pid
    assert owner(restarted).ok("GET", "cloudresourcemanager/v1/projects/some-project")["projectId"] == "some-project"


def test_a_provider_is_started_once_per_token_and_stopped_with_the_cloud(state: Path) -> None:
    cloud = launcher.start(state)
    alice = launcher.start_provider(state, cloud, launcher.token(state, "user:alice@example.com"))
    bob = launcher.start_provider(state, cloud, launcher.token(state, "user:bob@example.com"))
    assert launcher.start_provider(state, cloud, launcher.token(state, "user:alice@example.com")) == alice
    assert alice.pid != bob.pid
    assert "registry.terraform.io/hashicorp/google" in alice.reattach
    assert "registry.opentofu.org/hashicorp/google" in alice.reattach
    launcher.stop(state)
    assert not daemons.alive(alice.pid)
    assert not daemons.alive(bob.pid)


def test_a_cloud_and_its_provider_load_side_by_side_and_are_found_again(state: Path) -> None:
    loading: list[list[str]] = []

    def start() -> LocalCloud:
        loading.append([path.name for path in state.glob("provider-*.log")])
        return launcher.start(state)

    cloud, provider = launcher.start_with_provider(state, launcher.OWNER, start)
    assert len(loading[0]) == 1  # what the provider says while it loads is kept already
    assert cloud == launcher.find(state)
    assert launcher.start_with_provider(state, launcher.OWNER, start) == (cloud, provider)
    assert launcher.start_provider(state, cloud, launcher.token(state)) == provider


def test_no_provider_is_left_where_the_cloud_does_not_start(state: Path) -> None:
    def start() -> LocalCloud:
        raise LocalCloudError("It does not start.")

    with pytest.raises(LocalCloudError, match="It does not start"):
        launcher.start_with_provider(state, launcher.OWNER, start)
    assert list(state.glob("provider-*.json")) == []
    cloud, provider = launcher.start_with_provider(state, launcher.OWNER, lambda: launcher.start(state))
    assert launcher.start_provider(state, cloud, launcher.token(state)) == provider


def test_a_start_loads_nothing_that_few_clouds_need() -> None:
    """HTTP/2, cryptography, protobuf, gRPC and templates: each takes longer to load than a service."""
    code = "import sys, localcloud.server.process; print(*sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"h2", "hpack", "cryptography", "google.protobuf", "grpc", "jinja2", "requests"} & set(asked)


def test_a_token_names_its_principal_and_is_the_clouds_own(state: Path, tmp_path: Path) -> None:
    cloud = launcher.start(state)
    assert launcher.principal(launcher.token(state)) == launcher.OWNER
    assert owner(cloud)("GET", "cloudresourcemanager/v1/projects").status == 200
    for typed in ("local/user:owner@example.com", launcher.token(state)[:-3] + "AAA"):
        headers = {"Authorization": f"Bearer {typed}"}
        assert owner(cloud)("GET", "cloudresourcemanager/v1/projects", headers=headers).status == 401
    with pytest.raises(LocalCloudError, match=r"cannot be read .* stop the local cloud and start it"):
        launcher.token(tmp_path)


def test_nobody_else_can_look_into_the_state_folder_whatever_the_umask(state: Path) -> None:
    before = os.umask(0)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o777)
        cloud = launcher.start(state)
        launcher.start_provider(state, cloud, launcher.token(state))
    finally:
        os.umask(before)
    owner(cloud).ok("POST", "cloudresourcemanager/v1/projects", {"projectId": "some-project"})
    owner(cloud).ok("POST", "storage/v1/b", {"name": "some-bucket"}, project="some-project")
    path = "upload/storage/v1/b/some-bucket/o"
    assert owner(cloud)("POST", path, b"x" * 100_000, uploadType="media", name="big").status == 200
    assert state.stat().st_mode & 0o777 == 0o700
    open_to_others = [file for file in state.rglob("*") if file.stat().st_mode & 0o077]
    assert open_to_others == []


def test_no_token_is_on_a_command_line(state: Path) -> None:
    cloud = launcher.start(state)
    provider = launcher.start_provider(state, cloud, launcher.token(state))
    for pid in (cloud.pid, provider.pid):
        output = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True
        ).stdout
        assert "localcloud" in output
        assert launcher.token(state) not in output


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not show what a process was given")
def test_a_daemon_keeps_neither_proxy_nor_login_of_its_starter(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "GOOGLE_APPLICATION_CREDENTIALS", "SOME_SECRET", "LD_PRELOAD"):
        monkeypatch.setenv(name, "/nowhere")
    cloud = launcher.start(state)
    provider = launcher.start_provider(state, cloud, launcher.token(state))
    for pid in (cloud.pid, provider.pid):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"PATH=" in environment
        assert b"/nowhere" not in environment
