"""What a running plan or apply looks like: live on a terminal, one line an event elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork.display import screen
from groundwork.resources.words import component, thing
from groundwork.terraform.events import Event, Refresh, Step
from groundwork.terraform.process import told_by
from groundwork.terraform.talk import LayerListen

if TYPE_CHECKING:
    from rich.console import RenderableType

_DONE = {
    "create": "created",
    "update": "changed",
    "delete": "destroyed",
    "import": "taken over",
    "replace": "made again",
}
_DOING = {
    "create": "creating",
    "update": "changing",
    "delete": "destroying",
    "import": "taking over",
    "replace": "making again",
}
_SHOWN_AT_ONCE = 12

Clock = Callable[[], float]


@dataclass
class Board:
    """Which resources are being worked on since when, and how many are done; times by `clock`, in seconds."""

    title: str
    total: int
    clock: Clock = time.monotonic
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    done: int = 0
    read: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def take(self, layer: str, event: Event) -> str | None:
        """Note an event; the line that says it, when it is worth one."""
        if isinstance(event, Refresh):
            self.read += event.done
        return self._step(layer, event) if isinstance(event, Step) else None

    def _step(self, layer: str, step: Step) -> str | None:
        if step.action not in _DONE:
            return None
        key = f"{layer} {step.address}"
        name = f"{component(step.module)}: {subject(step)}"
        if step.stage == "start":
            self.running[key] = (f"{_DOING[step.action]} {name}", self.clock())
            return None
        if step.stage == "progress":
            return f"  … still {_DOING[step.action]} {name} after {step.seconds:.0f} s"
        _, since = self.running.pop(key, ("", self.clock()))
        took = f"{max(self.clock() - since, step.seconds):.1f} s"
        if step.stage == "errored":
            return f"  ✗ {name} failed after {took}"
        self.done += 1
        return f"  ✓ {name} {_DONE[step.action]} in {took}"

    @property
    def headline(self) -> str:
        """Title, how far, how long."""
        far = (
            f"{self.done} of {self.total} resources"
            if self.total
            else f"{self.read} resources read"
            if self.read
            else ""
        )
        return "  ".join(filter(None, (self.title, far, f"{self.clock() - self.began:.0f} s")))


def subject(step: Step) -> str:
    """What of its component a resource is: its kind and, where there are several, its key."""
    tail = step.address.removeprefix(f"{step.module}.") if step.module else step.address
    key = tail.partition("[")[2].rstrip("]").strip('"')
    return f"{thing(step.type)} {key}".rstrip()


@contextmanager
def lines(title: str, total: int, say: Callable[[str], None]) -> Iterator[LayerListen]:
    """One line an event."""
    board = Board(title, total)
    turn = threading.Lock()

    def listen(layer: str, event: Event) -> None:
        with turn:
            if line := board.take(layer, event):
                say(line)

    say(f"{title} …")
    yield listen


@contextmanager
def live(title: str, total: int, clock: Clock = time.monotonic) -> Iterator[LayerListen]:
    """A moving table of what is under way with elapsed times, finished lines above it."""
    from rich.live import Live

    board = Board(title, total, clock)
    turn = threading.Lock()
    console = screen(file=sys.stderr)
    with Live(console=console, get_renderable=lambda: _table(board), refresh_per_second=8, transient=True) as shown:

        def listen(layer: str, event: Event) -> None:
            with turn:
                line = board.take(layer, event)
            if line and not line.startswith("  …"):
                shown.console.print(line, markup=False, style="red" if line.startswith("  ✗") else None)

        with told_by(lambda text: shown.console.print(text, markup=False)):
            yield listen


def _table(board: Board) -> RenderableType:
    from rich.spinner import Spinner
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_row(Spinner("dots"), board.headline)
    running = sorted(board.running.values(), key=lambda entry: entry[1])
    for text, since in running[:_SHOWN_AT_ONCE]:
        grid.add_row("", f"{text}  {board.clock() - since:.0f} s")
    if len(running) > _SHOWN_AT_ONCE:
        grid.add_row("", f"and {len(running) - _SHOWN_AT_ONCE} more")
    return grid
