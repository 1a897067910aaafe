"""The generated table of all policies in docs/policy.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies import catalogue

from groundwork.docs import Generated, table

PAGE = Path("docs") / "policy.md"


def policy_tables(root: Path) -> Iterator[Generated]:
    """A table of every policy with severity, reason, remedy and the meaning of an unknown value; then of omitted checkov checks."""
    columns = ["Policy", "Severity", "Why", "How to fix it", "If a value is unknown in the plan"]
    rows = [
        [f"**{row.title}** `{row.name}`", str(row.severity), row.why, row.mend, row.unknown]
        for row in catalogue.rows().values()
    ]
    yield Generated(root / PAGE, "policies", table(columns, rows))
    omitted = [[" ".join(f"`{check}`" for check in one.ids), _why(one)] for one in catalogue.omissions()]
    yield Generated(root / PAGE, "checkov checks left out", table(["Checks", "Why"], omitted))


def _why(omission: catalogue.Omission) -> str:
    ours = ", ".join(f"`{name}`" for name in omission.covered_by)
    return f"Covered by {ours}. {omission.reason}" if ours else omission.reason
