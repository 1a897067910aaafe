"""Process trees. A process is identified by its id and its start time, since ids are reused.

On systems other than Linux, no descendants are found.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PARENT, _BEGUN = 1, 19


def begun(pid: int) -> str:
    """The start time of a process in Linux's units; "" for one that has ended, and on other systems."""
    words = _words(pid)
    return words[_BEGUN] if words else ""


def below(pid: int) -> dict[int, str]:
    """The descendants of a process, with their start times."""
    parents: dict[int, list[int]] = {}
    starts: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if words := _words(int(path.name)):
            parents.setdefault(int(words[_PARENT]), []).append(int(path.name))
            starts[int(path.name)] = words[_BEGUN]
    processes: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            processes[child] = starts[child]
            waiting.append(child)
    return processes


def kill(processes: Mapping[int, str]) -> int:
    """Kills those processes that are still the same by their start time; returns how many."""
    count = 0
    for pid, start in processes.items():
        if start and begun(pid) == start:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                count += 1
    return count


def _words(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, group …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []
