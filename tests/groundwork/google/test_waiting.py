"""Temporary errors are retried, with the planned delays; any other error is raised at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from groundwork.google.waiting import GRANTS, LISTS, PROMPT, SERVICES, Patience, patiently


@pytest.fixture
def waited() -> list[float]:
    return []


class Act:
    """Raises the problems one after the other, then answers."""

    def __init__(self, *problems: Exception) -> None:
        self._problems = list(problems)

    def __call__(self) -> str:
        if self._problems:
            raise self._problems.pop(0)
        return "done"


def passes(problem: Exception) -> bool:
    return isinstance(problem, OSError)


@pytest.mark.parametrize("failures", range(4))
def test_it_is_tried_again_after_each_wait(failures: int, waited: list[float]) -> None:
    assert patiently(Act(*[OSError()] * failures), passes, (1, 2, 30), sleep=waited.append) == "done"
    assert waited == [1, 2, 30][:failures]


@pytest.mark.parametrize("waits", [(), (1,), (1, 2, 30)])
def test_when_the_waits_are_used_up_the_last_problem_is_raised(waits: tuple[float, ...], waited: list[float]) -> None:
    with pytest.raises(OSError, match=f"number {len(waits)}$"):
        patiently(Act(*(OSError(f"number {number}") for number in range(9))), passes, waits, sleep=waited.append)
    assert waited == list(waits)


@pytest.mark.parametrize("before", range(3))
def test_what_does_not_pass_is_raised_at_once(before: int, waited: list[float]) -> None:
    with pytest.raises(ValueError, match="for good"):
        patiently(Act(*[OSError()] * before, ValueError("for good")), passes, (1, 2, 30), sleep=waited.append)
    assert waited == [1, 2, 30][:before]


def test_a_wait_is_announced_with_its_reason_and_length(waited: list[float]) -> None:
    lines: list[tuple[str, float]] = []
    patiently(
        Act(OSError("one"), OSError("two")),
        passes,
        (1, 2, 30),
        sleep=waited.append,
        notice=lambda problem, seconds: lines.append((str(problem), seconds)),
    )
    assert lines == [("one", 1), ("two", 2)]


def counting() -> Iterator[int]:
    yield from range(100)


@pytest.mark.parametrize("expected", range(4))
def test_what_is_not_there_yet_is_looked_for_again(expected: int, waited: list[float]) -> None:
    values, patience = counting(), Patience(sleep=waited.append)
    assert patience.until(lambda: next(values), lambda number: number == expected, (1, 2, 30)) == expected
    assert waited == [1, 2, 30][:expected]


def test_a_wait_that_times_out_returns_the_last_value(waited: list[float]) -> None:
    values, patience = counting(), Patience(sleep=waited.append)
    assert patience.until(lambda: next(values), lambda _number: False, (1, 2, 30)) == 3


def test_without_lateness_there_is_no_wait() -> None:
    values = counting()
    assert PROMPT.until(lambda: next(values), lambda _number: False, GRANTS) == 0
    with pytest.raises(OSError, match="once"):
        PROMPT.retry(Act(OSError("once")), passes, GRANTS)


def test_a_failed_check_does_not_count_as_pending(waited: list[float]) -> None:
    with pytest.raises(ValueError, match="no answer"):
        Patience(sleep=waited.append).until(Act(ValueError("no answer")), bool, GRANTS)
    assert waited == []


@pytest.mark.parametrize(("waits", "minutes"), [(SERVICES, 5), (GRANTS, 7), (LISTS, 2)])
def test_google_is_given_the_minutes_that_it_asks_for(waits: tuple[float, ...], minutes: int) -> None:
    assert minutes * 60 <= sum(waits) < (minutes + 1) * 60
    assert list(waits) == sorted(waits)
