"""A waiter misses no signal that is sent while it checks."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from localcloud.engine.signals import Signals
from localcloud.engine.store import Store


def test_a_signal_between_the_check_and_the_wait_is_not_missed(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        signals = Signals(store)
        since = signals.moment
        signals.ring("operation 1")
        assert asyncio.run(signals.wait("operation 1", 60, since))
        assert not asyncio.run(signals.wait("operation 2", 0, since))
        assert not asyncio.run(signals.wait("operation 1", 0, signals.moment))


def test_after_a_forgotten_signal_the_condition_is_checked_once_more(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        signals = Signals(store)
        since = signals.moment
        for number in range(5000):
            signals.ring(f"operation {number}")
        assert asyncio.run(signals.wait("operation 1", 60, since))
        assert asyncio.run(signals.wait("operation 4999", 60, since))
        assert not asyncio.run(signals.wait("operation 1", 0, signals.moment))
