"""Child processes: started from an argument list, read line by line, and stopped as a group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from localcloud import WORKS_FOR_IT
from localcloud.containers import trees
from localcloud.containers.workload import OnOutput, RuntimeProblem, Stream

_LONGEST = 65_536


class Child:
    """A process in its own process group, whose output lines are passed on as they arrive; overlong lines are split."""

    def __init__(
        self,
        command: Sequence[str],
        on_output: OnOutput,
        *,
        env: Mapping[str, str],
        folder: Path | None = None,
        sent: bytes | None = None,
    ) -> None:
        with _begun(command, env):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if sent is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(env),
                cwd=folder,
                start_new_session=True,
            )
        self._readers = [
            threading.Thread(target=_read, args=(stream, name, on_output), daemon=True)
            for stream, name in ((self._process.stdout, "stdout"), (self._process.stderr, "stderr"))
        ]
        for reader in self._readers:
            reader.start()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError), self._process.stdin as stream:
                stream.write(sent or b"")

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._process.pid

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, once all output has been passed on; None if it is still running after `timeout` seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        for reader in self._readers:
            reader.join(5)
        return code if code >= 0 else 128 - code

    def end(self, grace: float) -> int:
        """Sends SIGTERM to the group and, after `grace` seconds, SIGKILL, also to descendants in other groups; the exit code."""
        started = trees.below(self.pid)
        self.signal(signal.SIGTERM)
        code = self.wait(grace)
        self.signal(signal.SIGKILL)
        trees.kill(started)
        return code if code is not None else self.wait() or 0

    def signal(self, number: int) -> None:
        """Sends a signal to the group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _read(stream: IO[bytes] | None, name: Stream, on_output: OnOutput) -> None:
    assert stream is not None
    with stream:
        while line := stream.readline(_LONGEST):
            on_output(name, line.rstrip(b"\r\n").decode("utf-8", "replace"))


@contextmanager
def _begun(command: Sequence[str], env: Mapping[str, str]) -> Iterator[None]:
    """Turns errors when starting a process into RuntimeProblem, including arguments and variables that cannot be passed."""
    program = Path(command[0]).name
    if any("\x00" in text for text in (*command, *env, *env.values())):
        raise RuntimeProblem(f"{program} cannot be given a null character.")
    try:
        yield
    except OSError as problem:
        raise RuntimeProblem(f"{program} could not be started: {problem.strerror}.") from None


def lines(command: Sequence[str], *, env: Mapping[str, str], timeout: float = 60) -> tuple[int, list[str], str]:
    """Runs a short command; returns its exit code, the lines of standard output, and standard error as one text."""
    with _begun(command, env):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=dict(env), timeout=timeout, check=False
        )
    return (
        done.returncode,
        done.stdout.decode("utf-8", "replace").splitlines(),
        done.stderr.decode("utf-8", "replace").strip(),
    )


def chosen(names: Iterable[str]) -> dict[str, str]:
    """This process's environment variables with these names (one that ends with * is a prefix), and the mark of a child of the local cloud."""
    wanted = tuple(names)
    starts = tuple(name[:-1] for name in wanted if name.endswith("*"))
    found = {key: value for key, value in os.environ.items() if key in wanted or (starts and key.startswith(starts))}
    return {**found, WORKS_FOR_IT: "1"}


def free_port() -> int:
    """A port of loopback at which a child can listen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
