"""Progress of a plan or apply: a live display on a terminal; elsewhere a line per component, or per resource on request."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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
    "import": "imported",
    "replace": "replaced",
}
_DOING = {
    "create": "creating",
    "update": "changing",
    "delete": "destroying",
    "import": "importing",
    "replace": "replacing",
}
_SHOWN_AT_ONCE = 12
_BAR = 10
_LONG = 5.0
"""Seconds after which it is worth saying what took longest."""

Clock = Callable[[], float]
Say = Callable[[str], None]


@dataclass
class ComponentProgress:
    """A component's progress; `total` and `done` count resources, times are in seconds of the board's clock."""

    name: str
    total: int
    began: float
    done: Counter[str] = field(default_factory=Counter)
    running: dict[str, float] = field(default_factory=dict)
    doing: str = ""
    ended: float | None = None
    failed: bool = False

    def seconds(self, now: float) -> float:
        """How long it took, or has taken so far."""
        return (self.ended if self.ended is not None else now) - self.began

    @property
    def words(self) -> str:
        """What was done, such as "3 created, 1 changed"."""
        return ", ".join(f"{self.done[word]} {word}" for word in _DONE.values() if self.done[word])

    @property
    def bar(self) -> str:
        """A bar of its progress, ten characters wide."""
        full = _BAR * self.done.total() // max(self.total, self.done.total(), 1)
        return "█" * full + "░" * (_BAR - full)


@dataclass(frozen=True)
class ProgressLines:
    """The lines to print for an event: of its resource, and of the component that it completes; `at_once`: do not wait for the component."""

    resource: str = ""
    closed: str = ""
    at_once: bool = False


_NOTHING = ProgressLines()


@dataclass
class Board:
    """The progress of each component; `work` counts resources by layer and module, times are in seconds of `clock`."""

    title: str
    work: Mapping[tuple[str, str], int]
    clock: Clock = time.monotonic
    parts: dict[tuple[str, str], ComponentProgress] = field(default_factory=dict)
    read: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def take(self, layer: str, event: Event) -> ProgressLines:
        """Record an event; what to print for it."""
        if isinstance(event, Refresh):
            self.read += event.done
        return self._step(layer, event) if isinstance(event, Step) and event.action in _DONE else _NOTHING

    def _step(self, layer: str, step: Step) -> ProgressLines:
        now, key = self.clock(), (layer, step.module)
        part = self.parts.setdefault(key, ComponentProgress(component(step.module), self.work.get(key, 0), now))
        name = f"{part.name}: {subject(step)}"
        if step.stage == "start":
            part.running[step.address], part.ended, part.doing = now, None, _DOING[step.action]
            return _NOTHING
        if step.stage == "progress":
            return ProgressLines(f"  … still {_DOING[step.action]} {name} after {step.seconds:.0f} s", at_once=True)
        took = f"{max(now - part.running.pop(step.address, now), step.seconds):.1f} s"
        if step.stage == "errored":
            part.failed = True
            return ProgressLines(f"  ✗ {name} failed after {took}", at_once=True)
        part.done[_DONE[step.action]] += 1
        return ProgressLines(f"  ✓ {name} {_DONE[step.action]} in {took}", self._closed(part, now))

    def _closed(self, part: ComponentProgress, now: float) -> str:
        if part.running or part.failed or part.done.total() < part.total:
            return ""
        part.ended = now
        return f"  ✓ {part.name:<28} {part.words} in {part.seconds(now):.1f} s"

    def rest(self) -> list[str]:
        """The final lines of components that were started but not completed."""
        now = self.clock()
        begun = [part for part in self.parts.values() if part.ended is None and part.done]
        return [
            f"  {'✗' if part.failed else '✓'} {part.name:<28} {part.words} in {part.seconds(now):.1f} s"
            for part in begun
        ]

    @property
    def done(self) -> int:
        """Number of resources that are done."""
        return sum(part.done.total() for part in self.parts.values())

    @property
    def headline(self) -> str:
        """Title, progress and elapsed time."""
        total = sum(self.work.values())
        far = f"{self.done} of {total} resources" if total else f"{self.read} resources read" if self.read else ""
        return "  ".join(filter(None, (self.title, far, f"{self.clock() - self.began:.0f} s")))

    @property
    def slowest(self) -> str:
        """What took longest; "" where that is not worth saying."""
        now = self.clock()
        if not self.parts or now - self.began < _LONG:
            return ""
        part = max(self.parts.values(), key=lambda one: one.seconds(now))
        return f"what took longest: {part.name}, {part.seconds(now):.1f} s"


def subject(step: Step) -> str:
    """A resource within its component: its kind and, where there are several, its key."""
    tail = step.address.removeprefix(f"{step.module}.") if step.module else step.address
    key = tail.partition("[")[2].rstrip("]").strip('"')
    return f"{thing(step.type)} {key}".rstrip()


@contextmanager
def lines(board: Board, say: Say, *, verbose: bool = False) -> Iterator[LayerListen]:
    """Print a line per completed component, or per resource; failures and slow resources are reported at once."""
    turn = threading.Lock()

    def listen(layer: str, event: Event) -> None:
        with turn:
            worth = board.take(layer, event)
            if line := worth.resource if verbose or worth.at_once else worth.closed:
                say(line)

    say(f"{board.title} …")
    try:
        yield listen
    finally:
        for line in [] if verbose else board.rest():
            say(line)
        if board.slowest:
            say(board.slowest)


@contextmanager
def live(board: Board, say: Say, *, verbose: bool = False) -> Iterator[LayerListen]:
    """Show a live line per component in progress; only failures, or with `verbose` every resource, stay on the screen."""
    from rich.live import Live

    turn = threading.Lock()
    console = screen(file=sys.stderr)
    with Live(console=console, get_renderable=lambda: _table(board), refresh_per_second=8, transient=True) as shown:

        def listen(layer: str, event: Event) -> None:
            with turn:
                line = board.take(layer, event).resource
            failed = line.startswith("  ✗")
            if failed or (verbose and line.startswith("  ✓")):
                shown.console.print(line, markup=False, style="red" if failed else None)

        with told_by(lambda text: shown.console.print(text, markup=False)):
            yield listen
    if board.slowest:
        say(board.slowest)


def _table(board: Board) -> RenderableType:
    from rich.spinner import Spinner
    from rich.table import Table

    now = board.clock()
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Spinner("dots"), board.headline)
    finished = [part for part in board.parts.values() if part.ended is not None]
    if finished:
        grid.add_row(
            "✓", f"{len(finished)} of {len(board.work)} done, {', '.join(part.name for part in finished[-3:])} last"
        )
    running = sorted((part for part in board.parts.values() if part.ended is None), key=lambda part: part.began)
    for part in running[:_SHOWN_AT_ONCE]:
        far = f"{part.bar} {part.done.total()}/{max(part.total, part.done.total())}"
        grid.add_row("", f"{part.name:<28} {far:<16} {part.seconds(now):>3.0f} s  {part.doing}")
    if len(running) > _SHOWN_AT_ONCE:
        grid.add_row("", f"and {len(running) - _SHOWN_AT_ONCE} more")
    return grid
