"""Untrusted tar archives: what their headers take is bounded while they are read, and nothing is written through a link.

Python's own filter is not enough: before 3.11.13 and 3.12.11 long chains of links led out of the folder (CVE-2025-4517), and before 3.11.10
and 3.12.6 digits in a header took quadratic time (CVE-2024-6232).
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

if not hasattr(tarfile, "data_filter"):  # Python before 3.11.4, as in Debian 12
    from backports import tarfile  # type: ignore[no-redef]

TarError = tarfile.TarError
MOST_BYTES, MOST_FILES = 16 << 30, 500_000
_DEEPEST = 100
_MOST_HEADERS = 256 << 10
"""For one file, with what is sparse in it, and for all that is said of every file."""
_DIGITS = re.compile(rb"\d{200}")


def unpack(stream: IO[bytes], target: Path) -> None:
    """Unpacks an archive. Raises TarError, OSError, EOFError, ValueError or RuntimeError. Blocks."""
    headers = _Headers(stream)
    size = files = 0
    with tarfile.open(fileobj=cast("IO[bytes]", headers), mode="r:") as archive:
        while (member := archive.next()) is not None:
            size, files = size + member.size, files + 1
            if member.size < 0 or size > MOST_BYTES or files > MOST_FILES:
                raise tarfile.ReadError(f"it has more than {MOST_FILES} files or {MOST_BYTES >> 30} GiB")
            if len(archive.pax_headers) > 100 or sum(map(len, archive.pax_headers.values())) > _MOST_HEADERS:
                raise tarfile.ReadError(f"its headers for every file have more than {_MOST_HEADERS >> 10} KiB")
            headers.left = None
            archive.extract(member, target, filter=_inside)
            headers.left = _MOST_HEADERS
            archive.members.clear()  # type: ignore[attr-defined]  # the headers of half a million files would not fit into memory


def _inside(member: tarfile.TarInfo, target: str) -> tarfile.TarInfo | None:
    """The filter of an archive of data, which here refuses links on the way to a file, too, and replaces one in its place."""
    if max(member.name.count("/"), member.linkname.count("/")) > _DEEPEST:  # each of which Python's filter looks at
        raise tarfile.ReadError(f"{member.name[:100]!r} is deeper than {_DEEPEST} folders")
    filtered = tarfile.data_filter(member, target)
    if filtered is not None:
        place = _reached(filtered.name, Path(target))
        if place.is_symlink():
            place.unlink()
        if filtered.islnk():
            linked = _reached(filtered.linkname, Path(target))
            if linked.is_symlink() or not linked.is_file():
                raise tarfile.ReadError(f"{filtered.name!r} is a link to what is no file before it in the archive")
    return filtered


def _reached(name: str, target: Path) -> Path:
    """The path of a name below a folder. Raises ReadError if there is a link on the way."""
    parts = PurePosixPath(name).parts
    for end in range(1, len(parts)):
        if parts[end] == ".." or (target.joinpath(*parts[:end])).is_symlink():
            raise tarfile.ReadError(f"{name!r} is reached through a link, or through '..'")
    return target / name


@dataclass(slots=True)
class _Headers:
    """A file of which only so much is read while headers are: a header gives its own length, and some more headers to be read.

    `left` is the number of bytes that may still be read; None while the content of a file is read.
    """

    inner: IO[bytes]
    left: int | None = _MOST_HEADERS

    def read(self, size: int) -> bytes:
        if self.left is None:
            return self.inner.read(size)
        if not 0 <= size <= self.left:
            raise tarfile.ReadError(f"a header has more than {_MOST_HEADERS} bytes")
        self.left -= size
        data = self.inner.read(size)
        if _DIGITS.search(data):
            raise tarfile.ReadError("a header has a number of more than 200 digits")
        return data

    def seek(self, position: int) -> int:
        return self.inner.seek(position)

    def tell(self) -> int:
        return self.inner.tell()
