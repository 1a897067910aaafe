"""Multipart bodies: `multipart/related` uploads and `multipart/mixed` batches (RFC 2046)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from localcloud.errors import invalid

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|\'([^\']+)\'|([^;\s]+))', re.IGNORECASE)
_HEADER_LIMIT = 64 * 1024


class Searchable(Protocol):
    """Bytes in memory or a mapped file: can be searched and cut."""

    def find(self, sub: bytes, start: int = ..., end: int = ..., /) -> int:
        """The index of the first occurrence, or -1."""

    def __getitem__(self, part: slice, /) -> bytes:
        """A copy of a part."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers (names in lower case) and where its content lies in the body."""

    headers: dict[str, str]
    start: int
    end: int


def boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type header names."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise invalid(
            f"The content type '{content_type}' names no boundary; a multipart body needs one.", reason="invalid"
        )
    return (match[1] or match[2] or match[3]).encode("latin-1")


def parts(body: Searchable, mark: bytes) -> Iterator[Part]:
    """The parts of a body, in order; a body that ends early is refused (400).

    Lines end as the first one does: with CR LF, or with LF alone, as Google's Python client writes batches.
    """
    first = _after(body, b"--" + mark, 0)
    newline = b"\r\n" if body[first : first + 2] == b"\r\n" else b"\n"
    delimiter = newline + b"--" + mark
    position = first
    while body[position : position + 2] != b"--":
        start = _after(body, newline, position)
        headers, start = _headers(body, start, newline)
        end = body.find(delimiter, start - len(newline))
        if end < 0:
            raise _malformed()
        yield Part(headers, start, max(start, end))
        position = end + len(delimiter)


def _headers(body: Searchable, start: int, newline: bytes) -> tuple[dict[str, str], int]:
    width = len(newline)
    if body[start : start + width] == newline:
        return {}, start + width
    end = body.find(newline * 2, start, start + _HEADER_LIMIT)
    if end < 0:
        raise _malformed()
    return parse_headers(body[start:end]), end + 2 * width


def parse_headers(block: bytes) -> dict[str, str]:
    """Header lines as a dictionary, names in lower case."""
    headers: dict[str, str] = {}
    for line in block.decode("latin-1").splitlines():
        name, separator, value = line.partition(":")
        if separator:
            headers[name.strip().lower()] = value.strip()
    return headers


def _after(body: Searchable, mark: bytes, start: int) -> int:
    index = body.find(mark, start)
    if index < 0:
        raise _malformed()
    return index + len(mark)


def _malformed() -> Exception:
    return invalid("Malformed multipart body.", reason="invalid")
