"""What passes by itself is waited out, in the steps that were said; anything else ends it at once."""

from __future__ import annotations

import time

import pytest
from groundwork.google.waiting import patiently


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


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
    assert patiently(Act(*[OSError()] * failures), passes, (1, 2, 30)) == "done"
    assert waited == [1, 2, 30][:failures]


@pytest.mark.parametrize("waits", [(), (1,), (1, 2, 30)])
def test_when_the_waits_are_used_up_the_last_problem_is_raised(waits: tuple[float, ...], waited: list[float]) -> None:
    with pytest.raises(OSError, match=f"number {len(waits)}$"):
        patiently(Act(*(OSError(f"number {number}") for number in range(9))), passes, waits)
    assert waited == list(waits)


@pytest.mark.parametrize("before", range(3))
def test_what_does_not_pass_is_raised_at_once(before: int, waited: list[float]) -> None:
    with pytest.raises(ValueError, match="for good"):
        patiently(Act(*[OSError()] * before, ValueError("for good")), passes, (1, 2, 30))
    assert waited == [1, 2, 30][:before]
