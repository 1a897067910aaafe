"""Untrusted zip archives: their size is checked before their directory, or a file, is read into memory."""

from __future__ import annotations

import io
import zipfile
from typing import IO

MOST_FILES = 10_000
_SHORTEST_END, _LONGEST_END = 22, 22 + 65_535
_MOST_DIRECTORY = 4 << 20


class UnreadableZip(Exception):
    """Why an archive is not unpacked, as the second half of a sentence."""


def open_zip(archive: IO[bytes], most_bytes: int) -> zipfile.ZipFile:
    """Opens an archive of at most `most_bytes` when it is unpacked. Raises UnreadableZip. Blocks."""
    _check_directory(archive)
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as problem:
        raise UnreadableZip(f"the source is no zip archive ({problem})") from None
    members = opened.infolist()
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > most_bytes:
        opened.close()
        raise UnreadableZip(
            f"the source has more than {MOST_FILES} files or {most_bytes >> 20} MiB when it is unpacked"
        )
    return opened


def _check_directory(archive: IO[bytes]) -> None:
    """Refuses a directory that would take this machine's memory: as objects, its entries need ten times their bytes."""
    size = archive.seek(0, io.SEEK_END)
    archive.seek(max(size - _LONGEST_END, 0))
    end = archive.read()
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) - at < _SHORTEST_END:
        raise UnreadableZip("the source is no zip archive")
    length = int.from_bytes(end[at + 12 : at + 16], "little")
    if length > _MOST_DIRECTORY or end[max(at - 20, 0) : at].startswith(b"PK\x06\x07"):
        raise UnreadableZip(f"the source has more than {MOST_FILES} files, or names that are too long")
