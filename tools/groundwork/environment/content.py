"""The content of a file that somebody names: of a regular file only, and no more than was meant."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

LARGEST = 256 * 1024
"""An environment or a build is a few hundred lines; what is larger was not meant, or would take minutes."""


def content(path: Path, most: int = LARGEST) -> bytes:
    """The file's first bytes, one more than `most` at the most. Raises OSError, for a pipe or a device too, which would have no end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    with path.open("rb") as stream:
        return stream.read(most + 1)
