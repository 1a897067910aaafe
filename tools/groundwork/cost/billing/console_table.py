"""The Cloud Billing console's cost table as CSV: its header block, its columns and its rows.

The table (Billing → Cost table → Download CSV) has one line per SKU for a whole invoice month, credits as separate
rows, and a last row with the total, which is not added up but compared with the sum.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from groundwork.cost.amounts import ZERO, decimal
from groundwork.cost.billing.layouts import KNOWN
from groundwork.errors import UsageProblem

NAME = "the console's cost table"
COLUMNS = frozenset({
    "billing account name", "billing account id", "project name", "project id", "project number", "project hierarchy",
    "service description", "service id", "sku description", "sku id", "consumption model description",
    "consumption model id", "credit type", "credit name", "credit id", "cost type", "usage start date",
    "usage end date", "usage amount", "usage unit", "unrounded cost", "cost",
})  # fmt: skip
REQUIRED = (
    "billing account id",
    "service description",
    "credit type",
    "cost type",
    "usage start date",
    "unrounded cost",
)
COST_TYPES = {
    "usage": "regular",
    "regular": "regular",
    "tax": "tax",
    "adjustment": "adjustment",
    "rounding error": "rounding_error",
}
_MONEY_COLUMN = re.compile(r"(unrounded cost|cost) ?\(.+\)")
_SIGNS = re.compile(r"[^0-9.,\-]")
_NUMBER = re.compile(r"-?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?(E-?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class CostTable:
    """The contents of a cost table: `block` is the header block, `rows` are (line number, fields by column)."""

    path: Path
    block: Mapping[str, str]
    rows: tuple[tuple[int, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the header block says for all rows: the currency, and the invoice month as 202610."""

    currency: str
    month: str


def read_table(path: Path) -> CostTable:
    """The cost table in a file. Raises UsageProblem naming the column or line that is not as the console writes it."""
    block: dict[str, str] = {}
    records = _records(path)
    for _, fields in records:
        names = [_column(field) for field in fields]
        if "cost type" in names or len([name for name in names if name in COLUMNS]) > 3:
            return CostTable(path, block, tuple(_rows(path, _checked(path, names, fields), records)))
        if "cost type" in fields[0].lower():
            raise UsageProblem(
                f"{path}: its columns are not separated by commas, so a spreadsheet has saved it, and may have changed its numbers too. Download the file again."
            )
        if len(fields) >= 2 and fields[0].strip():
            block[fields[0].strip().lower()] = fields[1].strip()
    raise UsageProblem(
        f"{path} has no known layout: no line names the columns of a cost table. Known layouts: {KNOWN}."
    )


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    data = path.read_bytes()
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UsageProblem(
            f"{path} is not UTF-8 text. Download the CSV again, and do not save it from a spreadsheet."
        ) from problem
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
    except csv.Error as problem:
        raise UsageProblem(
            f"{path}:{reader.line_num}: this is not CSV ({problem}). Download the file again."
        ) from problem


def _column(field: str) -> str:
    name = " ".join(field.split()).lower()
    money = _MONEY_COLUMN.fullmatch(name)
    return money[1] if money else name


def _checked(path: Path, names: Sequence[str], header: Sequence[str]) -> Sequence[str]:
    for place, (name, field) in enumerate(zip(names, header, strict=True)):
        if name in names[:place]:
            raise UsageProblem(
                f"{path}: the column {field!r} appears twice, so nothing was added up. Download the file again."
            )
        if name not in COLUMNS:
            raise UsageProblem(
                f"{path}: the column {field!r} is not a known column of the console's cost table, so nothing was added up. "
                "Set the console to English, and download the cost table with its default columns."
            )
    for name in REQUIRED:
        if name not in names:
            heading = name.capitalize()
            raise UsageProblem(
                f"{path}: the column {heading!r} is missing. Turn it on under Column display options in the console, and download again."
            )
    return names


