"""The one place that prints; it strips control characters, which could act on the terminal."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from groundwork.display import at_words, harmless, wide_of


def echo(text: object = "", *, err: bool = False, nl: bool = True, mark: str = "", color: bool | None = None) -> None:
    """Print text on standard output or standard error, wrapped at words; `mark` precedes it and is the only part that may be coloured."""
    safe = harmless(str(text))
    if wide := wide_of(sys.stderr if err else sys.stdout):
        safe = at_words(safe, wide, len(click.unstyle(mark)))
    click.echo(f"{mark}{safe}", err=err, nl=nl, color=color)


def near(path: Path) -> str:
    """A path that can be copied into a shell: without detours, from the current folder if it is in it, quoted if need be."""
    whole, here = path.resolve(), Path.cwd()
    return shlex.quote(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def next_steps(steps: Mapping[str, str]) -> list[str]:
    """Commands to go on with and what each does; where the shell does not find `groundwork`, first the line that lets it."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if not shutil.which("groundwork") and os.name == "posix" and activate.is_file():
        steps = {f"source {near(activate)}": "once in each shell, for the commands below", **steps}
    width = max(map(len, steps))
    return ["next", *(f"  {command:<{width}}  {what}" for command, what in steps.items())]


def as_written(text: str) -> None:
    """Print a document, a log line or shell code on standard output, without wrapping it."""
    click.echo(harmless(text), nl=not text.endswith("\n"))


def raw(value: bytes) -> None:
    """Write bytes unchanged to a pipe or file; on a terminal they are printed as text."""
    if sys.stdout.isatty():
        as_written(value.decode("utf-8", "backslashreplace"))
    else:
        click.echo(value, nl=False)


def prompt_hidden(question: str) -> str:
    """Ask for a line that is not shown while it is typed."""
    typed: str = click.prompt(harmless(question), hide_input=True, err=True, show_default=False, default="")
    return typed


def prompt(question: str, default: str) -> str:
    """Ask for a line; an empty one means the default."""
    typed: str = click.prompt(harmless(question), default=harmless(default), err=True, show_default=bool(default))
    return typed.strip()


def print_json(value: Any) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, sort_keys=False, default=str))
