"""Workloads that a killed local cloud left running: recorded in its state folder, stopped by the next start."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localcloud import atomic_files
from localcloud.containers import detection, trees
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import RuntimeProblem

RECORD = "workloads.json"


@dataclass(frozen=True)
class _Record:
    """Whether containers were started, and the stand-in processes: process id -> start time."""

    containers: bool = False
    processes: dict[str, str] = field(default_factory=dict)


class Leftovers:
    """The record of what may be running. It is written before anything starts, so without it no runtime needs to be asked."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._path = state / RECORD

    @property
    def there(self) -> bool:
        """Whether something may be left running."""
        return self._path.exists()

    def expect_containers(self) -> None:
        """Records that a container is about to run."""
        record = self._read()
        if not record.containers:
            self._write(_Record(True, record.processes))

    def note(self, pid: int) -> None:
        """Records a process with its start time, since process ids are reused."""
        record = self._read()
        alive = {one: begun for one, begun in record.processes.items() if _is(one, begun)}
        self._write(_Record(record.containers, {**alive, str(pid): trees.begun(pid)}))

    def sweep(self) -> int:
        """Stops everything that still runs for this cloud; returns how much that was."""
        if not self.there:
            return 0
        record, count = self._read(), 0
        for pid in [one for one, begun in record.processes.items() if _is(one, begun)]:
            started = trees.below(int(pid))
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(pid), signal.SIGKILL)
                count += 1
            trees.kill(started)
        kind = detection.kind() if record.containers else None
        if kind is not None:
            try:
                count += CommandLineRuntime(kind, str(self._state)).sweep()
            except RuntimeProblem:
                return count  # the record stays, so that the next sweep tries again
        self._path.unlink(missing_ok=True)
        return count

    def _read(self) -> _Record:
        try:
            return _Record(**json.loads(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return _Record()
        except (OSError, ValueError, TypeError):
            return _Record(containers=True)  # a damaged record: assume that there are some

    def _write(self, record: _Record) -> None:
        atomic_files.write(self._path, json.dumps(asdict(record)))


def _is(pid: str, begun: str) -> bool:
    return begun != "" and trees.begun(int(pid)) == begun
