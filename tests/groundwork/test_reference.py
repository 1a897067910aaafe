"""The page of commands: every command is on it, each with an example that its own parser accepts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from groundwork import cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its words, groups' own commands included, however deep."""
    for name, entry in cli.COMMANDS.items():
        yield from _below(name, getattr(import_module(entry.module), entry.attribute))


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for inner, child in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _below(f"{name} {inner}", child)


def examples(command: click.Command) -> list[list[str]]:
    """The arguments of each example in a command's help: everything after `groundwork`, up to shell syntax."""
    _, _, text = " ".join((command.help or "").split()).partition("Example: ")
    lines = re.findall(r"groundwork ([^|;)\"]+)", text)
    return [shlex.split(re.split(" [<>] ", words)[0]) for words in lines]


def parse(arguments: list[str]) -> click.Command:
    """The command that the words name, after its parser accepted them; nothing is run."""
    command: click.Command = cli.groundwork
    context = click.Context(cli.groundwork, info_name="groundwork", help_option_names=["-h", "--help"])
    while isinstance(command, click.Group) and arguments and (child := command.get_command(context, arguments[0])):
        name, arguments, command = arguments[0], arguments[1:], child
        context = click.Context(command, info_name=name, parent=context)
    command.make_context(command.name, arguments, parent=context.parent)
    return command


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_a_command_is_on_the_page_with_an_example_that_it_accepts(name: str, command: click.Command) -> None:
    assert re.search(rf"^#+ groundwork {name}$", PAGE, re.MULTILINE), "run `groundwork docs`"
    accepted = examples(command)
    assert accepted
    assert command in [parse(words) for words in accepted] or isinstance(command, click.Group)


def test_an_example_with_an_option_that_is_not_there_would_fail() -> None:
    with pytest.raises(click.NoSuchOption):
        parse(["up", "--no-such-option"])


def test_every_generated_page_is_fresh() -> None:
    check = [sys.executable, "-m", "groundwork", "docs", "--check"]
    ended = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
