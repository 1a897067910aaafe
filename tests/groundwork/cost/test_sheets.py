"""Costs as CSV."""

from __future__ import annotations

import pytest
from groundwork.cost import sheets


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+cmd|'/c calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "\uff1d1"])
def test_a_name_is_no_formula_to_a_spreadsheet(name: str) -> None:
    assert sheets.written([{"name": name, "cost": 1}]).splitlines()[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("cell", ["-12.50", "+3", "0.1", "service-a", "a=b", 7, None])
def test_amounts_and_plain_names_stay_as_they_are(cell: str | int | None) -> None:
    assert sheets.written([{"cell": cell, "more": "x"}]) == f"cell,more\n{'' if cell is None else cell},x\n"
