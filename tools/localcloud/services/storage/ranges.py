"""Byte ranges: `Range` of downloads and `Content-Range` of uploads (RFC 9110 §14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.services.storage import limits, refusals

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)")


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of an object: `length` bytes from `start`."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The value of `Content-Range` for this part of an object of `size` bytes."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def requested(header: str | None, size: int) -> Slice | None:
    """The range that a `Range` header selects of an object of `size` bytes; None means all of it.

    A header that is not one plain byte range is ignored, as the standard allows. A range that starts
    beyond the end is refused (416).
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start = max(0, size - int(match[2]))
        last = size - 1 if int(match[2]) else -1
    else:
        start, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or last < start:
        raise refusals.unsatisfiable_range(size)
    return Slice(start, last - start + 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of an upload: where its bytes start and the total size, if known.

    `start` is None for a request that only asks how far the upload has come.
    """

    start: int | None
    length: int
    total: int | None


def sent(header: str | None, length: int) -> Piece:
    """The chunk in a request with `length` body bytes; without a header, the whole content."""
    if not header:
        return Piece(0, length, length)
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise refusals.invalid(f"Failed to parse Content-Range header: '{header}'.")
    total = None if match[3] is None else int(match[3])
    limits.check_size(total or 0)
    if match[1] is None:
        return Piece(None, 0, total)
    start, last = int(match[1]), int(match[2])
    if last - start + 1 != length:
        raise refusals.invalid(
            f"Invalid request.  There were {length} byte(s) in the request body.  "
            f"There should have been {last - start + 1} byte(s) (starting at offset {start} and ending at "
            f"offset {last}) according to the Content-Range header."
        )
    return Piece(start, length, total)
