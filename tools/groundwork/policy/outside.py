"""Checkov's own environment, created by uv from hashed requirements on first use, in the user's cache and never in .venv."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from groundwork.errors import CouldNotTell, GroundworkError
from groundwork.google import variables

REQUIREMENTS = "requirements-checkov.txt"
_SECONDS = 600
_LAST_LINES = 5


class CompletedProcess(Protocol):
    """A completed process: its exit code (negative: a signal) and its output."""

    @property
    def code(self) -> int: ...
    @property
    def out(self) -> str: ...
    @property
    def err(self) -> str: ...


class RunProcess(Protocol):
    """A function that runs a process, such as groundwork.terraform.process.run. Raises GroundworkError on failure or timeout."""

    def __call__(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, seconds: float = 60
    ) -> CompletedProcess: ...


def python(tools: Path, cache: Path, run: RunProcess, say: Callable[[str], None]) -> Path:
    """The interpreter of the environment that `tools`/requirements-checkov.txt describes, which is created if missing.

    Its folder's name is a digest of its contents, so it is created once per user and never changed. Raises CouldNotTell.
    """
    requirements = tools / REQUIREMENTS
    place = cache / "checkov" / fingerprint(requirements)
    found = place / "bin" / "python"
    if not found.exists():
        say("installing checkov into its own environment (once) …")
        _make(requirements, place, run)
    return found


def temporary(interpreter: Path, other: Path) -> Path:
    """A private folder for temporary files; `other` if the environment's folder is not writable.

    checkov's parser loads code from a temporary file with a predictable name: in /tmp, another user could plant it.
    """
    found = interpreter.parent.parent / "tmp"
    try:
        found.mkdir(mode=0o700, exist_ok=True)
        found.chmod(0o700)
    except OSError:
        return other
    return found


def fingerprint(requirements: Path) -> str:
    """A key that distinguishes environments: the requirements, the Python and the machine."""
    machine = f"{sys.platform} {os.uname().machine} {sys.version_info.major}.{sys.version_info.minor} {sys.base_prefix}"
    return hashlib.sha256(requirements.read_bytes() + machine.encode()).hexdigest()[:16]


def _make(requirements: Path, place: Path, run: RunProcess) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=place.parent))
    except OSError as error:
        raise CouldNotTell(
            f"The policies were not checked: checkov is installed in {place.parent}, which cannot be written to ({error.strerror}); set "
            "XDG_CACHE_HOME to another place."
        ) from error
    inside = ["--python", str(fresh / "bin" / "python")]
    try:
        _uv(run, ["venv", "--python", sys.executable, "--allow-existing", str(fresh)])
        _uv(run, ["pip", "sync", *inside, "--require-hashes", str(requirements)])
        if place.exists() and not (place / "bin" / "python").exists():
            shutil.rmtree(place)
        _move(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _move(fresh: Path, place: Path) -> None:
    """Moves the environment to its place atomically; if another process was faster, its environment is the same."""
    try:
        fresh.rename(place)
    except OSError:
        if not (place / "bin" / "python").exists():
            raise


def _uv(run: RunProcess, arguments: Sequence[str]) -> None:
    beside = Path(sys.executable).parent / "uv"
    argv = [str(beside) if beside.exists() else "uv", *arguments, "--quiet"]
    try:
        done = run(argv, env={**variables.of_program("uv", os.environ), **_like_pip(run)}, seconds=_SECONDS)
    except GroundworkError as error:
        raise _cannot_be_had([error.message]) from error
    if done.code:
        raise _cannot_be_had([line for line in done.err.splitlines() if line.strip()][-_LAST_LINES:])


def _like_pip(run: RunProcess) -> dict[str, str]:
    """pip's index and certificate settings as variables for uv, which does not read pip's."""
    if os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL"):
        return {}
    listed = run([sys.executable, "-m", "pip", "config", "list"]).out
    found = dict(line.split(".", 1)[1].split("=", 1) for line in listed.splitlines() if "." in line and "=" in line)
    given = {"UV_DEFAULT_INDEX": os.environ.get("PIP_INDEX_URL") or found.get("index-url", "").strip("'")}
    if not os.environ.get("SSL_CERT_FILE"):
        given["SSL_CERT_FILE"] = os.environ.get("PIP_CERT") or found.get("cert", "").strip("'")
    return {name: value for name, value in given.items() if value}


def _cannot_be_had(details: Sequence[str]) -> CouldNotTell:
    return CouldNotTell(
        "The policies were not checked: checkov could not be installed into its own environment, for which a network is needed "
        "once; connect and run the same command again.",
        details,
    )
