"""Doing a thing again, after a while, where what stopped it passes by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
_LONG = 86_400.0
"""Seconds: longer than any waits, so that the end comes when these are used up."""


def patiently(act: Callable[[], T], passes: Callable[[Exception], bool], waits: Sequence[float]) -> T:
    """What `act` answers; tried again after each of `waits`, in seconds, while `passes` says so of what it raised last.

    Google's own retries are loaded once something fails, since that takes longer than most commands.
    """
    try:
        return act()
    except Exception as problem:
        if not waits or not passes(problem):
            raise
    from google.api_core.retry import retry_target

    time.sleep(waits[0])
    answer: T = retry_target(
        act, passes, (*waits[1:], math.inf), timeout=_LONG, exception_factory=lambda problems, *_: (problems[-1], None)
    )
    return answer
