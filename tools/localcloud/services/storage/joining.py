"""Joins content: the parts of an upload, the components of a composed object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from localcloud.engine.service import Call
from localcloud.engine.store import file_pieces
from localcloud.services.storage import checksums
from localcloud.services.storage.checksums import Checksums


def joined(call: Call, name: str, parts: Sequence[bytes | Path], size: int) -> tuple[Path, Checksums]:
    """The parts concatenated in a file, which the caller must move or remove, and their checksums; `name` identifies the parts."""

    def work() -> tuple[Path, Checksums]:
        target = call.cloud.store.spool()
        pieces = (piece for part in parts for piece in ((part,) if isinstance(part, bytes) else file_pieces(part)))
        with target.open("wb") as stream:
            return target, checksums.of_pieces(written(pieces, stream))

    return call.beside(f"joined {name}", size, work)


def written(pieces: Iterable[bytes], stream: BinaryIO) -> Iterator[bytes]:
    """Yields the chunks while writing them to a file."""
    for piece in pieces:
        stream.write(piece)
        yield piece
