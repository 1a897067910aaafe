"""Facts about a process: whether it still runs, since when, and the lines it is writing to a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_TICK = 0.02


def tail(path: Path, wait: Callable[[float], Any], ended: Callable[[], bool]) -> Iterator[str]:
    """The lines of a file that is being written, until `ended()`; `wait(seconds)` is called between reads."""
    rest = b""
    with path.open("rb") as stream:
        while True:
            last = ended()
            *lines, rest = (rest + stream.read()).split(b"\n")
            yield from (text.decode("utf-8", "replace") for text in lines)
            if last:
                break
            wait(_TICK)
    if rest:
        yield rest.decode("utf-8", "replace")


def alive(pid: int, born: str) -> bool:
    """Whether the process `pid` that was `born` then (see `birth`) still runs; a later process with the same number does not count."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    now = birth(pid)
    return now != "gone" and (not born or not now or now == born)


def birth(pid: int) -> str:
    """When a process started, in the kernel's clock ticks; "" if unknown, "gone" for a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "gone" if fields[0] == "Z" else fields[19]
