"""A measured figure with its goal, as a table line and as a JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One figure.

    `value` is None where it could not be measured; `note` then says why. `at_most` or `at_least` is the goal, if any.
    """

    name: str
    value: float | None
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def goal(self) -> dict[str, float]:
        limits = {"at_most": self.at_most, "at_least": self.at_least}
        return {name: limit for name, limit in limits.items() if limit is not None}

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.at_most is not None and self.value > self.at_most:
            return "missed"
        if self.at_least is not None and self.value < self.at_least:
            return "missed"
        return "met" if self.goal else ""

    def line(self) -> str:
        return json.dumps({"name": self.name, "value": self.value, "goal": self.goal})


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows as one table."""
    table = Table("figure", "value", "goal", "", "note")
    for row in rows:
        goal = "".join(f"{'≤' if kind == 'at_most' else '≥'} {limit:g}" for kind, limit in row.goal.items())
        value = "-" if row.value is None else f"{row.value:,.3g}" if row.value < 1000 else f"{row.value:,.0f}"
        table.add_row(row.name, value, goal, row.verdict, row.note)
    console.print(table)


def write(rows: Sequence[Row], path: Path) -> None:
    """Write one JSON object a line: {name, value, goal}."""
    path.write_text("".join(row.line() + "\n" for row in rows), encoding="utf-8")
