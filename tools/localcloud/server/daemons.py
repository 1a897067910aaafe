"""Daemon processes of the local cloud: starting them, waiting for them, checking on them and stopping them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from localcloud import WORKS_FOR_IT
from localcloud.server import records

PATIENCE = 30.0
# What a daemon sees of its starter's environment: where programs and files are, and which container engine is meant. No proxy and
# no login: whoever starts it first would lend them to everybody who comes later.
_KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LC_\w+|TZ|XDG_\w+|LD_LIBRARY_PATH|DYLD_\w*LIBRARY_PATH|PYTHON\w+|VIRTUAL_ENV|"
    r"DOCKER_\w+|CONTAINERS?_\w+|DBUS_SESSION_BUS_ADDRESS"
)
# Bytes without which a daemon can write neither its database nor why it ends.
_ROOM = 1024 * 1024
T = TypeVar("T")


class LocalCloudError(Exception):
    """What went wrong with the local cloud and what to do, as a sentence."""


def spawn(arguments: list[str], log: Path, given: Callable[[], str] = str) -> subprocess.Popen[bytes]:
    """Starts a daemon: in its own session, detached from the caller's terminal, with files readable only by its owner.

    `given` returns its standard input, and is called while it loads.
    """
    with records.private(log, "wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud", *arguments],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd="/",
            umask=0o077,
            env={**{name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}, WORKS_FOR_IT: "1"},
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(given().encode())
    return process


def awaited(look: Callable[[], T | None], process: subprocess.Popen[bytes], log: Path, what: str) -> T:
    """Waits until `look` finds the daemon serving. Raises LocalCloudError with the last line of its log, or for a full disk."""
    result = polled(look, PATIENCE, lambda: process.poll() is None)
    if result is not None:
        return result
    if process.poll() is None:
        process.terminate()
    if shutil.disk_usage(log.parent).free < _ROOM:
        raise LocalCloudError(
            f"The {what} did not start, since the disk of {log.parent} is full: free some space and run the same command again."
        )
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    raise LocalCloudError(f"The {what} did not start: {lines[-1] if lines else 'it said nothing'} (log: {log})")


def polled(look: Callable[[], T | None], seconds: float, worth_it: Callable[[], bool] = lambda: True) -> T | None:
    """Calls `look` repeatedly while `worth_it`; None when nothing was found in time."""
    until = time.monotonic() + seconds
    while True:
        goes_on = worth_it()
        result = look()
        if result is not None or not goes_on or time.monotonic() > until:
            return result
        time.sleep(0.01)


def ours(pid: int) -> bool:
    """Whether a process is alive and, where the system tells, one of the local cloud's."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        return b"localcloud" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self").exists()


def dying(pid: int) -> bool:
    """Whether a process is being killed, or has ended and is not cleared away; False where the system does not tell.

    Once it takes its SIGKILL no signal is pending any more, and its memory goes first: its locks are held a little longer.
    """
    fields = _status(pid)
    if not fields:
        return Path("/proc/self").exists()
    pending = int(fields.get("SigPnd", "0"), 16) | int(fields.get("ShdPnd", "0"), 16)
    return _ended(pid) or "VmSize" not in fields or bool(pending >> (signal.SIGKILL - 1) & 1)


def end(pid: int) -> None:
    """Terminates a process, and kills it after ten seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except OSError:
            return
        if polled(lambda: None if alive(pid) else True, 10):
            return


def alive(pid: int) -> bool:
    """Whether a process still runs."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return not _ended(pid)


def _ended(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent, which in a container may never come for it."""
    return _status(pid).get("State", "").strip()[:1] in ("Z", "X")


def _status(pid: int) -> dict[str, str]:
    """What the system tells of a process; nothing where it does not tell."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return {}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
