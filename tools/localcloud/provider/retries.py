"""Which errors are temporary, and how long to retry."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from localcloud.provider.client import HttpError, NoAnswer

T = TypeVar("T")

# Longer than a local cloud takes to restart, or a busy one to answer.
PATIENCE_SECONDS = 30.0
_PER_MINUTE = re.compile(r"Quota exceeded for quota metric '.*' and limit '.* per minute' of service")


class Stopped(Exception):
    """Terraform asked the provider to stop, which interrupts all waiting."""


@dataclass(frozen=True)
class RetryBudget:
    """How long to wait: until `deadline` (monotonic seconds), and never after `stopped` is set.

    own   (HTTP code, text in the body) of errors that are temporary for this resource type only
    """

    deadline: float
    stopped: threading.Event = field(default_factory=threading.Event)
    own: tuple[tuple[int, str], ...] = ()

    def keep_trying(self, step: Callable[[], T], *, seconds: float = PATIENCE_SECONDS) -> T:
        """The step's result; retries temporary errors at growing intervals for up to `seconds`."""
        give_up = min(self.deadline, time.monotonic() + seconds)
        pauses: Iterator[float] | None = None
        while True:
            try:
                return step()
            except (HttpError, NoAnswer) as error:
                if not self.temporary(error):
                    raise
                pauses = pauses or delays(0.1, 5.0)
                delay = next(pauses)
                if time.monotonic() + delay > give_up:
                    raise
            self.wait(delay)

    def temporary(self, error: Exception) -> bool:
        """Whether a retry may succeed."""
        if isinstance(error, NoAnswer):
            return True
        return isinstance(error, HttpError) and (_transient(error) or any(_says(error, *one) for one in self.own))

    def wait(self, seconds: float) -> None:
        """Sleeps; raises Stopped as soon as Terraform asks to stop."""
        if self.stopped.wait(seconds):
            raise Stopped


def delays(first: float, most: float) -> Iterator[float]:
    """Endless, growing intervals in seconds, with jitter."""
    from google.api_core.retry import exponential_sleep_generator

    yield from exponential_sleep_generator(first, most)


def conflict(error: Exception) -> bool:
    """Whether the resource was changed by somebody else, so that a read-modify-write must start again."""
    return isinstance(error, HttpError) and error.code in (409, 412)


def _transient(error: HttpError) -> bool:
    if error.code in (429, 500, 502, 503):
        return True
    if error.code == 403:
        return bool(_PER_MINUTE.search(error.text)) or _reason(error, "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED")
    if error.code == 400:
        return "resourceNotReady" in error.text and "networks" in error.text
    return _says(error, 409, "operationInProgress")


def _says(error: HttpError, code: int, text: str) -> bool:
    return error.code == code and text in error.text


def _reason(error: HttpError, reason: str) -> bool:
    try:
        details = json.loads(error.text)["error"].get("details", [])
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    return any(isinstance(one, dict) and one.get("reason") == reason for one in details)
