"""Retries of temporary failures, and waiting for changes to become visible."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Sleep = Callable[[float], None]

# Seconds between attempts, while a confirmed change is not visible everywhere yet.
SERVICES = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 30.0, 60.0, 60.0, 90.0)
"""Five minutes: an API that was just enabled says "wait a few minutes for the action to propagate"."""
GRANTS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 60.0, 60.0, 90.0, 90.0)
"""Seven minutes: a changed policy takes effect after two, sometimes after seven or more.

Source: https://cloud.google.com/iam/docs/access-change-propagation.
"""
LISTS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
"""Two minutes: for that long a list may still contain what was deleted (https://cloud.google.com/storage/docs/consistency)."""
_LONG = 86_400.0
"""Seconds: longer than any waits together, so that retrying ends when they are used up."""


def patiently(
    act: Callable[[], T],
    passes: Callable[[Exception], bool],
    waits: Sequence[float],
    *,
    sleep: Sleep | None = None,
    notice: Callable[[Exception, float], object] | None = None,
) -> T:
    """Call `act`; retry after each of `waits`, in seconds, while `passes` is true of the exception that it raised last.

    `notice` gets that exception and the seconds until the next attempt. Google's retry library is imported only after a
    failure, because importing it takes longer than most commands.
    """
    try:
        return act()
    except Exception as problem:
        if not waits or not passes(problem):
            raise
        first = problem
    from google.api_core.retry import retry_target

    left = iter(waits)

    def wait(problem: Exception) -> None:
        seconds = next(left, None)
        if seconds is not None:
            if notice:
                notice(problem, seconds)
            (sleep or time.sleep)(seconds)

    wait(first)
    answer: T = retry_target(
        act,
        passes,
        (*(0.0 for _ in waits[1:]), math.inf),
        timeout=_LONG,
        on_error=wait,
        exception_factory=lambda problems, *_: (problems[-1], None),
    )
    return answer


class _NotYet(Exception):
    """The awaited state has not been seen yet."""


@dataclass(frozen=True)
class Patience:
    """How to wait for a cloud: whether changes become visible `late`, and how to let seconds pass.

    On the local cloud changes are visible at once, unless its profile delays them as on Google Cloud; then `sleep` advances its clock.
    """

    late: bool = True
    sleep: Sleep = field(default=time.sleep, compare=False, repr=False)

    def retry(
        self,
        act: Callable[[], T],
        passes: Callable[[Exception], bool],
        waits: Sequence[float],
        notice: Callable[[Exception, float], object] | None = None,
    ) -> T:
        """Like `patiently`, but without retries where nothing is late."""
        return patiently(act, passes, waits if self.late else (), sleep=self.sleep, notice=notice)

    def until(
        self,
        look: Callable[[], T],
        settled: Callable[[T], bool],
        waits: Sequence[float],
        notice: Callable[[float], object] | None = None,
    ) -> T:
        """The result of `look` once it is `settled`, or the last one when the waits are used up; the caller must check it."""
        results: list[T] = []

        def act() -> T:
            results[:] = [look()]
            if not settled(results[0]):
                raise _NotYet
            return results[0]

        try:
            return self.retry(
                act,
                lambda problem: isinstance(problem, _NotYet),
                waits,
                notice and (lambda _problem, seconds: notice(seconds)),
            )
        except _NotYet:
            return results[0]


PROMPT = Patience(late=False)
"""For a cloud where changes are visible at once."""
