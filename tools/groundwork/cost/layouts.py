"""Telling the layouts of billing files apart, and Google's own layout as files hold it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageProblem

KNOWN = (
    "Google's billing export (NDJSON or Parquet), the console's cost table (CSV), FOCUS 1.2 (CSV, NDJSON or Parquet)"
)

_LABELS = "STRUCT(key VARCHAR, value VARCHAR)[]"
NATIVE: Mapping[str, str] = {
    "billing_account_id": "VARCHAR",
    "invoice": "STRUCT(month VARCHAR)",
    "cost_type": "VARCHAR",
    "service": "STRUCT(id VARCHAR, description VARCHAR)",
    "usage_start_time": "VARCHAR",
    "project": f"STRUCT(id VARCHAR, labels {_LABELS})",
    "labels": _LABELS,
    "cost": "VARCHAR",
    "currency": "VARCHAR",
    "credits": 'STRUCT(name VARCHAR, amount VARCHAR, full_name VARCHAR, id VARCHAR, "type" VARCHAR)[]',
    "export_time": "VARCHAR",
}
"""The columns that a report needs of Google's layout (Cloud Billing docs: structure of the standard export), numbers as text."""

OPTIONAL = frozenset({"project"})
"""Left out of NDJSON where every row is a tax or a support charge."""


_FOCUS_NAMES = (b"BilledCost", b"ChargePeriodStart")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the first bytes of a file, unpacked, say it is: "parquet", "json", "csv" or "cost table"."""

    path: Path
    format: str


def sniff(path: Path) -> Sniffed:
    """The format of a file, by its content. Raises UsageProblem when it cannot be read or is empty."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        start = head if head == b"PAR1" else _text_start(path, head)
    except (OSError, EOFError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not whole"
        raise UsageProblem(f"{path} cannot be read: {reason}. Give a billing export: {KNOWN}.") from problem
    if not start.strip():
        raise UsageProblem(f"{path} is empty. Give a billing export: {KNOWN}.")
    if start == b"PAR1":
        return Sniffed(path, "parquet")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return Sniffed(path, "json")
    return Sniffed(path, "csv" if any(name in start.split(b"\n", 1)[0] for name in _FOCUS_NAMES) else "cost table")


def _text_start(path: Path, head: bytes) -> bytes:
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path) as packed:
            return packed.read(4096)
    with path.open("rb") as file:
        return file.read(4096)


def is_focus(columns: Mapping[str, str]) -> bool:
    """Whether columns are FOCUS's rather than Google's own."""
    return any(name.decode() in columns for name in _FOCUS_NAMES)


def check_native(path: Path, columns: Mapping[str, str]) -> None:
    """Raises UsageProblem naming the column of Google's layout that a file lacks or has in another shape.

    `columns` maps names to DuckDB types. Columns that are not needed may be anything: the layout grows.
    """
    for name, needed in NATIVE.items():
        if name not in columns:
            if name in OPTIONAL:
                continue
            raise missing(path, name, columns)
        if _shape(columns[name]) not in (_shape(needed), "null"):
            raise UsageProblem(
                f"{path}: the column {name} is {columns[name].split('(')[0]}, not {_in_words(needed)} as in Google's billing export. "
                "Export the whole table, unchanged."
            )


def missing(path: Path, name: str, columns: Mapping[str, str]) -> UsageProblem:
    """The error for a column that is not there."""
    found = ", ".join(list(columns)[:8]) + (", …" if len(columns) > 8 else "")
    return UsageProblem(f"{path}: the column {name} is missing (it has {found}). Layouts known here: {KNOWN}.")


def _shape(type_: str) -> str:
    if type_.endswith("[]"):
        return "list"
    if type_.startswith("STRUCT"):
        return "struct"
    return "null" if type_ in ("JSON", "NULL", '"NULL"') else "scalar"


def _in_words(type_: str) -> str:
    return {"list": "a list", "struct": "an object", "scalar": "a plain value"}[_shape(type_)]
