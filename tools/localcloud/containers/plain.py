"""Runs a plain process in place of a container, for machines without docker and podman: same environment and port, but no isolation and no limits."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from localcloud.containers import children
from localcloud.containers.children import Child
from localcloud.containers.workload import ExitStatus, LabelledContainer, OnOutput, RuntimeProblem, Workload

VARIABLES = ("PATH", "HOME", "LANG", "LC_*", "TMPDIR")


class Plain:
    """A Runtime whose images are commands: `command` returns the argument list and folder that stand in for a workload."""

    name = "process"
    host = "127.0.0.1"

    def __init__(self, command: Callable[[Workload], tuple[tuple[str, ...], Path] | None]) -> None:
        self._command = command
        self._children: dict[str, PlainProcess] = {}

    def start(self, workload: Workload, on_output: OnOutput) -> PlainProcess:
        """Starts the stand-in command; raises RuntimeProblem if there is none."""
        stand_in = self._command(workload)
        if stand_in is None:
            raise RuntimeProblem(
                f"Nothing runs {workload.image} on this machine: neither docker nor podman answers, and no command stands in."
            )
        command, folder = stand_in
        # Arguments are passed to a command that stands in for an image, but not to one for a whole container.
        args = workload.args if workload.entrypoint is None and workload.args else ()
        started = PlainProcess(workload, (*command, *args), folder, on_output)
        self._children[workload.name] = started
        return started

    def found(self) -> Iterator[LabelledContainer]:
        """The running processes."""
        for name, child in self._children.items():
            if child.wait(0) is None:
                yield LabelledContainer(name, True, child.labels)

    def sweep(self, names: Iterable[str] | None = None) -> int:
        """Stops the running processes."""
        wanted = None if names is None else set(names)
        gone = [one.name for one in self.found() if wanted is None or one.name in wanted]
        for name in gone:
            self._children.pop(name).stop()
        return len(gone)


class PlainProcess:
    """A Running process of this machine."""

    def __init__(self, workload: Workload, command: tuple[str, ...], folder: Path, on_output: OnOutput) -> None:
        self._grace = workload.grace
        self.labels = workload.labels
        self._stopped = threading.Event()
        self._port = children.free_port() if workload.port else 0
        port = dict.fromkeys(workload.told, str(self._port)) if self._port else {}
        env = {**children.chosen(VARIABLES), **workload.env, **port}
        self._child = Child(command, on_output, env=env, folder=folder)

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._child.pid

    @property
    def address(self) -> str:
        """The address with the port on which it should listen."""
        return f"127.0.0.1:{self._port}" if self._port else ""

    def wait(self, timeout: float | None = None) -> ExitStatus | None:
        """How it ended."""
        code = self._child.wait(timeout)
        return None if code is None else ExitStatus(code, self._stopped.is_set())

    def stop(self) -> ExitStatus:
        """Stops it: SIGTERM, the grace period, SIGKILL."""
        self._stopped.set()
        self._child.signal(signal.SIGCONT)
        return ExitStatus(self._child.end(self._grace), stopped=True)
