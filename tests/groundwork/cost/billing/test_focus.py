"""FOCUS 1.2 files: the same charges as NDJSON, Parquet or CSV, of every vendor."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal

import duckdb
import pytest
from groundwork.cost.billing import files
from groundwork.errors import UsageProblem

from tests.groundwork.cost import exports


def _key(line):
    return (
        line.day,
        line.invoice_month,
        line.account,
        line.cost_type,
        line.service_id,
        line.project,
        line.member,
        line.component,
    )


def _charges(ledger):
    return {_key(line): (line.gross, line.promotion, line.other_credits, line.line_count) for line in ledger.lines}


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    return files.read([exports.ndjson(tmp_path_factory.mktemp("native") / "x.ndjson", exports.rows(2000))])


@pytest.fixture(scope="module")
def ndjson(tmp_path_factory):
    return exports.ndjson(tmp_path_factory.mktemp("focus") / "focus.ndjson", exports.focus_rows(exports.rows(2000)))


def test_googles_focus_export_says_what_its_own_export_says(native, ndjson):
    found = files.read([ndjson])
    assert _charges(found) == _charges(native)
    assert found.as_of == native.as_of
    assert found.notes == ()


def test_as_parquet_it_says_the_same(native, ndjson, tmp_path):
    parquet = tmp_path / "focus.parquet"
    with duckdb.connect() as engine:
        engine.execute(
            f"COPY (SELECT * REPLACE (CAST(BilledCost AS DECIMAL(38, 18)) AS BilledCost) FROM read_json('{ndjson}', sample_size=-1)) TO '{parquet}' (FORMAT parquet)"
        )
    assert _charges(files.read([parquet])) == _charges(native)


def test_as_csv_with_json_in_its_cells_it_says_the_same(native, tmp_path):
    file = tmp_path / "focus.csv"
    with file.open("w", newline="") as out:
        rows = [
            {key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()}
            for row in exports.focus_rows(exports.rows(2000))
        ]
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    packed = tmp_path / "focus.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert _charges(files.read([file])) == _charges(files.read([packed])) == _charges(native)


def _plain(**changes):
    return {
        "BilledCost": "1.25",
        "BillingAccountId": "A",
        "BillingCurrency": "EUR",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargePeriodEnd": "2026-10-04T00:00:00Z",
        "ChargePeriodStart": "2026-10-03T00:00:00Z",
        "ServiceName": "Storage",
        "SubAccountId": "p",
        "Tags": {"member": "alice", "component": "data"},
        **changes,
    }


def _read(tmp_path, *rows):
    file = tmp_path / "focus.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return files.read([file])


def test_a_daily_line_counts_on_its_day_and_month(tmp_path):
    line = _read(tmp_path, _plain()).lines[0]
    assert (line.day.isoformat(), line.invoice_month) == ("2026-10-03", "202610")


@pytest.mark.parametrize(
    "tags",
    [
        {"member": "alice", "component": "data"},
        [{"Key": "member", "Value": "alice"}, {"Key": "component", "Value": "data"}],
        '{"member": "alice", "component": "data"}',
        '[{"Key": "member", "Value": "alice"}, {"Key": "component", "Value": "data"}]',
    ],
)
def test_tags_name_the_member_in_every_shape(tmp_path, tags):
    line = _read(tmp_path, _plain(Tags=tags)).lines[0]
    assert (line.member, line.component) == ("alice", "data")


def test_no_tags_are_no_trouble(tmp_path):
    assert _read(tmp_path, _plain(Tags=None), _plain(Tags={})).lines[0].member == ""


def test_other_vendors_credit_rows_are_credits_of_unknown_kind(tmp_path):
    found = _read(tmp_path, _plain(), _plain(BilledCost="-0.25", ChargeCategory="Credit"))
    assert sum(line.gross for line in found.lines) == Decimal("1.25")
    assert sum(line.other_credits for line in found.lines) == Decimal("-0.25")
    assert sum(line.promotion for line in found.lines) == 0
    assert found.notes == (
        "This FOCUS file has no x_Credits, so promotional credits cannot be distinguished from other credits.",
    )


@pytest.mark.parametrize("shape", [list, json.dumps])
def test_a_credit_needs_an_amount_and_a_kind_and_no_more(tmp_path, shape):
    found = _read(tmp_path, _plain(x_Credits=shape([{"Amount": "-0.25", "Type": "PROMOTION"}])))
    assert [(line.gross, line.promotion) for line in found.lines] == [(Decimal("1.50"), Decimal("-0.25"))]
    with pytest.raises(UsageProblem, match="the column credits has the value"):
        _read(tmp_path, _plain(x_Credits=json.dumps([{"Type": "PROMOTION"}])))


@pytest.mark.parametrize(
    "column", ["BillingCurrency", "BillingPeriodStart", "ServiceName", "ChargeCategory", "SubAccountId"]
)
def test_a_missing_column_is_named(tmp_path, column):
    row = _plain()
    del row[column]
    with pytest.raises(UsageProblem, match=f"the column {column} is missing"):
        _read(tmp_path, row)


def test_a_cost_that_is_not_a_number_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match="the column BilledCost has the value a lot, so nothing was added up"):
        _read(tmp_path, _plain(BilledCost="a lot"))


def test_no_type_is_guessed_from_the_first_lines(tmp_path):
    """25,000 costs of 0 made the column one of integers, and 0.5 became 0."""
    found = _read(tmp_path, *[_plain(BilledCost=0)] * 25_000, _plain(BilledCost=0.5), _plain(BilledCost=2.75))
    assert sum(line.gross for line in found.lines) == Decimal("3.25")


def _csv(tmp_path, text):
    file = tmp_path / "focus.csv"
    file.write_text(text)
    return file


def _cells(delimiter=",", **changes):
    row = _plain(Tags="", **changes)
    return delimiter.join(row) + "\n", delimiter.join(row.values()) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_detected_from_the_header(tmp_path, delimiter):
    header, row = _cells(delimiter)
    assert files.read([_csv(tmp_path, header + row * 2)]).lines[0].gross == Decimal("2.50")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header, row: header + row + header + row, "the column ChargePeriodStart has the value ChargePeriodStart"),
        (lambda header, row: header + row + header.strip() + ",x_More\n" + row.strip() + ",1\n", "Expected Number of Columns: 10 Found: 11"),
        (lambda header, row: header + row * 30_000 + row.strip() + ",1\n", "CSV Error on Line: 30002"),
        (lambda header, row: header + row + "1.25,A\n", "Expected Number of Columns: 10 Found: 2"),
        (lambda header, row: header + row + '"1.25' + row[4:], "Value with unterminated quote found"),
        (lambda header, row: header + row.replace("1.25", "1_25"), "the column BilledCost has the value 1_25"),
        (lambda header, row: header.replace(",", ";") + row.replace(",", ";").replace("1.25", "1,25"), "the column BilledCost has the value 1,25"),
        (lambda header, row: header.replace("Tags", "BilledCost") + row, "the column BilledCost appears twice"),
        (lambda header, row: header.replace("Tags", "") + row, "the column 10 has no name"),
        (lambda header, row: header.replace(",", " ") + row, "are not separated by commas, semicolons, tabs or bars"),
        (lambda header, row: header + row.replace("2026-10-03T00:00:00Z", "infinity"), "the column ChargePeriodStart has the value infinity"),
        (lambda header, row: header + row.replace("2026-10-01T00:00:00Z", "epoch"), "the column BillingPeriodStart has the value epoch"),
        (lambda header, row: header + row.replace("EUR", ""), "the column BillingCurrency has the value nothing"),
    ],
)  # fmt: skip
def test_a_csv_that_contradicts_its_header_is_refused(tmp_path, change, message):
    with pytest.raises(UsageProblem) as problem:
        files.read([_csv(tmp_path, change(*_cells()))])
    assert message in str(problem.value)


@pytest.mark.parametrize("column", ["Tags", "x_Credits"])
def test_labels_and_credits_of_another_shape_are_refused_and_not_passed_over(tmp_path, column):
    with pytest.raises(UsageProblem, match=f"the column {column} has the value "):
        _read(tmp_path, _plain(**{column: "5"}))
