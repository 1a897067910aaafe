"""The same bill twice: detected by the contents of the files, regardless of names, formats and layouts."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from groundwork.cost.billing import files
from groundwork.errors import UsageProblem

from tests.groundwork.cost import exports
from tests.groundwork.cost.billing.test_console_table import BLOCK, HEADER, ROW


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    return exports.ndjson(tmp_path_factory.mktemp("bill") / "october.ndjson", exports.rows(300))


def _packed(folder, bill):
    (folder / "x.gz").write_bytes(gzip.compress(bill.read_bytes()))
    return folder / "x.gz"


def _array(folder, bill):
    (folder / "x.json").write_text(json.dumps([json.loads(line) for line in bill.read_text().splitlines()]))
    return folder / "x.json"


def _copied(folder, bill):
    (folder / "copy of october").write_bytes(bill.read_bytes())
    return folder / "copy of october"


def _parquet(folder, bill):
    return exports.parquet(folder / "x.parquet", bill)


def _with_more(folder, _):
    return exports.ndjson(folder / "september and october.ndjson", list(exports.rows(1500))[200:])


@pytest.mark.parametrize("again", [_copied, _packed, _array, _parquet, _with_more])
def test_lines_that_occur_in_both_are_refused(tmp_path, bill, again):
    other = again(tmp_path, bill)
    with pytest.raises(UsageProblem) as problem:
        files.read([bill, other])
    assert str(problem.value).startswith("The same bill is given twice: ")
    assert f"lines appear in both {bill} and {other}, and would count twice. Give one of them." in str(problem.value)


def test_googles_focus_export_of_the_same_month_is_refused(tmp_path, bill):
    focus = exports.ndjson(tmp_path / "focus.ndjson", exports.focus_rows(exports.rows(300)))
    with pytest.raises(
        UsageProblem,
        match=r"\(Google's billing export\) and .*focus.ndjson \(FOCUS\) both bill .* which would count twice",
    ):
        files.read([bill, focus])


def test_the_detailed_export_together_with_the_standard_one_is_refused(tmp_path, bill):
    detailed = [row | {"resource": {"name": "vm", "global_name": "//compute/vm"}} for row in exports.rows(300)]
    with pytest.raises(UsageProblem, match="which would count twice"):
        files.read([bill, exports.ndjson(tmp_path / "x.ndjson", detailed)])


def _table(folder, name, project="team-0"):
    row = ROW.replace("Cats,cats", f"Cats,{project}").format(
        service="Run", id="R", credit="", kind="Usage", cost="1.00"
    )
    (folder / name).write_text(BLOCK.replace('"$1,004.40"', "$1.00") + HEADER + row)
    return folder / name


def test_the_consoles_table_of_an_invoice_together_with_its_export_is_refused(tmp_path, bill):
    table = _table(tmp_path, "x.csv")
    with pytest.raises(UsageProblem) as problem:
        files.read([bill, table])
    assert str(problem.value) == (
        f"{bill} (Google's billing export) and {table} (the console's cost table) both bill project team-0 of the billing account "
        "0A0A0A-0B0B0B-0C0C0C on the invoice of 2026-10, which would count twice. Give one of them."
    )


def test_two_tables_of_an_invoice_are_refused_where_they_share_a_project(tmp_path):
    found = files.read([_table(tmp_path, "a.csv", "a"), _table(tmp_path, "b.csv", "b")])
    assert sum(line.gross for line in found.lines) == 2
    with pytest.raises(UsageProblem, match="both bill project a"):
        files.read([tmp_path / "a.csv", _table(tmp_path, "c.csv", "a")])


def test_other_layouts_of_other_days_add_up(tmp_path):
    rows = sorted(exports.rows(1000), key=exports.day)
    first = [row for row in rows if exports.day(row) < "2026-10-01"]
    then = [row for row in rows if exports.day(row) >= "2026-10-01"]
    found = files.read(
        [exports.ndjson(tmp_path / "a", first), exports.ndjson(tmp_path / "b", exports.focus_rows(then))]
    )
    assert sum(line.gross for line in found.lines) == sum(row["cost"] for row in rows)


def test_lines_without_a_cost_tell_nothing(tmp_path):
    row = next(exports.rows(1)) | {"cost": Decimal(0), "credits": []}
    both = [exports.ndjson(tmp_path / name, [row, row | {"cost": cost}]) for name, cost in (("a", 1), ("b", 2))]
    assert sum(line.gross for line in files.read(both).lines) == 3


def test_a_single_equal_line_is_reported(tmp_path):
    rows = list(exports.rows(400))
    both = [exports.ndjson(tmp_path / "a", rows[:200]), exports.ndjson(tmp_path / "b", rows[199:])]
    assert files.read(both).notes == (
        f"1 line appears in both {both[0]} and {both[1]}: if that is the same usage, it is counted twice.",
    )


def test_an_export_appended_to_itself_is_reported(tmp_path, bill):
    twice = tmp_path / "twice.ndjson"
    twice.write_bytes(bill.read_bytes() * 2)
    assert files.read([twice]).notes == (
        f"Every line in {twice} appears 2 times: if several exports were concatenated, they are counted that often.",
    )
