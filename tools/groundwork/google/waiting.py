"""Retries of temporary failures, and waiting for changes to become visible."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Sleep = Callable[[float], None]

# Seconds between looks, for what Google has promised and does not show everywhere yet.
SERVICES = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 30.0, 60.0, 60.0, 90.0)
"""Five minutes: "wait a few minutes for the action to propagate", says the refusal of an API that was just enabled."""
GRANTS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 60.0, 60.0, 90.0, 90.0)
"""Seven minutes: a changed policy works after two, and after seven or more at times.

Source: https://cloud.google.com/iam/docs/access-change-propagation.
"""
LISTS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
"""Two minutes in which a list may still name what is gone (https://cloud.google.com/storage/docs/consistency and the like)."""
_LONG = 86_400.0
"""Seconds: longer than any waits, so that the end comes when these are used up."""


def patiently(
    act: Callable[[], T],
    passes: Callable[[Exception], bool],
    waits: Sequence[float],
    *,
    sleep: Sleep | None = None,
    notice: Callable[[Exception, float], object] | None = None,
) -> T:
    """What `act` answers; tried again after each of `waits`, in seconds, while `passes` says so of what it raised last.

    `notice` hears what was raised and how long is waited now. Google's own retries are loaded once something fails, since
    that takes longer than most commands.
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
    """Something was seen, but not what is waited for."""


@dataclass(frozen=True)
class Patience:
    """How a cloud is waited for: whether what is done shows `late` there, and what lets seconds pass.

    The local cloud shows everything at once, unless it was told to be as late as Google; then its clock is moved instead.
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
        """See `patiently`; at most once where nothing is late."""
        return patiently(act, passes, waits if self.late else (), sleep=self.sleep, notice=notice)

    def until(
        self,
        look: Callable[[], T],
        settled: Callable[[T], bool],
        waits: Sequence[float],
        notice: Callable[[float], object] | None = None,
    ) -> T:
        """What `look` sees once it is `settled`, or what it saw last when the waits are used up: the caller judges that."""
        seen: list[T] = []

        def act() -> T:
            seen[:] = [look()]
            if not settled(seen[0]):
                raise _NotYet
            return seen[0]

        try:
            return self.retry(
                act,
                lambda problem: isinstance(problem, _NotYet),
                waits,
                notice and (lambda _problem, seconds: notice(seconds)),
            )
        except _NotYet:
            return seen[0]


PROMPT = Patience(late=False)
"""Where everything shows at once."""
