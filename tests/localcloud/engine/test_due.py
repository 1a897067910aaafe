"""Work that is due by the clock, for all services in one queue."""

from pathlib import Path

import pytest
from localcloud.engine.clock import Clock
from localcloud.engine.due import Due
from localcloud.engine.store import Store

HOUR = 3600.0


class Queue:
    """A queue whose runs are recorded; "bad" ones fail after they have written."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.clock = Clock(self.store)
        self.due = Due(self.store, self.clock)
        self.seen: list[str] = []
        self.due.serve("s", "end", lambda name, _: self.seen.append(name))
        self.due.serve("s", "bad", self._bad)
        self.due.serve("s", "tick", self._tick)

    def _bad(self, name: str, _moment: float) -> None:
        self.store.put("s", f"things/{name}", {})
        raise RuntimeError("a bug")

    def _tick(self, name: str, moment: float) -> None:
        self.seen.append(f"{name} {round((moment - self.begun) / HOUR)}")
        self.due.at("s", "tick", name, moment + HOUR)

    def tick(self, name: str) -> None:
        self.begun = self.clock.seconds()
        self.due.after("s", "tick", name, HOUR)

    def later(self, seconds: float) -> list[str]:
        self.clock.advance(seconds)
        self.due.run()
        return self.seen


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path)


def test_due_entries_run_once_in_the_order_of_their_times(queue: Queue) -> None:
    for name, hours in (("late", 3), ("early", 1), ("never", 99)):
        queue.due.after("s", "end", name, hours * HOUR)
    assert queue.later(HOUR / 2) == []
    assert queue.later(5 * HOUR) == ["early", "late"]
    assert queue.later(5 * HOUR) == ["early", "late"]


def test_a_second_entry_for_the_same_key_replaces_the_first(queue: Queue) -> None:
    queue.due.after("s", "end", "x", HOUR)
    queue.due.after("s", "end", "x", 3 * HOUR)
    assert queue.later(2 * HOUR) == []
    assert queue.later(2 * HOUR) == ["x"]


def test_a_repeating_entry_catches_up_on_every_missed_turn(queue: Queue) -> None:
    queue.tick("x")
    assert queue.later(3.5 * HOUR) == ["x 1", "x 2", "x 3"]


def test_a_removed_entry_does_not_run(queue: Queue) -> None:
    for name in ("a", "a/b", "a/b/c", "ab"):
        queue.due.after("s", "end", name, HOUR)
    queue.due.forget("s", "a")
    queue.due.forget_below("s", "a")
    assert queue.later(2 * HOUR) == ["ab"]


def test_a_failing_handler_writes_nothing_stops_no_other_and_is_retried(queue: Queue) -> None:
    queue.due.after("s", "bad", "x", HOUR)
    queue.due.after("s", "end", "y", 2 * HOUR)
    assert queue.later(3 * HOUR) == ["y"]
    assert queue.store.get("s", "things/x") is None
    assert queue.store.row("SELECT count(*) FROM due")[0] == 1
    assert not queue.due.ready


def test_entries_of_a_failed_transaction_are_not_waited_for(queue: Queue) -> None:
    queue.store.begin()
    queue.due.after("s", "end", "x", -HOUR)
    assert queue.due.ready
    queue.store.rollback()
    assert not queue.due.ready


def test_the_queue_outlives_the_process(queue: Queue, tmp_path: Path) -> None:
    queue.due.after("s", "end", "x", HOUR)
    queue.store.close()
    assert Queue(tmp_path).later(2 * HOUR) == ["x"]
