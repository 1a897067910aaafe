"""Waiting for what another process does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest


def until(condition: Callable[[], Any]) -> None:
    """Returns as soon as the condition holds; fails after a minute."""
    pause = threading.Event()
    for _ in range(12_000):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("the condition never held")
