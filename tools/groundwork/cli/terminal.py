"""The terminal: messages and questions on standard error; nothing is asked where nobody can answer."""

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
    """groundwork.terraform.talk.Talk on this process's terminal; `quiet` prints questions only, `verbose` adds a line per resource."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose

    def say(self, text: str) -> None:
        """Print a line on standard error; if its reader has gone (`2>&1 | head`), the work goes on."""
        if not self.quiet:
            with suppress(OSError):
                # Not with click.echo, which bypasses rich's live display and would leave stale copies of it on the screen.
                wide = wide_of(sys.stderr)
                safe = harmless(text)
                print(_coloured(at_words(safe, wide) if wide else safe), file=sys.stderr, flush=True)

    def confirm(self, question: str) -> None:
        """Ask y/N. Raises Refused for no, and where there is no terminal."""
        _must_have_terminal(question)
        if not click.confirm(harmless(question), default=False, err=True):
            raise Refused("Not confirmed: nothing was changed.")

    def typed(self, word: str, question: str) -> None:
        """Ask for a word to be typed. Raises Refused for any other, and where there is no terminal."""
        _must_have_terminal(f"{question.removesuffix(':')}.")
        if (
            click.prompt(harmless(question), default="", show_default=False, prompt_suffix=" ", err=True).strip()
            != word
        ):
            raise Refused(f"That is not {word}: nothing was changed.")

    def progress(self, title: str, work: Work) -> AbstractContextManager[LayerListen]:
        """Report progress: a live display on a terminal, lines elsewhere and in CI."""
        moving = _is_terminal() and not os.environ.get("CI") and not self.quiet
        show = progress.live if moving else progress.lines
        return show(progress.Board(title, work), self.say, verbose=self.verbose)


_COLOURS = {"+": "green", "✓": "green", "~": "yellow", "±": "red", "-": "red", "✗": "red", "!": "red"}


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _coloured(text: str) -> str:
    """Colour a line of a plan or of its progress by its sign, where colours are wanted."""
    colour = _COLOURS.get(text[2:3]) if text.startswith("  ") and text[3:4] == " " else None
    wanted = colour and _is_terminal() and not os.environ.get("NO_COLOR")
    return f"  {click.style(text[2:], fg=colour)}" if wanted else text


def _must_have_terminal(question: str) -> None:
    if not sys.stdin.isatty():
        raise Refused(f"{question} There is no terminal to answer this at: pass --yes to confirm. Nothing was changed.")
