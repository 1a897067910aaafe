"""The interface through which features talk to the user; the command line and the tests implement it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from groundwork.terraform.events import Event

LayerListen = Callable[[str, Event], None]
Work = Mapping[tuple[str, str], int]
"""How many resources of each module a plan changes, by layer and module."""


class Talk(Protocol):
    """Messages and questions, on standard error; data on standard output is printed by the command itself."""

    def say(self, text: str) -> None:
        """Prints a line."""
        ...

    def confirm(self, question: str) -> None:
        """Returns if the answer is yes; raises Refused otherwise, and without a terminal."""
        ...

    def typed(self, word: str, question: str) -> None:
        """Returns if exactly `word` is typed; raises Refused otherwise, and without a terminal."""
        ...

    def progress(self, title: str, work: Work) -> AbstractContextManager[LayerListen]:
        """Inside, shows Terraform's events of the layers."""
        ...
