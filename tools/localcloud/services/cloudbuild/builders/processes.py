"""Processes that steps start on this machine; they are stopped when the wait for them is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from localcloud.containers.children import Child
from localcloud.containers.workload import OnOutput
from localcloud.engine.workloads import kept

T = TypeVar("T")
R = TypeVar("R")
_GRACE = 2.0


async def ended(start: Callable[[], T], wait: Callable[[T], R], stop: Callable[[T], object]) -> R:
    """Runs `start` and then `wait` in threads, and returns the latter's result. On cancellation, even during `start`, calls `stop`."""
    started = await kept(start, stop)
    try:
        return await asyncio.to_thread(wait, started)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.to_thread(stop, started))
        raise


async def run(
    command: Sequence[str], on_output: OnOutput, *, env: Mapping[str, str], folder: Path, noted: Callable[[int], object]
) -> int:
    """Runs a program and returns its exit code; calls `noted` with its process id."""

    def start() -> Child:
        child = Child(command, on_output, env=env, folder=folder)
        noted(child.pid)
        return child

    return await ended(start, Child.wait, lambda child: child.end(_GRACE)) or 0
