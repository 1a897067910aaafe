"""Set-up from nothing: clear errors where it is impossible, nothing done twice, and a Makefile that lists what it can do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = ("Makefile", "pyproject.toml", "tools/setup.sh", "tools/requirements.txt", "tools/requirements-uv.txt")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with only the files that set-up reads."""
    (tmp_path / "tools").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(clone: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in ("ENV", "PROVIDER", "YES", "ARGS", "MAKEFLAGS")
    }
    return subprocess.run(
        ["make", *arguments], cwd=clone, env={**kept, **variables}, capture_output=True, text=True, check=False
    )


def program(clone: Path, text: str) -> Path:
    """A program in place of a Python."""
    file = clone / "python"
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)
    return file


def test_a_python_that_is_too_old_is_reported_in_one_sentence(clone: Path) -> None:
    old = program(clone, '[ "$1" = --version ] && echo "Python 3.9.18" && exit 0\nexit 1')
    result = make(clone, "ready", f"PYTHON={old}")
    assert result.returncode != 0
    expected = "groundwork needs Python 3.11 or newer, and here is Python 3.9.18: install one"
    assert result.stderr.splitlines()[0].startswith(expected)
    assert not (clone / ".venv").exists()


def test_a_machine_without_python_gets_one_sentence(clone: Path) -> None:
    result = make(clone, "ready", "PYTHON=/no/such/python")
    assert "and here is no /no/such/python: install one" in result.stderr


def test_a_python_without_venv_is_reported_in_one_sentence(clone: Path) -> None:
    bare = program(clone, 'case "$*" in *ensurepip*) exit 1;; *--version*) echo "Python 3.12.1";; esac')
    result = make(clone, "ready", f"PYTHON={bare}")
    assert result.returncode != 0
    assert (
        f"{bare} comes without venv or ensurepip: install them (Debian and Ubuntu: sudo apt install python3-venv)"
        in result.stderr
    )
    assert not (clone / ".venv-in-the-making").exists()


def test_nobody_else_can_change_what_is_set_up_whatever_the_umask(clone: Path) -> None:
    seen = program(clone, 'case "$*" in "-m venv .venv") umask >&2; exit 1;; esac')
    before = os.umask(0)
    try:
        result = make(clone, "ready", f"PYTHON={seen}")
    finally:
        os.umask(before)
    assert "0022" in result.stderr.splitlines()


def test_a_disk_that_is_too_full_for_an_environment_is_reported_in_one_sentence(clone: Path) -> None:
    full = program(clone, 'case "$*" in "-m venv .venv") echo "No space left on device" >&2; exit 1;; esac')
    result = make(clone, "ready", f"PYTHON={full}")
    assert result.returncode != 0
    assert (
        f".venv could not be made with {full}; any lines above say why. Often the disk is full: free some space (.venv takes up to "
        "700 MB) and run make again." in result.stderr
    )
    assert not (clone / ".venv-in-the-making").exists()


def test_an_environment_that_is_ready_is_not_created_again(clone: Path) -> None:
    """A set-up that is up to date never looks for a Python; a changed input makes it look again."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    words = re.search(r"^wanted\(\) \{(.*)\}$", (clone / "tools/setup.sh").read_text("utf-8"), re.MULTILINE)
    assert words is not None
    wanted = subprocess.run(["sh", "-c", words[1]], cwd=clone, capture_output=True, text=True, check=True).stdout
    (clone / ".venv" / "groundwork-ready").write_text(wanted, "utf-8")
    assert make(clone, "ready", "PYTHON=/no/such/python").returncode == 0
    with (clone / "tools/requirements.txt").open("a", encoding="utf-8") as stream:
        stream.write("# another\n")
    assert make(clone, "ready", "PYTHON=/no/such/python").returncode != 0


def test_the_claim_of_a_killed_set_up_is_taken_over(clone: Path) -> None:
    claim = clone / ".venv-in-the-making"
    claim.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    (claim / "pid").write_text(str(dead.pid), "utf-8")
    result = make(clone, "ready", "PYTHON=/no/such/python")
    assert "groundwork needs Python" in result.stderr
    assert not claim.exists()


def test_a_folder_that_cannot_be_written_to_is_reported_in_one_sentence(clone: Path, tmp_path: Path) -> None:
    """A mkdir that always fails stands in for a full or read-only disk, where a claim never comes to be."""
    (tmp_path / "bin").mkdir()
    failing = tmp_path / "bin" / "mkdir"
    failing.write_text("#!/bin/sh\necho 'mkdir: Read-only file system' >&2\nexit 1\n", "utf-8")
    failing.chmod(0o755)
    result = make(clone, "ready", PATH=f"{failing.parent}{os.pathsep}{os.environ['PATH']}")
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == (
        "The project's folder cannot be written to (mkdir: Read-only file system): free some space, or clone the project where "
        "you may write, and run make again."
    )


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    return set(phony[1].split())


def test_help_says_every_target(clone: Path) -> None:
    output = make(clone, "help").stdout
    assert {line.split()[1] for line in output.splitlines() if line.startswith("  make ")} == targets() - {"ready"}
    assert max(map(len, output.splitlines())) <= 110


def commands(clone: Path, *arguments: str, **variables: str) -> list[list[str]]:
    """The groundwork commands that make would run, as words."""
    lines = [shlex.split(line) for line in make(clone, "--dry-run", *arguments, **variables).stdout.splitlines()]
    return [words[1:] for words in lines if words[:1] == [".venv/bin/groundwork"]]


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["up"], "up --env local"),
        (["up", "ENV=dev", "YES=1"], "up --env dev --yes"),
        (["plan", "PROVIDER=google", "ARGS=--json"], "plan --env local --provider google --json"),
        (["down", "YES=1", "ARGS=--dry-run"], "down --env local --yes --dry-run"),
        (["output", "ENV=prod"], "output --env prod"),
        (["local-stop"], "local stop"),
        (["up", "ENV="], "up --env local"),
        (["onboard", "EMAIL=a@b.co", "ROLE=viewer"], "onboard a@b.co --role viewer --env local"),
        (["plan", "ENV=it's; rm -r x"], """plan --env "it's; rm -r x\""""),
    ],
)
def test_a_target_is_a_command(clone: Path, arguments: list[str], command: str) -> None:
    assert commands(clone, *arguments) == [shlex.split(command)]


@pytest.mark.parametrize(("value", "name"), [("/home/me/.shrc", "local"), ("dev", "dev")])
def test_a_shells_start_up_file_is_no_environment(clone: Path, value: str, name: str) -> None:
    assert commands(clone, "up", ENV=value) == [["up", "--env", name]]


@pytest.mark.parametrize("target", ["onboard", "offboard"])
def test_a_person_must_be_named(target: str) -> None:
    result = make(ROOT, target)
    assert result.returncode == 2
    assert f"Say whom: make {target} EMAIL=alice@example.com" in result.stderr


def test_the_fixed_names_are_there() -> None:
    wanted = "up plan down status output doctor unlock local-stop test check bench test-provider onboard offboard secrets cost policy verify"
    assert set(wanted.split()) <= targets()
