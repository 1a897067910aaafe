"""Detects two files with the same bill, which would be counted twice, by their content, not by their names.

Exports of one kind are compared line by line, by everything that distinguishes lines of the export. Exports of different
kinds split a bill into different lines: there it is enough that both bill an account's project on the same invoice and day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from groundwork.cost.billing.database import reading
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.billing.loading import LoadedFile
from groundwork.errors import UsageProblem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEW = 0.01
"""Google's own export has a few identical lines; identical lines in more than this share of the smaller file are no coincidence."""

_LINE = (
    "billing_account_id", "invoice.month", "cost_type", "service.id", "project.id", "sku", "resource", "usage_start_time",
    "usage_end_time", "export_time", "list_sort(list_transform(labels, lambda l: concat(l.key, '=', l.value)))",
    "main(cost)", "list_sum(list_transform(credits, lambda c: main(c.amount)))",
)  # fmt: skip

LoadedLedger = tuple[LoadedFile, Ledger]


def check(database: DuckDBPyConnection, found: Sequence[LoadedLedger]) -> list[str]:
    """Sentences about lines that may be duplicates. Raises UsageProblem where two files contain the same bill."""
    for one, other in combinations(found, 2):
        _check_billed(one, other)
    notes: list[str] = []
    for kind in dict.fromkeys(loaded.kind for loaded, _ in found):
        alike = [loaded for loaded, _ in found if loaded.kind == kind]
        if len(alike) > 1 or alike[0].text:
            notes += _compared(database, alike)
    return notes


def _check_billed(one: LoadedLedger, other: LoadedLedger) -> None:
    """Raises UsageProblem for exports of two kinds, or for two monthly cost tables, that contain the same bill."""
    daily = one[0].daily and other[0].daily
    if one[0].kind == other[0].kind and daily:
        return
    shared = sorted(_billed(one[1], daily) & _billed(other[1], daily))
    if shared:
        account, month, project, _ = shared[0]
        what = f"project {project}" if project else "what has no project"
        raise UsageProblem(
            f"{one[0].path} ({one[0].layout}) and {other[0].path} ({other[0].layout}) both bill {what} of the billing account {account} "
            f"on the invoice of {month[:4]}-{month[4:]}, which would count twice. Give one of them."
        )


def _billed(ledger: Ledger, daily: bool) -> set[tuple[str, str, str, str]]:
    """What is billed: account, invoice, project, and the day where `daily`."""
    return {
        (line.account.rpartition("/")[2], line.invoice_month, line.project, line.day.isoformat() if daily else "")
        for line in ledger.lines
        if line.gross or line.promotion or line.other_credits
    }


def _compared(database: DuckDBPyConnection, files: Sequence[LoadedFile]) -> Iterator[str]:
    """Sentences about duplicate lines in files of one kind. Raises UsageProblem where there are many."""
    for number, file in enumerate(files):
        with reading(file.path):
            database.execute(f"""
                {"INSERT INTO alike" if number else "CREATE OR REPLACE TEMP TABLE alike AS"}
                SELECT {number} AS file, hash({", ".join(_LINE)}) AS line, COUNT(*) AS times FROM ({file.relation})
                WHERE main(cost) <> 0 OR len(credits) > 0 GROUP BY ALL
            """)  # noqa: S608 - every name is ours
    totals = database.execute("SELECT file, COUNT(*), MIN(times) FROM alike GROUP BY file").fetchall()
    count = {file: lines for file, lines, _ in totals}
    for file, _, times in sorted(totals):
        if times > 1:
            yield f"Every line in {files[file].path} appears {times} times: if several exports were concatenated, they are counted that often."
    for one, other, lines in database.execute(
        "SELECT a.file, b.file, COUNT(*) FROM alike AS a JOIN alike AS b ON a.line = b.line AND a.file < b.file GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        both = f"{lines:,} {'line appears' if lines == 1 else 'lines appear'} in both {files[one].path} and {files[other].path}"
        if lines > FEW * min(count[one], count[other]):
            raise UsageProblem(f"The same bill is given twice: {both}, and would count twice. Give one of them.")
        yield f"{both}: if that is the same usage, it is counted twice."
