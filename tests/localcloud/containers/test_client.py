"""Containers run by docker or podman: their input, their output, how they end, and that none is left."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import Mount, RuntimeProblem, Workload
from localcloud.provider import callers

from tests.localcloud.containers.conftest import SMALL

pytestmark = pytest.mark.slow
SECRET = "not-for-process-lists"


def shell(name: str, script: str, **more: object) -> Workload:
    return Workload(name, SMALL, ("sh", "-c"), (script,), **more)  # type: ignore[arg-type]


def test_its_lines_arrive_by_stream_and_its_exit_code_is_kept(client: CommandLineRuntime) -> None:
    lines: list[tuple[str, str]] = []
    running = client.start(shell("lines", "echo out; echo err >&2; exit 3"), lambda *line: lines.append(line))
    ended = running.wait(60)
    assert sorted(lines) == [("stderr", "err"), ("stdout", "out")]
    assert ended is not None
    assert (ended.code, ended.stopped, ended.out_of_memory) == (3, False, False)


def test_its_environment_keeps_every_character_and_stays_off_command_lines(client: CommandLineRuntime) -> None:
    lines: list[str] = []
    up = threading.Event()

    def note(_: str, line: str) -> None:
        lines.append(line)
        if line == "up":
            up.set()

    env = {"A": SECRET, "QUOTED": "a 'b' \"c\" $d", "LINES": "one\ntwo"}
    running = client.start(
        shell("environment", 'echo "$QUOTED"; echo "$LINES"; echo "$A"; echo up; sleep 600', env=env), note
    )
    assert up.wait(60)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _readable(path)]
    running.stop()
    assert lines == ["a 'b' \"c\" $d", "one", "two", SECRET, "up"]
    assert [one for one in commands if b"--name=environment" in one]
    assert not [one for one in commands if SECRET.encode() in one]


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PATH", "CONTAINERS_CONF", "https_proxy", "BASH_ENV"])
def test_no_variable_of_a_workload_reaches_podman_or_docker_themselves(client: CommandLineRuntime, name: str) -> None:
    with pytest.raises(RuntimeProblem, match=f"The variable {name} cannot have a multi-line value"):
        client.start(shell("theirs", "true", env={name: "/tmp/theirs.so:\n"}), lambda *_: None)


@pytest.mark.parametrize("env", [{"A\nHOME": "x"}, {"*": "x"}, {"": "x"}, {"A": "b\x00"}])
def test_an_impossible_variable_is_refused_with_the_reason(client: CommandLineRuntime, env: dict[str, str]) -> None:
    with pytest.raises(RuntimeProblem, match="cannot be passed to a container"):
        client.start(shell("odd", "true", env=env), lambda *_: None)


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def test_a_folder_is_mounted_and_may_be_read_only(client: CommandLineRuntime, folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    (folder / "in" / "data").write_text("rows")
    mounts = (Mount(folder / "in", "/in", read_only=True), Mount(folder / "out", "/out"))
    running = client.start(
        shell("mounts", "cp /in/data /out/; touch /in/more && exit 1; exit 0", mounts=mounts), silent
    )
    ended = running.wait(60)
    assert ended is not None
    assert ended.code == 0
    assert (folder / "out" / "data").read_text() == "rows"


def test_a_colon_in_a_path_makes_no_other_mount(client: CommandLineRuntime, folder: Path) -> None:
    (folder / "a:" / "etc").mkdir(parents=True)
    for mount in (Mount(folder / "a:" / "etc", "ro"), Mount(folder, "/in:O")):
        with pytest.raises(RuntimeProblem, match="may have no colon"):
            client.start(shell("colon", "true", mounts=(mount,)), silent)


def test_its_port_answers_on_loopback_and_it_reaches_this_machines_loopback(client: CommandLineRuntime) -> None:
    answers = Answering()
    script = f"exec 3<>/dev/tcp/{client.host}/{answers.port}; echo hello >&3; read line <&3; echo $line"
    lines: list[str] = []
    running = client.start(
        Workload("reaches", SMALL, ("bash", "-c"), (script,), port=8080), lambda _, line: lines.append(line)
    )
    assert running.address.startswith("127.0.0.1:")
    running.wait(60)
    assert lines == ["hello yourself"]


def test_it_ends_on_sigterm_or_is_killed(client: CommandLineRuntime) -> None:
    started = threading.Event()
    script = "trap 'exit 7' TERM; echo up; while true; do sleep 0.1; done"
    polite = client.start(shell("polite", script), lambda *_: started.set())
    assert started.wait(60)
    assert polite.stop().code == 7
    started.clear()
    deaf = client.start(
        shell("deaf", "trap '' TERM; echo up; while true; do sleep 0.1; done", grace=1), lambda *_: started.set()
    )
    assert started.wait(60)
    ended = deaf.stop()
    assert (ended.code, ended.stopped, ended.out_of_memory) == (137, True, False)


def test_running_out_of_memory_is_distinguished_from_being_stopped(
    client: CommandLineRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # podman's monitor leaves an empty file called oom where it was started
    ended = client.start(shell("hungry", "x=0123456789; while true; do x=$x$x; done", memory=64 << 20), silent).wait(
        120
    )
    assert ended is not None
    assert (ended.code, ended.stopped, ended.out_of_memory) == (137, False, True)


def test_a_failed_start_is_reported_in_one_sentence(client: CommandLineRuntime) -> None:
    running = client.start(Workload("missing", "localhost/nobody-made:1"), silent)
    with pytest.raises(RuntimeProblem, match=r"localhost/nobody-made:1 could not be started: "):
        running.wait(60)
    running = client.start(Workload("no-program", SMALL, ("no-such-program",)), silent)
    with pytest.raises(RuntimeProblem, match=r"small:1 could not be started: "):
        running.wait(60)


def test_containers_of_an_earlier_run_are_removed_and_others_are_not(client: CommandLineRuntime) -> None:
    other = CommandLineRuntime(client.kind, "another-cloud")
    up = [threading.Event(), threading.Event()]
    mine = client.start(shell("mine", "echo up; sleep 600", labels={"service": "api"}), lambda *_: up[0].set())
    theirs = other.start(shell("theirs", "echo up; sleep 600"), lambda *_: up[1].set())
    assert all(one.wait(60) for one in up)
    try:
        assert [(one.name, one.running, one.labels["service"]) for one in client.found()] == [("mine", True, "api")]
        assert client.sweep() == 1
        assert list(client.found()) == []
        assert [one.name for one in other.found()] == ["theirs"]
    finally:
        other.sweep()
    assert mine.wait(30) is not None
    assert theirs.wait(30) is not None


def silent(*_: object) -> None:
    """Ignores the output."""


class Answering:
    """A server that answers connections on loopback or another address of this machine."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"hello yourself\n")


def test_a_containers_connections_are_not_its_users_programs(client: CommandLineRuntime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        asks = f"exec 3<>/dev/tcp/{client.host}/{port}; cat <&3"
        running = client.start(Workload("asking", SMALL, ("bash", "-c"), (asks,)), silent)
        listening.settimeout(60)
        connection, (host, theirs) = listening.accept()
        with connection:
            assert callers.ours(f"ipv4:{host}:{theirs}", port)
            assert not callers.program_of_ours(f"ipv4:{host}:{theirs}", port)
        running.stop()
