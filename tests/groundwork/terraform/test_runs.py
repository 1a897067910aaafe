"""One changing run at a time, and a record of interrupted runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.errors import StateLocked
from groundwork.terraform import runs
from groundwork.terraform.liveness import birth

HOLD = """
import sys
from pathlib import Path
from groundwork.terraform import runs
with runs.alone(Path(sys.argv[1]), runs.this_run("up", "local")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    argv = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        runs.write(folder / "platform", replace(runs.this_run("up", "local", "platform", "apply"), pid=child.pid))
        with pytest.raises(StateLocked) as error, runs.alone(folder, runs.this_run("up", "local")):
            pytest.fail("two at once")
        child.communicate("")
    assert (
        f"The state of local is locked by `groundwork up` of {runs.this_run('up', 'local').user}@"
        in error.value.message
    )
    assert f"(process {child.pid}), since " in error.value.message
    assert "in apply of platform: wait for it to end" in error.value.message


def test_a_killed_runs_claim_is_released(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
        child.wait()
        with runs.alone(tmp_path, runs.this_run("up", "local")):
            assert "up" in (tmp_path / "claim.json").read_text("utf-8")


def test_a_record_lives_while_a_command_runs_and_goes_when_it_ends_well(tmp_path: Path) -> None:
    recorder = runs.Recorder(tmp_path, runs.this_run("up", "local", "platform"))
    recorder.started("plan", os.getpid())
    record = runs.read(tmp_path)
    assert record is not None
    assert (record.phase, record.child, record.child_born) == ("plan", os.getpid(), birth(os.getpid()))
    assert record.at_work
    recorder.ended("plan", 1, in_order=True)
    assert runs.read(tmp_path) is None


@pytest.mark.parametrize(
    ("command", "code", "in_order"), [("plan", -9, False), ("apply", -9, False), ("apply", 1, True)]
)
def test_a_record_stays_when_a_command_is_cut_short_or_an_apply_fails(
    tmp_path: Path, command: str, code: int, in_order: bool
) -> None:
    recorder = runs.Recorder(tmp_path, runs.this_run("up", "local", "platform"))
    recorder.started(command, os.getpid())
    recorder.ended(command, code, in_order=in_order)
    record = runs.read(tmp_path)
    assert record is not None
    assert (record.phase, record.in_order, record.at_work) == (command, in_order, False)


def test_a_truncated_record_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"command": "up"', "utf-8")
    assert runs.read(tmp_path) is None
