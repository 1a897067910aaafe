"""Writes files whole or not at all, so that another process never reads a part of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    """Puts a file in the place of the one at `path`, by default readable only by its owner; returns `path`. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        Path(name).chmod(mode)
        return Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
