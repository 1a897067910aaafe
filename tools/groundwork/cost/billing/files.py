"""Reads billing files: each is mapped to one common layout by its column names and queried in DuckDB."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.cost.amounts import total
from groundwork.cost.billing import focus, query, same_bill
from groundwork.cost.billing.database import FAULT, define_pacific_day, opened, reading
from groundwork.cost.billing.ledger import Ledger, LedgerFile, Line, lines_of, merged
from groundwork.cost.billing.loading import Labels, LoadedFile, load
from groundwork.errors import UsageProblem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def matching(patterns: Iterable[str]) -> tuple[Path, ...]:
    """The files that names and glob patterns stand for, those of a pattern sorted. Raises UsageProblem where there is none."""
    found: list[Path] = []
    for pattern in patterns:
        paths = [Path(pattern)] if Path(pattern).exists() else [Path(name) for name in sorted(glob.glob(pattern))]  # noqa: PTH207 - a pattern may be absolute
        if not paths:
            raise UsageProblem(
                f"There is no file {pattern}. Give a billing export, or a pattern in quotes: 'export-*.json'."
            )
        for path in paths:
            if path.is_dir():
                raise UsageProblem(f"{path} is a folder. Give the billing exports in it: '{path}/*'.")
        found += paths
    return tuple(found)


def read(paths: Sequence[Path], labels: Labels | None = None) -> Ledger:
    """The ledger of billing files, read by DuckDB.

    Raises UsageProblem naming the file and the column, line or value that does not fit its layout, and where two files
    contain the same bill.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageProblem("The same file is given twice: its costs would count twice.")
    labels = labels or Labels()
    with opened() as database:
        for macro in query.MACROS:
            database.execute(f"CREATE TEMP MACRO {macro}")
        found: list[tuple[LoadedFile, Ledger]] = []
        for number, path in enumerate(paths):
            with reading(path):
                loaded = load(database, f"file_{number}", path, labels)
                found.append((loaded, _ledger(database, loaded, labels)))
        notes = same_bill.check(database, found)
    return merged([ledger for _, ledger in found], notes)


def _ledger(database: DuckDBPyConnection, loaded: LoadedFile, labels: Labels) -> Ledger:
    dialect = query.DUCKDB if loaded.decimals else query.DUCKDB_TEXT
    source = f"({loaded.relation})"
    parameters = {"member_label": labels.member, "component_label": labels.component}
    define_pacific_day(database, source)
    lines = lines_of(database.execute(query.render(dialect, source), parameters).fetchall())
    _check_keys(loaded, lines)
    if loaded.net:
        lines = tuple(replace(line, gross=total((line.gross, -line.promotion, -line.other_credits))) for line in lines)
    if not loaded.daily:
        lines = tuple(replace(line, daily=False) for line in lines)
    part = LedgerFile(str(loaded.path), loaded.layout, sum(line.line_count for line in lines), loaded.daily)
    return Ledger(lines, str(loaded.path), loaded.notes, loaded.daily, (part,))


def _check_keys(loaded: LoadedFile, lines: Iterable[Line]) -> None:
    """Raises UsageProblem for an invalid currency or invoice month. Checked here and not in SQL, where it would run for every line."""
    currency = "BillingCurrency" if loaded.layout == focus.NAME else "currency"
    for line in lines:
        for column, value, pattern in (
            (currency, line.currency, r"[A-Z]{3}"),
            ("invoice", line.invoice_month, r"[0-9]{4}(0[1-9]|1[0-2])"),
        ):
            if not re.fullmatch(pattern, value or ""):
                raise UsageProblem(
                    f"{loaded.path}: the column {column} has the value {value or 'nothing'}, so {FAULT}. Export the table again, unchanged."
                )
