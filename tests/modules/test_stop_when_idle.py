"""The script by which a workstation stops itself, run with stand-ins for what it looks at and for what it does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.terraform_runs import ROOT

SCRIPT = ROOT / "modules" / "workstation" / "stop_when_idle.sh"


@dataclass(frozen=True)
class Machine:
    """A folder with stand-ins: each program writes its arguments into `calls`, and then runs the given shell text."""

    folder: Path

    def program(self, name: str, text: str = "") -> None:
        file = self.folder / "bin" / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.folder}/calls"\n{text}\n')
        file.chmod(0o755)

    def load(self, average: str) -> None:
        (self.folder / "loadavg").write_text(f"9.99 {average} 0.01 1/234 5678\n")

    def run(self, *words: str) -> list[str]:
        """What it called, but for its questions."""
        (self.folder / "calls").write_text("")
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        places = {"PATH": path, "PROC": str(self.folder), "RUNTIME_DIRECTORY": str(self.folder)}
        subprocess.run(["sh", str(SCRIPT), *words], env={**os.environ, **places}, check=True, capture_output=True)
        calls = (self.folder / "calls").read_text().splitlines()
        return [call for call in calls if not call.startswith(("ss ", "curl ", "nvidia-smi "))]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Nobody is connected, nothing runs, there is no GPU, and three minutes without use are allowed."""
    (tmp_path / "bin").mkdir()
    made = Machine(tmp_path)
    made.load("0.24")
    made.program("ss")
    made.program("curl", "echo 3")
    for name in ("systemctl", "systemd-run", "shutdown"):
        made.program(name)
    return made


def test_it_stops_after_as_many_unused_minutes_as_the_metadata_say(machine: Machine) -> None:
    assert [machine.run("look") for _ in range(3)] == [[], [], ["shutdown --poweroff now"]]
    asked = (machine.folder / "calls").read_text()
    assert "Metadata-Flavor: Google" in asked
    assert "/instance/attributes/idle-minutes" in asked


@pytest.mark.parametrize("use", ["connection", "load", "gpu"])
def test_any_use_begins_the_count_anew(machine: Machine, use: str) -> None:
    machine.run("look")
    machine.run("look")
    if use == "connection":
        machine.program("ss", "echo 'ESTAB 0 0 10.0.0.2:22 35.235.240.1:4711'")
    if use == "load":
        machine.load("0.25")
    if use == "gpu":
        machine.program("nvidia-smi", "printf '0\\n6\\n'")
    assert machine.run("look") == []
    machine.program("ss")
    machine.load("0.00")
    machine.program("nvidia-smi", "printf '0\\n5\\n'")
    assert [machine.run("look") for _ in range(3)] == [[], [], ["shutdown --poweroff now"]]


def test_without_an_answer_of_the_metadata_nothing_is_stopped(machine: Machine) -> None:
    machine.program("curl", "exit 22")
    for _ in range(4):
        with pytest.raises(subprocess.CalledProcessError):
            machine.run("look")
    assert "shutdown" not in (machine.folder / "calls").read_text()


def test_a_start_sets_the_timer_with_a_copy_of_the_script_and_forgets_old_minutes(machine: Machine) -> None:
    machine.run("look")
    stopped, started = machine.run()
    assert stopped == "systemctl stop stop-when-idle.timer"
    copy = machine.folder / "stop-when-idle.sh"
    assert started.startswith("systemd-run ")
    assert started.endswith(f"/bin/sh {copy} look")
    assert copy.read_text() == SCRIPT.read_text()
    assert not (machine.folder / "stop-when-idle.minutes").exists()
