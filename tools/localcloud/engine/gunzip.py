"""Decompresses gzip piece by piece: a few kilobytes may hold gigabytes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

_PIECE = 1 << 18


def pieces(content: bytes | Path) -> Iterator[bytes]:
    """What packed bytes or a packed file hold. Raises gzip.BadGzipFile, EOFError and zlib.error at the piece that cannot be read."""
    packed = BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    with packed, gzip.GzipFile(fileobj=packed) as plain:
        while piece := plain.read1(_PIECE):
            yield piece
