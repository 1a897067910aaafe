"""The terminal: messages on standard error, questions only where somebody can answer, data on standard output as JSON or lines."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, suppress

import click

from groundwork.cli import progress
from groundwork.display import at_words, harmless, wide_of
from groundwork.errors import Refused
from groundwork.terraform.talk import LayerListen, Work


class Terminal:
    """groundwork.terraform.talk.Talk on this process's terminal; `quiet` leaves out everything but questions, `verbose` adds every resource."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose

    def say(self, text: str) -> None:
        """Print a line on standard error; work that has begun goes on where nobody takes the line (`2>&1 | head`)."""
        if not self.quiet:
            with suppress(OSError):
                # Not by click, which writes past a moving display and leaves it standing in the terminal.
                wide = wide_of(sys.stderr)
                said = harmless(text)
                print(_coloured(at_words(said, wide) if wide else said), file=sys.stderr, flush=True)

    def confirm(self, question: str) -> None:
        """Ask y/N."""
        _must_have_terminal(question)
        if not click.confirm(harmless(question), default=False, err=True):
            raise Refused("Not confirmed: nothing was changed.")

    def typed(self, word: str, question: str) -> None:
        """Ask for a word to be typed."""
        _must_have_terminal(question)
        if (
            click.prompt(harmless(question), default="", show_default=False, prompt_suffix=" ", err=True).strip()
            != word
        ):
            raise Refused(f"That is not {word}: nothing was changed.")

    def progress(self, title: str, work: Work) -> AbstractContextManager[LayerListen]:
        """Live on a terminal, lines elsewhere."""
        moving = _is_terminal() and not os.environ.get("CI") and not self.quiet
        show = progress.live if moving else progress.lines
        return show(progress.Board(title, work), self.say, verbose=self.verbose)


_COLOURS = {"+": "green", "✓": "green", "~": "yellow", "±": "red", "-": "red", "✗": "red", "!": "red"}


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _coloured(text: str) -> str:
    """A line of a plan or of its progress in the colour of its sign, on a terminal of somebody who wants colours."""
    colour = _COLOURS.get(text[2:3]) if text.startswith("  ") and text[3:4] == " " else None
    wanted = colour and _is_terminal() and not os.environ.get("NO_COLOR")
    return f"  {click.style(text[2:], fg=colour)}" if wanted else text


def _must_have_terminal(question: str) -> None:
    if not sys.stdin.isatty():
        raise Refused(
            f"{question} Nobody can answer here, since there is no terminal: pass --yes to say yes. Nothing was changed."
        )
