"""The one module that starts processes: long ones whose output is streamed, such as Terraform, and short tools."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO, NoReturn

from groundwork.errors import GroundworkError, Interrupted
from groundwork.google import variables
from groundwork.terraform.liveness import alive, tail

_STOPPING = "Stopping: Terraform finishes the current operations and releases its lock; ^C again kills it."
_KILLING = "Killing Terraform: the next `groundwork up` finds what it had created."


@dataclass(frozen=True)
class Finished:
    """A finished process: its arguments, exit code (negative = signal) and output."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str


def _write(text: str) -> None:
    """Writes a line below the terminal's ^C, unbuffered: buffered output is not safe in a signal handler."""
    os.write(2, f"\n{text}\n".encode())


class _Children:
    """The running children of this process, and how ^C and SIGTERM are passed on to them."""

    def __init__(self) -> None:
        self.pids: set[int] = set()
        self.starting = 0
        self.signals = 0
        self.tell: Callable[[str], None] = _write

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Passes the signal on as SIGINT, once per signal; without running children it is an ordinary ^C."""
        self.signals += 1
        if self.pids:
            self.tell(_STOPPING if self.signals == 1 else _KILLING)
        for pid in tuple(self.pids):
            _signal_group(pid, signal.SIGINT)
        if not self.pids and not self.starting:
            raise KeyboardInterrupt

    def add(self, pid: int) -> None:
        """Adds a child; a signal that arrived while it was starting is passed on now."""
        self.pids.add(pid)
        if self.signals:
            _signal_group(pid, signal.SIGINT)


_CHILDREN = _Children()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


@contextmanager
def signals_passed_on() -> Iterator[None]:
    """Inside, SIGINT and SIGTERM are passed on to the children as one SIGINT each, so that they shut down cleanly and release their locks.

    Works in the main thread only; elsewhere it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _CHILDREN.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    _CHILDREN.signals = 0
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def signals() -> int:
    """How many times SIGINT or SIGTERM was received since signals are passed on."""
    return _CHILDREN.signals


@contextmanager
def told_by(tell: Callable[[str], None]) -> Iterator[None]:
    """Inside, `tell` reports ^C: while a live display has the terminal, nothing else may write to it."""
    before, _CHILDREN.tell = _CHILDREN.tell, tell
    try:
        yield
    finally:
        _CHILDREN.tell = before


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 60,
    given: str = "",
) -> Finished:
    """Runs a short command and returns its output; `given` is its standard input. Without `env` it gets the variables for tools of its kind.

    Raises GroundworkError when the program is not there or takes longer than `seconds`.
    """
    chosen = variables.of_program(argv[0], os.environ) if env is None else env
    try:
        done = subprocess.run(
            argv, cwd=cwd, env=chosen, timeout=seconds, input=given, capture_output=True, check=False,
            text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise GroundworkError(f"{argv[0]} was not found: install it or put it on PATH.") from None
    except PermissionError:
        raise GroundworkError(f"{argv[0]} is not executable: check its permissions.") from None
    except subprocess.TimeoutExpired:
        raise GroundworkError(f"{' '.join(argv)} did not end within {seconds:.0f} s.") from None
    return Finished(tuple(argv), done.returncode, done.stdout, done.stderr)


def attended(argv: Sequence[str]) -> int:
    """Runs an interactive command on this terminal and returns its exit code. ^C reaches it as well as us.

    Raises GroundworkError when the program is not there.
    """
    try:
        child = subprocess.Popen(argv, env=variables.of_program(argv[0], os.environ))
    except FileNotFoundError:
        raise GroundworkError(f"{argv[0]} was not found: install it or put it on PATH.") from None
    while True:
        with suppress(KeyboardInterrupt):
            return child.wait()


def become(program: str, argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Replaces this process by another program, whose exit code becomes ours. Raises GroundworkError when the system refuses."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execve(program, list(argv), dict(env))  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise GroundworkError(f"{program} could not be started: {error.strerror}.") from None


def follow(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    line: Callable[[str], None],
    started: Callable[[int], None],
) -> Finished:
    """Runs a command in its own process group and passes on each line while it runs.

    Its output goes straight into the file `log` and is read from there, so that it neither blocks nor dies when this process
    is killed, and every line is kept. `started` gets the child's pid.
    """
    errors = log.with_suffix(".stderr")
    log.parent.mkdir(parents=True, exist_ok=True)
    _CHILDREN.starting += 1
    try:
        with _private(log) as out, _private(errors) as err:
            child = _start(argv, cwd, env, out.fileno(), err.fileno())
        _CHILDREN.add(child.pid)
        _attend(child, log, line, started)
    finally:
        _CHILDREN.starting -= 1
    if child.returncode < 0:
        _signal_group(child.pid, signal.SIGTERM)
    return Finished(tuple(argv), child.returncode, _text(log), _text(errors))


def _private(log: Path) -> BinaryIO:
    """Creates a log that only this user can read: Terraform's messages contain values."""
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _start(argv: Sequence[str], cwd: Path, env: Mapping[str, str], out: int, err: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, process_group=0, umask=0o077
        )
    except FileNotFoundError:
        raise GroundworkError(f"{argv[0]} was not found: `groundwork doctor` says how to get it.") from None


def _wait(child: subprocess.Popen[bytes], ended: threading.Event) -> None:
    child.wait()
    ended.set()


def _attend(
    child: subprocess.Popen[bytes], log: Path, line: Callable[[str], None], started: Callable[[int], None]
) -> None:
    """Passes the lines on until the child ends; if that fails, the child is interrupted and waited for."""
    ended = threading.Event()
    threading.Thread(target=_wait, args=(child, ended), daemon=True).start()
    try:
        started(child.pid)
        for text in tail(log, ended.wait, ended.is_set):
            line(text)
    except BaseException:
        _signal_group(child.pid, signal.SIGINT)
        raise
    finally:
        ended.wait()
        _CHILDREN.pids.discard(child.pid)


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def wait_for(pid: int, born: str) -> None:
    """Waits until a process that is not our child has ended; ^C is passed on to it."""
    _CHILDREN.pids.add(pid)
    try:
        while alive(pid, born):
            time.sleep(0.1)
    finally:
        _CHILDREN.pids.discard(pid)
    if _CHILDREN.signals:
        raise Interrupted("Interrupted, and so was the earlier run; run the same command again to go on.")
