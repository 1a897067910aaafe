"""Terraform's processes: output streamed and stored, interrupted in order, and never left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from groundwork.errors import GroundworkError
from groundwork.terraform import installation
from groundwork.terraform.commands import Terraform, TerraformFailed
from groundwork.terraform.events import Event, PlannedChange, Step
from groundwork.terraform.liveness import alive, birth, tail
from groundwork.terraform.process import run, signals_passed_on

from tests.polling import until
from tests.processes import naming

TOOL = installation.tool(installation.chosen(), installation.user_cache(), print)
QUICK = 'resource "terraform_data" "a" { input = "x" }\noutput "o" { value = terraform_data.a.output }\n'
# A resource that works until the file "go" appears, so that tests decide when it ends.
WAITING = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "while [ ! -e go ]; do sleep 0.05; done" }
}
"""


def terraform(folder: Path, hcl: str, variables: Mapping[str, str] = os.environ) -> Terraform:
    (folder / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n' + hcl, "utf-8")
    terraform = Terraform(str(TOOL.path), folder, folder / "data", {**variables, "CHECKPOINT_DISABLE": "1"})
    terraform.init({}, lambda _event: None)
    return terraform


def test_events_arrive_one_by_one_and_the_log_keeps_them_raw(tmp_path: Path) -> None:
    events: list[Event] = []
    subject = terraform(tmp_path, QUICK)
    assert subject.plan(tmp_path / "saved", events.append)
    subject.apply(tmp_path / "saved", events.append)
    assert [event.action for event in events if isinstance(event, PlannedChange)] == ["create", "create"]
    assert [event.stage for event in events if isinstance(event, Step)] == ["start", "complete"]
    logged = [json.loads(text)["type"] for text in (tmp_path / "data" / "apply.ndjson").read_text("utf-8").splitlines()]
    assert logged[0] == "version"
    assert "apply_complete" in logged


def test_a_plan_without_changes_is_not_pending(tmp_path: Path) -> None:
    subject = terraform(tmp_path, QUICK)
    subject.plan(tmp_path / "saved", lambda _event: None)
    subject.apply(tmp_path / "saved", lambda _event: None)
    assert not subject.plan(tmp_path / "again", lambda _event: None)


def test_an_applied_plan_is_the_saved_one(tmp_path: Path) -> None:
    subject = terraform(tmp_path, QUICK)
    subject.plan(tmp_path / "saved", lambda _event: None)
    (tmp_path / "main.tf").write_text("nonsense", "utf-8")
    subject.apply(tmp_path / "saved", lambda _event: None)
    assert json.loads((tmp_path / "terraform.tfstate").read_text("utf-8"))["outputs"]["o"]["value"] == "x"


def test_a_failure_names_command_code_and_diagnostic(tmp_path: Path) -> None:
    subject = terraform(tmp_path, QUICK)
    (tmp_path / "main.tf").write_text(
        'terraform {\n  backend "local" {}\n}\nresource "terraform_data" "a" { nonsense = 1 }\n', "utf-8"
    )
    with pytest.raises(TerraformFailed) as error:
        subject.plan(tmp_path / "saved", lambda _event: None)
    assert error.value.message == f"{TOOL.name} plan in infra/{tmp_path.name} failed (exit code 1)."
    assert error.value.diagnostics[0].summary == "Unsupported argument"
    assert error.value.details[0].startswith(f"command: {TOOL.path} plan -json")


def test_a_failure_without_diagnostics_shows_its_last_lines(tmp_path: Path) -> None:
    subject = terraform(tmp_path, QUICK)
    with pytest.raises(TerraformFailed) as error:
        subject.show(tmp_path / "nothing-here")
    assert any("nothing-here" in text for text in error.value.details[1:])


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    subject = terraform(tmp_path, QUICK, {**os.environ, "TMPDIR": str(folder)})
    subject.plan(tmp_path / "saved", lambda _event: None)
    assert list(folder.iterdir()) == []


SCRIPT = """
import os, sys
from pathlib import Path
from groundwork.errors import Interrupted
from groundwork.terraform.events import Step
from groundwork.terraform.commands import Terraform
from groundwork.terraform.process import signals_passed_on
folder = Path(sys.argv[2])
subject = Terraform(sys.argv[1], folder, folder / "data", dict(os.environ))
def listen(event):
    if isinstance(event, Step):
        print(event.stage, flush=True)
with signals_passed_on():
    try:
        subject.apply(folder / "saved", listen)
    except Interrupted as error:
        print(error.message, flush=True)
        sys.exit(130)
"""


@contextmanager
def applying(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose Terraform has begun to create what waits for the file "go"."""
    terraform(folder, WAITING).plan(folder / "saved", lambda _event: None)
    argv = [sys.executable, "-c", SCRIPT, str(TOOL.path), str(folder)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "CHECKPOINT_DISABLE": "1"}
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "start\n"
        yield child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_makes_terraform_end_in_order_and_release_its_lock(tmp_path: Path, number: signal.Signals) -> None:
    with applying(tmp_path) as child:
        assert child.stdout is not None
        lock = tmp_path / ".terraform.tfstate.lock.info"
        assert lock.exists()
        assert [line for line in naming(tmp_path) if line.startswith(str(TOOL.path))] or not Path("/proc/self").exists()
        child.send_signal(number)
        (tmp_path / "go").touch()
        rest = child.stdout.read()
    assert child.returncode == 130
    assert "was stopped" in rest
    assert not lock.exists()
    assert naming(tmp_path) == []


def test_terraform_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with applying(tmp_path) as child:
        child.kill()
    (tmp_path / "go").touch()
    state = tmp_path / "terraform.tfstate"
    until(lambda: state.exists() and "terraform_data" in state.read_text("utf-8"))
    until(lambda: not (tmp_path / ".terraform.tfstate.lock.info").exists())


def test_a_listener_that_breaks_leaves_no_process_behind(tmp_path: Path) -> None:
    subject = terraform(tmp_path, WAITING)
    subject.plan(tmp_path / "saved", lambda _event: None)

    def broken(event: Event) -> None:
        if isinstance(event, Step):
            (tmp_path / "go").touch()
            raise OSError("nobody listens any more")

    with pytest.raises(OSError, match="nobody listens"), signals_passed_on():
        subject.apply(tmp_path / "saved", broken)
    assert naming(tmp_path) == []
    assert not (tmp_path / ".terraform.tfstate.lock.info").exists()


def test_a_pid_counts_only_with_its_start_time() -> None:
    assert alive(os.getpid(), birth(os.getpid()))
    if Path("/proc/self/stat").exists():
        assert not alive(os.getpid(), "12345")


def test_an_ended_process_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        born = birth(child.pid)
    assert not alive(child.pid, born)


def test_tail_gives_whole_lines_of_a_growing_file(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"first\nsec")
    steps = iter([b"ond \xc3", b"\xa9\nthird"])
    over = False

    def wait(_seconds: float) -> None:
        nonlocal over
        with file.open("ab") as stream:
            stream.write(next(steps))
        over = file.read_bytes().endswith(b"third")

    assert list(tail(file, wait, lambda: over)) == ["first", "second é", "third"]


def test_a_missing_program_is_reported_in_one_sentence() -> None:
    with pytest.raises(GroundworkError, match=r"^no-such-program was not found: install it or put it on PATH\.$"):
        run(["no-such-program"])


def test_a_program_that_takes_too_long_is_reported_in_one_sentence() -> None:
    with pytest.raises(GroundworkError, match="did not end within 0 s"):
        run([shutil.which("sleep") or "sleep", "30"], seconds=0.05)