def _rows(
    path: Path, names: Sequence[str], records: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, fields in records:
        if len(fields) != len(names):
            raise UsageProblem(
                f"{path}:{number}: {len(fields)} fields under {len(names)} columns. Download the file again."
            )
        yield number, dict(zip(names, map(str.strip, fields), strict=True))


def native_rows(table: CostTable) -> Iterator[dict[str, Any]]:
    """The rows in the layout of Google's billing export. Raises UsageProblem for an invalid row and a wrong total."""
    terms = _Terms(_currency(table), _invoice_month(table))
    added, stated = ZERO, None
    for number, row in table.rows:
        amount = _amount(table.path, number, row)
        kind = row["cost type"].lower()
        if kind == "total":
            stated = amount
            continue
        if kind not in COST_TYPES:
            raise UsageProblem(
                f"{table.path}:{number}: the cost type {row['cost type']!r} is unknown, so nothing was added up."
            )
        added += amount
        yield _native(table, number, row, terms)
    if stated is not None and stated != added:
        raise UsageProblem(
            f"{table.path}: its rows add up to {added}, but its last row says {stated}. Download the file again."
        )


def _native(table: CostTable, number: int, row: Mapping[str, str], terms: _Terms) -> dict[str, Any]:
    amount = _amount(table.path, number, row)
    credit = credit_type(row["credit type"]) if row["credit type"] else None
    start = _day(table, number, row["usage start date"], terms.month)
    return {
        "billing_account_id": row["billing account id"] or table.block.get("billing account id", ""),
        "invoice": {"month": terms.month},
        "cost_type": COST_TYPES[row["cost type"].lower()],
        "service": {"id": row.get("service id") or None, "description": row["service description"] or None},
        "sku": {"id": row.get("sku id") or row.get("sku description")},
        "usage_start_time": f"{start.isoformat()}T20:00:00Z",  # noon on the Pacific coast, whatever the season
        "project": {"id": row.get("project id") or row.get("project name") or None},
        "labels": [],
        "cost": "0" if credit else str(amount),
        "currency": terms.currency,
        "credits": [{"name": row["credit type"], "amount": str(amount), "type": credit}] if credit else [],
        "export_time": None,
    }


def credit_type(text: str) -> str:
    """The export's name for a credit type that the console shows: "Promotional credit" and "Free trial" are PROMOTION."""
    word = re.sub(r"[^A-Z]+", "_", text.upper()).strip("_")
    return "PROMOTION" if word.startswith(("PROMOTION", "FREE_TRIAL")) else word


def notes(table: CostTable) -> tuple[str, ...]:
    """Sentences about what this file does not contain."""
    found = [
        "The console's cost table covers a whole month per line and has no labels and no export time: no days and no members.",
    ]
    due = _number(_SIGNS.sub("", table.block.get("total amount due", "")))
    added = sum((_amount(table.path, n, r) for n, r in table.rows if r["cost type"].lower() != "total"), ZERO)
    itemised = any(row["credit type"] for _, row in table.rows)
    if not itemised and due is not None and abs(due - added) >= Decimal("0.01"):
        found.append(
            f"Its rows add up to {added} but {due} is due: it was downloaded without savings, so its credits are unknown."
        )
    return (*found, "A grant of credits that begins or ends in a cost table's month is charged for that whole month.")


def _amount(path: Path, number: int, row: Mapping[str, str]) -> Decimal:
    amount = _number(row["unrounded cost"])
    if amount is None:
        raise UsageProblem(f"{path}:{number}: the unrounded cost {row['unrounded cost']!r} is not a number.")
    return amount


def _number(text: str) -> Decimal | None:
    """A number as the console writes it in English, 1,234.5; None for anything else: a German "1,5" must not be read as 15."""
    return decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def _currency(table: CostTable) -> str:
    currency = table.block.get("currency", "").upper()
    if not re.fullmatch("[A-Z]{3}", currency):
        raise UsageProblem(
            f"{table.path}: no line above the table gives its currency (Currency,USD). Download the file again."
        )
    return currency


def _invoice_month(table: CostTable) -> str:
    stated = table.block.get("invoice month") or table.block.get("invoice date") or ""
    found = re.match(r"([0-9]{4})-?(0[1-9]|1[0-2])", stated)
    if not found:
        raise UsageProblem(
            f"{table.path}: no line above the table gives its invoice month (Invoice date,2026-10-31). Download the file again."
        )
    return found[1] + found[2]


def _day(table: CostTable, number: int, text: str, month: str) -> date:
    if not text:
        return date(int(month[:4]), int(month[4:]), 1)
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise UsageProblem(
            f"{table.path}:{number}: the usage start date {text!r} is not written as 2026-10-31."
        ) from problem
