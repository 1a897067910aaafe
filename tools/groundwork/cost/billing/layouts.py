"""Recognises the format of a billing file by its first bytes, and explains what is wrong with one of no known layout."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from groundwork.errors import UsageProblem

KNOWN = (
    "Google's billing export (NDJSON or Parquet), the console's cost table (CSV), FOCUS 1.2 (CSV, NDJSON or Parquet)"
)
FOCUS_NAMES = ("BilledCost", "ChargePeriodStart")
DELIMITERS = (",", ";", "\t", "|")
_LONGEST_LINE = 1024**2
# Text packs to a twentieth or so. What unpacks to far more would fill the disk with nothing to add up.
_USUAL_SIZE, _USUAL_RATIO = 256 * 1024**2, 100

Format = Literal["parquet", "lines", "documents", "array", "csv", "cost table"]


@dataclass(frozen=True, slots=True)
class SniffedFile:
    """A file's format, judged by its beginning; `packed` means gzip.

    JSON is `lines` (one object per line), `documents` (objects over several lines) or an `array`; `header` and
    `delimiter` are set for `csv` only.
    """

    path: Path
    format: Format
    packed: bool = False
    header: tuple[str, ...] = ()
    delimiter: str = ""


def sniff(path: Path) -> SniffedFile:
    """The format of a file. Raises UsageProblem when it cannot be read, is empty, or is a truncated gzip file."""
    if path.exists() and not path.is_file():
        raise UsageProblem(f"{path} is not a regular file. Give a billing export: {KNOWN}.")
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with cast("BinaryIO", gzip.open(path) if packed else path.open("rb")) as file:
            first = _first_line(file)
            # To the end of a gzip file, which checks its checksum: DuckDB does not, and would add up damaged digits.
            while packed and file.read(_LONGEST_LINE):
                _check_size(path, file.tell())
    except (OSError, EOFError, zlib.error) as problem:
        reason = getattr(problem, "strerror", None) or "it is truncated or damaged"
        raise UsageProblem(f"{path} cannot be read: {reason}. Give a billing export: {KNOWN}.") from problem
    if not first:
        raise UsageProblem(f"{path} is empty. Give a billing export: {KNOWN}.")
    if first.startswith(b"PAR1"):
        return SniffedFile(path, "parquet", packed)
    start = first.lstrip(b"\xef\xbb\xbf \t")
    if start.startswith((b"{", b"[")):
        return SniffedFile(path, _json_format(start), packed)
    return _table(path, start, packed)


def _check_size(path: Path, unpacked: int) -> None:
    if unpacked > max(_USUAL_SIZE, _USUAL_RATIO * path.stat().st_size):
        raise UsageProblem(
            f"{path} unpacks to more than {_USUAL_RATIO} times its size, as no billing export does, so it was not read further. Export it "
            "again, or unpack it yourself."
        )


def _first_line(file: BinaryIO) -> bytes:
    """The first line that is not blank; b"" if there is none."""
    while line := file.readline(_LONGEST_LINE):
        if line.strip():
            return line
    return b""


def _json_format(start: bytes) -> Format:
    if start.startswith(b"["):
        return "array"
    return "documents" if not start[1:].strip() else "lines"


def _table(path: Path, start: bytes, packed: bool) -> SniffedFile:
    try:
        line = start.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return SniffedFile(path, "cost table", packed)
    if not any(name in line for name in FOCUS_NAMES):
        return SniffedFile(path, "cost table", packed)
    for delimiter in DELIMITERS:
        header = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
        if any(name in header for name in FOCUS_NAMES) and len(header) > 1:
            return SniffedFile(path, "csv", packed, _each_once(path, header), delimiter)
    raise UsageProblem(
        f"{path}: the names in its first line are not separated by commas, semicolons, tabs or bars. Export it again as CSV."
    )


def _each_once(path: Path, header: tuple[str, ...]) -> tuple[str, ...]:
    for place, name in enumerate(header):
        if not name or name in header[:place]:
            raise UsageProblem(
                f"{path}: the column {name or place + 1} {'appears twice' if name else 'has no name'}, so nothing was added up. Export it again."
            )
    return header


def missing(path: Path, name: str, columns: Iterable[str]) -> UsageProblem:
    """The error for a missing column."""
    names = list(columns)
    found = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return UsageProblem(f"{path}: the column {name} is missing (it has {found}). Known layouts: {KNOWN}.")
