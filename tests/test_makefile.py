"""Variables given to make are passed on as written, and never executed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ATTACKS = [
    "$(shell touch made)",
    "${shell touch made}",
    "$$(touch made)",
    "$(touch made)",
    "`touch made`",
    "'; touch made; '",
    "a' $(shell touch made) 'b",
    "x$(eval all:;touch made)",
    "a\ntouch made\n",
    "a\\\n\ttouch made",
    "a;touch${IFS}made",
    "#$(shell touch made)",
]
NAMES = ["ARGS", "EMAIL", "ENV", "PROVIDER", "ROLE", "YES", "PYTHON"]


@dataclass(frozen=True)
class Folder:
    """A folder with our Makefile, and a groundwork in it that prints its arguments, one per line."""

    path: Path

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {"PATH": os.environ["PATH"], **variables}
        return subprocess.run(
            ["make", *arguments], cwd=self.path, env=kept, capture_output=True, text=True, check=False, timeout=60
        )

    def carried_out(self) -> bool:
        return (self.path / "made").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "setup.sh").write_text("exit 0\n")
    program = tmp_path / ".venv" / "bin" / "groundwork"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    return Folder(tmp_path)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", [*NAMES, "SOMETHING"])
def test_a_variable_is_never_executed(folder: Folder, name: str, attack: str) -> None:
    others = [] if name == "EMAIL" else ["EMAIL=a@example.com"]
    folder.make("onboard", f"{name}={attack}", *others)
    folder.make("onboard", *others, **{name: attack})
    folder.make("help", f"{name}={attack}")
    assert not folder.carried_out()


@pytest.mark.parametrize("target", ["onboard", "offboard"])
def test_an_argument_arrives_unchanged(folder: Folder, target: str) -> None:
    for said in ("$(shell x)", 'it\'s a "word" $HOME `x`, $$ # and %'):
        for result in (folder.make(target, f"EMAIL={said}"), folder.make(target, EMAIL=said)):
            assert said in result.stdout.splitlines(), result.stderr


def test_args_are_words_as_they_are_written(folder: Folder) -> None:
    result = folder.make("status", "ARGS=--json  -x $(date) 'a b' *")
    assert result.stdout.splitlines()[3:] == ["--json", "-x", "$(date)", "'a", "b'", "*"]


TARGETS = re.findall(
    r"^([a-z-]+): ready .*(?:\n\t.*)*?\n\t@\$\(GROUNDWORK\) ", (ROOT / "Makefile").read_text(), re.MULTILINE
)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_passes_args_on_and_executes_none(folder: Folder, target: str) -> None:
    result = folder.make(target, "ARGS=x;touch made", "EMAIL=a@example.com")
    assert not folder.carried_out()
    assert "x;touch" in result.stdout.splitlines() or target == "unlock", result.stderr


def test_an_environments_name_is_not_a_shells_start_up_file(folder: Folder) -> None:
    assert folder.make("status", ENV="/etc/profile").stdout.splitlines() == ["status", "--env", "local"]
    assert folder.make("status", "ENV=").stdout.splitlines() == ["status", "--env", "local"]
    assert folder.make("status", "ENV=dev").stdout.splitlines() == ["status", "--env", "dev"]
    assert folder.make("status", ENV="dev").stdout.splitlines() == ["status", "--env", "dev"]
    assert folder.make("status", "ENV=a/b").stdout.splitlines() == ["status", "--env", "a/b"]
    assert folder.make("up", "YES=1", "PROVIDER=google").stdout.splitlines() == [
        "up", "--env", "local", "--provider", "google", "--yes",
    ]  # fmt: skip


def test_nobody_is_onboarded_without_a_name(folder: Folder) -> None:
    result = folder.make("onboard")
    assert result.returncode == 2
    assert "Say whom: make onboard EMAIL=alice@example.com ROLE=data-scientist" in result.stderr
