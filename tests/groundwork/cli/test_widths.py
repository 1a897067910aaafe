"""Every command at 60, 80 and 140 columns: nothing is wider than the terminal, no word is broken, and nothing is left out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import click
import pytest
from groundwork.cli import groundwork, run
from groundwork.display import is_command

from tests.groundwork.clone import ROOT, Clone, cloned
from tests.terminal import at_terminal

WIDTHS = (60, 80, 140)
ENVIRONMENT = "pokemon-cards"
READING = {
    "access": "", "access check": "", "access explain": "build push repository/images", "builds list": "", "cost credits left": "--demo",
    "cost estimate": "--details", "cost report": "--demo", "doctor": "", "functions list": "", "images list": "", "jobs list": "", "jobs schedules": "", "local coverage": "--api secretmanager",
    "local limits": "", "local profile": "", "local repository": "", "local status": "", "login": "", "output": "", "people drift": "",
    "people list": "", "plan": "--details", "policy": "--code", "secrets list": "", "services list": "", "status": "", "validate": "",
    "verify": "", "whoami": "",
}  # fmt: skip
# Documents, logs, addresses and what a shell or program reads: their lines are not ours to break.
AS_WRITTEN = {
    "builds logs", "completion", "diagram", "env", "functions call", "functions logs", "functions pack", "jobs artifacts", "jobs logs", "local env", "local logs", "open", "report", "review",
    "secrets get", "services call", "services logs", "services open", "token",
}  # fmt: skip
CHANGING = {
    "adopt", "builds cancel", "builds submit", "cost credits add", "cost credits check", "docker", "docs", "down", "dvc", "init", "jobs cancel",
    "jobs pause", "jobs resume", "jobs submit", "local charge", "local push", "local reset", "local stand-in", "local start", "local stop", "offboard", "onboard",
    "pause", "resume", "run",
    "secrets destroy", "secrets disable", "secrets enable", "secrets import", "secrets rotate", "secrets run", "secrets set",
    "services deploy", "services rollback", "services traffic", "sweep", "unlock", "up",
}  # fmt: skip
# Columns become paragraphs, in which "yes" is a name among those who may; tests/groundwork/people/test_paragraphs.py compares them.
SAID_OTHERWISE = {"access"}
WITHOUT_DATA = {"login", "validate"}
# Other processes fill the disk between two runs, and the clock goes on.
VOLATILE = re.compile(r"\b\d+(\.\d+)? (s|ms|[KMGT]iB)\b|process \d+|\d\d:\d\d(:\d\d)?|; unchanged since the last check")
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something: a group only if it can be run without a subcommand."""
    context = click.Context(command)
    named = command.list_commands(context) if isinstance(command, click.Group) else []
    if not named or (isinstance(command, click.Group) and command.invoke_without_command):
        yield words
    for name in named:
        found = command.get_command(context, name) if isinstance(command, click.Group) else None
        assert found is not None
        yield from leaves(found, (*words, name))


def groups(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and every group, all of which have help."""
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from groups(found, (*words, name))


def test_every_command_is_classified() -> None:
    assert {" ".join(words) for words in leaves(groundwork)} == {*READING, *AS_WRITTEN, *CHANGING}


@pytest.mark.parametrize("command", sorted({*READING} - WITHOUT_DATA))
def test_every_command_that_reads_has_json(command: str) -> None:
    entry: click.Command | None = groundwork
    for word in command.split():
        assert isinstance(entry, click.Group)
        entry = entry.get_command(click.Context(entry), word)
    assert entry
    assert "as_json" in [option.name for option in entry.params]


@pytest.mark.parametrize("wide", WIDTHS)
def test_help_is_as_narrow_as_the_terminal_and_cuts_no_sentence(
    wide: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    for words in groups(groundwork):
        assert run([*words, "--help"]) == 0
        said_of_it = capsys.readouterr().out
        assert too_wide(said_of_it, wide) == [], words
        assert not re.search(r"[a-z,]\.\.\.", said_of_it), words


def too_wide(text: str, wide: int) -> list[str]:
    """Lines beyond the width, except single words and commands, which must stay whole for copying."""
    lines = [line.rstrip() for line in MOVES.sub("", text).splitlines()]
    return [line for line in lines if len(line) > wide and " " in line.strip() and not is_command(line)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with cloned(tmp_path_factory.mktemp("widths")) as clone:
        shutil.copytree(ROOT / "envs" / "examples", clone.root / "envs" / "examples")
        result = clone.run("up", "--env", ENVIRONMENT)
        assert result.returncode == 0, result.stderr
        yield clone


@cache
def rendered(root: Path, words: tuple[str, ...], wide: int) -> str:
    variables = {"COLUMNS": str(wide), "CI": "1", "TERM": "xterm", "GROUNDWORK_ENV": ENVIRONMENT}
    return MOVES.sub("", at_terminal(words, root, variables=variables)[1])


def all_words(text: str) -> set[str]:
    """Every word, regardless of lines and columns."""
    return set(VOLATILE.sub("", " ".join(text.split())).split())


@pytest.mark.slow
@pytest.mark.parametrize("command", READING)
def test_what_a_command_says_fits_and_is_the_same_at_every_width(command: str, clone: Clone) -> None:
    words = (*command.split(), *READING[command].split())
    printed = {wide: rendered(clone.root, words, wide) for wide in WIDTHS}
    assert printed[WIDTHS[0]].strip()
    for wide, text in printed.items():
        assert too_wide(text, wide) == []
        assert command in SAID_OTHERWISE or all_words(text) == all_words(printed[WIDTHS[-1]])


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}])
@pytest.mark.parametrize("command", ["plan", "cost report", "doctor", "nonsense"])
def test_colours_are_off_on_request(command: str, more: Mapping[str, str], clone: Clone) -> None:
    words = (*command.split(), *READING.get(command, "").split())
    variables = {"CI": "", "TERM": "xterm", "GROUNDWORK_ENV": ENVIRONMENT, **more}
    assert "\x1b[3" not in at_terminal(words, clone.root, variables=variables)[1]
