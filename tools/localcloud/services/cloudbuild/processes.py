"""Programs of this machine that carry out steps: what they write goes to the build's log, and they end with their step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.containers.children import Child
from localcloud.containers.workload import Heard

_GRACE = 2.0


async def run(command: Sequence[str], heard: Heard, *, env: Mapping[str, str], folder: Path) -> int:
    """The exit code of a program; whoever cancels this ends it with all that it has started."""
    child = await asyncio.to_thread(Child, command, heard, env=env, folder=folder)
    try:
        code = await asyncio.to_thread(child.wait)
    except asyncio.CancelledError:
        await asyncio.to_thread(child.end, _GRACE)
        raise
    return code or 0
