"""A local cloud for the tests of one process, and a Talk that records its messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Refused
from groundwork.lifecycle import up
from groundwork.lifecycle.up import UpOptions
from groundwork.terraform.events import Event
from groundwork.terraform.talk import LayerListen, Work

from tests.groundwork.clone import Clone, cloned, copied
from tests.local_project import running
from tests.once import made_once


@dataclass
class RecordedTalk:
    """A groundwork.terraform.talk.Talk that records everything; `answers` are the person's inputs, in order."""

    lines: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Note a line."""
        self.lines.append(text)

    def confirm(self, question: str) -> None:
        """Whether the next answer is yes."""
        self._ask(question, "yes")

    def typed(self, word: str, question: str) -> None:
        """Whether the next answer is the word."""
        self._ask(question, word)

    def _ask(self, question: str, wanted: str) -> None:
        self.questions.append(question)
        if not self.answers or self.answers.pop(0) != wanted:
            raise Refused("Not confirmed: nothing was changed.")

    @contextmanager
    def progress(self, title: str, work: Work) -> Iterator[LayerListen]:
        """Note all events."""
        self.lines.append(f"{title} ({sum(work.values())})")
        yield lambda layer, event: self.events.append((layer, event))

    @property
    def text(self) -> str:
        """All recorded messages."""
        return "\n".join(self.lines)


@pytest.fixture
def talk() -> RecordedTalk:
    return RecordedTalk()


@pytest.fixture(scope="session")
def local_clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A folder with a running local cloud; each test uses its own project in it."""
    with running(tmp_path_factory.mktemp("clone")) as started:
        yield started


@pytest.fixture(scope="session")
def raised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a clone whose platform is up and whose local cloud is stopped, to be copied."""

    def raise_in(folder: Path) -> None:
        with cloned(folder) as clone:
            up.up(clone.session(), UpOptions(yes=True), RecordedTalk())

    return made_once(tmp_path_factory, "raised", raise_in)


@pytest.fixture(scope="module")
def deployed(raised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone whose platform is up, for tests that leave it as it is."""
    with copied(raised, tmp_path_factory.mktemp("deployed")) as clone:
        yield clone
