"""A command at a terminal: input that is typed once a prompt is shown, and the output."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# The terminal is made the process's own first, so that ^C reaches it as a signal, also where the tests run in the background.
_AT_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def at_terminal(
    words: Sequence[str],
    folder: Path,
    answers: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run groundwork with these words; each answer is typed once its prompt is shown. The exit code, and all output."""
    return python_at_terminal(["-m", "groundwork", *words], folder, answers, variables)


def python_at_terminal(
    words: Sequence[str],
    folder: Path,
    answers: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """The same with any words for Python."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _AT_TERMINAL, *words],
        cwd=folder, env={**os.environ, "NO_COLOR": "1", **(variables or {})}, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    for prompt, answer in answers:
        looked = len(shown)
        while prompt.encode() not in shown[looked:]:
            shown += next(_reads(ours), b"") or _gone(shown)
        os.write(ours, answer.encode() + b"\n")
    shown += b"".join(_reads(ours))
    os.close(ours)
    return child.wait(), shown.decode().replace("\r\n", "\n")


def _gone(shown: bytes) -> bytes:
    raise AssertionError(f"it ended before it asked:\n{shown.decode()}")


def _reads(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            read = os.read(descriptor, 4096)
        except OSError:  # the other end of a terminal is closed
            return
        if not read:
            return
        yield read
