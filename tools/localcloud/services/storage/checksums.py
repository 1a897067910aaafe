"""MD5 and CRC32C checksums in Cloud Storage's encoding."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import google_crc32c

from localcloud.engine.exchange import Content
from localcloud.engine.service import Call
from localcloud.services.storage import refusals


class Checksums(NamedTuple):
    """Both checksums of some data, base64-encoded; MD5 is missing for composed objects."""

    crc32c: str
    md5: str | None

    @property
    def header(self) -> str:
        """The value of `x-goog-hash`."""
        return header(self.crc32c, self.md5)

    @property
    def hexadecimal(self) -> str:
        """The MD5 sum in hexadecimal, or the CRC32C where there is none, as in the XML API's entity tags."""
        return base64.b64decode(self.md5 or self.crc32c).hex()


def header(crc32c: str, md5: str | None) -> str:
    """The value of `x-goog-hash` for both checksums, base64-encoded."""
    return f"crc32c={crc32c}" if md5 is None else f"crc32c={crc32c},md5={md5}"


class RunningChecksums:
    """Checksums of data that arrives in chunks."""

    __slots__ = ("_crc", "_md5")

    def __init__(self) -> None:
        self._crc = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, piece: bytes) -> None:
        """Adds the next chunk."""
        self._crc = google_crc32c.extend(self._crc, piece)
        self._md5.update(piece)

    def result(self) -> Checksums:
        """The checksums of everything so far."""
        return Checksums(encode_crc32c(self._crc), base64.b64encode(self._md5.digest()).decode())


def encode_crc32c(value: int) -> str:
    """A CRC32C as the API shows it: four big-endian bytes in base64."""
    return base64.b64encode(value.to_bytes(4, "big")).decode()


def of_bytes(data: bytes) -> Checksums:
    """The checksums of data held in memory."""
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    return Checksums(encode_crc32c(google_crc32c.value(data)), base64.b64encode(md5).decode())


def of_pieces(pieces: Iterable[bytes]) -> Checksums:
    """The checksums of data read in chunks."""
    running = RunningChecksums()
    for piece in pieces:
        running.add(piece)
    return running.result()


def of_content(call: Call, content: Content) -> Checksums:
    """The checksums of a request's body."""
    return call.beside("checksums", content.size, lambda: of_pieces(content.chunks()))


def check(computed: Checksums, declared: Mapping[str, object], headers: Mapping[str, str]) -> None:
    """Refuses (400) data that does not match the checksums in the request's metadata or headers.

    `declared` is the object resource that was sent (`crc32c`, `md5Hash`); of the headers `X-Goog-Hash`
    and `Content-MD5` count.
    """
    promises = _promised_by_header(headers)
    for kind, value in (("crc32c", declared.get("crc32c")), ("md5", declared.get("md5Hash"))):
        if value:
            promises.append((kind, str(value)))
    for kind, value in promises:
        actual = computed.crc32c if kind == "crc32c" else computed.md5
        if actual is not None and value.rstrip("=") != actual.rstrip("="):
            label = "CRC32C" if kind == "crc32c" else "MD5 hash"
            raise refusals.invalid(f'Provided {label} "{value}" doesn\'t match calculated {label} "{actual}".')


def _promised_by_header(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    promises = []
    for item in headers.get("x-goog-hash", "").split(","):
        kind, separator, value = item.strip().partition("=")
        if separator and kind in {"crc32c", "md5"}:
            promises.append((kind, value))
    if content_md5 := headers.get("content-md5"):
        promises.append(("md5", content_md5))
    return promises
