"""Asks git about files. The repository may be anybody's, so nothing that its own settings name is run."""

from __future__ import annotations

from pathlib import Path

from groundwork.errors import GroundworkError
from groundwork.terraform.process import run

# git runs the monitor that a repository's configuration names, also that of a bare one which another repository contains as files.
_NOTHING_OF_ITS_OWN = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
_NO = 1


def is_tracked(file: Path) -> bool:
    """Whether git tracks a file; False where git is missing or cannot tell."""
    return _exit_code(file, "--literal-pathspecs", "ls-files", "--error-unmatch") == 0


def would_be_added(file: Path) -> bool:
    """Whether git would add a file that it does not track yet, since nothing ignores it; False where git is missing or cannot tell."""
    return _exit_code(file, "check-ignore", "--quiet") == _NO


def origin(folder: Path) -> str:
    """The address that a repository was cloned from; "" if there is none, or where git is missing."""
    try:
        return run(["git", *_NOTHING_OF_ITS_OWN, "config", "--get", "remote.origin.url"], cwd=folder).out.strip()
    except GroundworkError:
        return ""


def _exit_code(file: Path, *words: str) -> int | None:
    """The exit code of a git command about a file: 1 means no, 128 that this is not a repository, None that git is missing."""
    try:
        return run(["git", *_NOTHING_OF_ITS_OWN, *words, "--", file.name], cwd=file.absolute().parent).code
    except GroundworkError:
        return None
