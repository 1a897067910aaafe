"""Reads a file that somebody names: only a regular file, and only up to a limit."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

LARGEST = 256 * 1024
"""An environment or a build has a few hundred lines; a larger file is a mistake, or would take minutes to parse."""


def content(path: Path, most: int = LARGEST) -> bytes:
    """The file's first bytes, at most `most` + 1. Raises OSError, also for a pipe or a device, which may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    with path.open("rb") as stream:
        return stream.read(most + 1)
