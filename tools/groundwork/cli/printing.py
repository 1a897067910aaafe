"""The one place that prints; it removes everything that would control a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from groundwork.display import at_words, harmless, wide_of


def echo(text: object = "", *, err: bool = False, nl: bool = True, mark: str = "", color: bool | None = None) -> None:
    """Print text on standard output, or as talk on standard error; `mark` goes before it, and is the only part that may have colours."""
    said = harmless(str(text))
    if wide := wide_of(sys.stderr if err else sys.stdout):
        said = at_words(said, wide, len(click.unstyle(mark)))
    click.echo(f"{mark}{said}", err=err, nl=nl, color=color)


def as_written(text: str) -> None:
    """Print a document, a log's line or what a shell reads on standard output, its lines as they are."""
    click.echo(harmless(text), nl=not text.endswith("\n"))


def raw(value: bytes) -> None:
    """Print data as it is for whoever reads it from a pipe or file; a terminal gets it as text."""
    if sys.stdout.isatty():
        as_written(value.decode("utf-8", "backslashreplace"))
    else:
        click.echo(value, nl=False)


def hidden(question: str) -> str:
    """What somebody types where nobody can read it."""
    typed: str = click.prompt(harmless(question), hide_input=True, err=True, show_default=False, default="")
    return typed


def asked(question: str, default: str) -> str:
    """What somebody types, or the default for nothing."""
    typed: str = click.prompt(harmless(question), default=harmless(default), err=True)
    return typed.strip()


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, sort_keys=False, default=str))
