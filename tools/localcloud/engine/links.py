"""Paths in folders where others make links: resolved, and refused if they lead out of the folder."""

from __future__ import annotations

from pathlib import Path


class LeadsOutside(Exception):
    """A path leads out of its folder, or nobody can tell where it leads."""


def resolved(path: Path, folder: Path) -> Path:
    """The path without links, whether or not there is something at its end. Raises LeadsOutside.

    Python's lenient resolution would not do: it leaves the rest of a path as it is after a loop of links, or beyond the longest path
    of the system, so that a link may remain in its answer.
    """
    try:
        found = _resolved(path)
        inside = found.is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError, ValueError):  # Python before 3.13 raises RuntimeError for a loop
        raise LeadsOutside(path) from None
    if not inside:
        raise LeadsOutside(path)
    return found


def _resolved(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        if path.name == ".." or path.is_symlink():  # what is made there would be made at the link's end
            raise
        return _resolved(path.parent) / path.name
