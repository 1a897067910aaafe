"""The interface by which features talk to the user; the command line and the tests implement it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from groundwork.terraform.events import Event

LayerListen = Callable[[str, Event], None]
Work = Mapping[tuple[str, str], int]
"""How many resources of each module a plan changes, by layer and module."""


class Talk(Protocol):
    """Everything here goes to standard error; data on standard output is the command's own affair."""

    def say(self, text: str) -> None:
        """Print a line."""
        ...

    def confirm(self, question: str) -> None:
        """Return when the answer is yes; raise Refused otherwise, and when there is no terminal to ask on."""
        ...

    def typed(self, word: str, question: str) -> None:
        """Return when exactly `word` was typed; raise Refused otherwise, and when there is no terminal to ask on."""
        ...

    def progress(self, title: str, work: Work) -> AbstractContextManager[LayerListen]:
        """Show Terraform's events of the layers while inside."""
        ...
