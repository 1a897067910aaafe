"""The console's cost table: header block, credits as rows, a total that is checked and not added, and clear error messages."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from groundwork.cost.billing import files
from groundwork.cost.billing.console_table import credit_type
from groundwork.cost.report import period, report
from groundwork.errors import UsageProblem

BLOCK = """\
Invoice number,1234567890,
Invoice date,2026-10-31,
Due date,2026-11-30,
Billing ID,0000-0000-0000,
Billing account ID,0A0A0A-0B0B0B-0C0C0C,
Currency,USD,
Currency exchange rate,1,
Total amount due,"$1,004.40",

"""
HEADER = (
    "Billing account name,Billing account ID,Project name,Project ID,Project hierarchy,Service description,Service ID,"
    "SKU description,SKU ID,Consumption model description,Credit type,Cost type,Usage start date,Usage end date,"
    "Usage amount,Usage unit,Unrounded Cost ($),Cost ($)\n"
)
ROW = 'Team,0A0A0A-0B0B0B-0C0C0C,Cats,cats,example.com,{service},{id},Something,SKU,Default,{credit},{kind},2026-10-01,2026-10-31,"6,282.708",hour,{cost},1.00\n'


def _row(cost, service="Compute Engine", id_="6F81", credit="", kind="Usage"):
    return ROW.format(service=service, id=id_, credit=credit, kind=kind, cost=cost)


GOOD = (
    _row('"1,000.005"')
    + _row("-0.605", credit="Sustained use discount")
    + _row("-10.00", credit="Promotional credit")
    + _row("14.999", "Cloud Storage", "95FF")
    + _row("0.001", "Cloud Storage", "95FF", kind="Tax")
    + ",,,,,,,,,,,Rounding error,,,,,-0.0004,-0.00\n"
    + ",,,,,,,,,,,Total,,,,,1004.3996,1004.40\n"
)


def _file(folder, text):
    file = folder / "Team_Cost table, 2026-10-01 — 2026-10-31.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_rows_add_up_and_the_total_is_not_added(tmp_path):
    found = files.read([_file(tmp_path, BLOCK + HEADER + GOOD)])
    assert sum(line.gross for line in found.lines) == Decimal("1000.005") + Decimal("14.999") + Decimal(
        "0.001"
    ) - Decimal("0.0004")
    assert sum(line.promotion for line in found.lines) == Decimal("-10.00")
    assert sum(line.other_credits for line in found.lines) == Decimal("-0.605")
    assert sum(line.gross + line.promotion + line.other_credits for line in found.lines) == Decimal("1004.3996")


def test_the_unrounded_cost_counts_and_rounding_and_tax_stay_apart(tmp_path):
    found = files.read([_file(tmp_path, BLOCK + HEADER + GOOD)])
    by_type = {line.cost_type: line.gross for line in found.lines if line.cost_type != "regular"}
    assert by_type == {"tax": Decimal("0.001"), "rounding_error": Decimal("-0.0004")}


def test_the_invoice_month_comes_from_the_block_and_days_are_not_claimed(tmp_path):
    row = _row("1").replace("2026-10-01", "2026-09-29")
    found = files.read([_file(tmp_path, BLOCK.replace('"$1,004.40"', "$1.00") + HEADER + row)])
    assert {line.invoice_month for line in found.lines} == {"202610"}
    assert found.lines[0].day.isoformat() == "2026-09-29"
    assert not found.daily
    assert found.as_of is None
    assert "no days and no members" in found.notes[0]


def test_the_currency_is_the_blocks_and_not_the_sign_above_a_column(tmp_path):
    found = files.read([_file(tmp_path, BLOCK.replace("Currency,USD", "Currency,AUD") + HEADER + GOOD)])
    assert {line.currency for line in found.lines} == {"AUD"}


def test_a_table_without_its_credits_says_that_net_is_not_what_is_paid(tmp_path):
    found = files.read([_file(tmp_path, BLOCK.replace("1,004.40", "5.72") + HEADER + _row("1509.995"))])
    assert found.notes[1] == (
        "Its rows add up to 1509.995 but 5.72 is due: it was downloaded without savings, so its credits are unknown."
    )


def test_windows_line_ends_a_byte_order_mark_and_other_brackets_are_read(tmp_path):
    text = "\ufeff" + (BLOCK + HEADER.replace("Unrounded Cost ($)", "Unrounded cost (kr.)") + GOOD).replace(
        "\n", "\r\n"
    )
    assert len(files.read([_file(tmp_path, text)]).lines) == 4


def test_a_packed_table_says_the_same(tmp_path):
    plain = _file(tmp_path, BLOCK + HEADER + GOOD)
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert files.read([packed]).lines == files.read([plain]).lines


def test_a_table_of_nothing_has_no_lines(tmp_path):
    assert files.read([_file(tmp_path, BLOCK + HEADER)]).lines == ()


@pytest.mark.parametrize(
    ("shown", "type_"),
    [
        ("Promotional credit", "PROMOTION"),
        ("PROMOTION", "PROMOTION"),
        ("Free trial", "PROMOTION"),
        ("Free tier", "FREE_TIER"),
        ("SPENDING_BASED_DISCOUNT", "SPENDING_BASED_DISCOUNT"),
        ("Sustained use discount", "SUSTAINED_USE_DISCOUNT"),
    ],
)
def test_credit_types_are_recognized_by_their_name_in_the_console(shown, type_):
    assert credit_type(shown) == type_


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BLOCK + HEADER.replace("Credit type", "Savings ($)") + GOOD, "the column 'Savings ($)' is not a known column of the console's cost table"),
        (BLOCK + HEADER.replace("Cost type", "Kostentyp") + GOOD, "the column 'Kostentyp' is not a known column of the console's cost table"),
        (BLOCK + "SKU description,Project name,Cost type,Usage start date,Unrounded Cost ($)\n", "the column 'Billing account id' is missing. Turn it on under Column display options"),
        (BLOCK + HEADER + GOOD.replace("6282", "").replace('"6,282.708",', ""), "17 fields under 18 columns. Download the file again."),
        (BLOCK + HEADER + _row("1.2.3"), "the unrounded cost '1.2.3' is not a number."),
        (BLOCK + HEADER + _row("1", kind="Refund"), "the cost type 'Refund' is unknown, so nothing was added up."),
        (BLOCK + HEADER + GOOD.replace("1004.3996", "1004.3997"), "its rows add up to 1004.3996, but its last row says 1004.3997."),
        (BLOCK.replace("Currency,USD,\n", "") + HEADER + GOOD, "no line above the table gives its currency (Currency,USD)."),
        (BLOCK.replace("Invoice date,2026-10-31,\n", "") + HEADER + GOOD, "no line above the table gives its invoice month"),
        (BLOCK + HEADER + _row("1").replace("2026-10-01", "01/10/2026"), "the usage start date '01/10/2026' is not written as 2026-10-31."),
        (BLOCK.replace("2026-10-31", "2026-13-31") + HEADER + GOOD, "no line above the table gives its invoice month"),
        (BLOCK + HEADER + _row('"1,5"'), "the unrounded cost '1,5' is not a number."),
        (BLOCK + HEADER + _row("1_0"), "the unrounded cost '1_0' is not a number."),
        (BLOCK + HEADER + _row("Infinity"), "the unrounded cost 'Infinity' is not a number."),
        (BLOCK + HEADER.replace(",", ";"), "its columns are not separated by commas, so a spreadsheet has saved it"),
        (BLOCK + HEADER.replace("Cost ($)\n", "Unrounded Cost (USD)\n") + GOOD, "the column 'Unrounded Cost (USD)' appears twice"),
        (BLOCK + HEADER + '"open', "this is not CSV (unexpected end of data)."),
        (BLOCK, "no line names the columns of a cost table"),
    ],
)  # fmt: skip
def test_what_is_not_as_the_console_writes_it_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(UsageProblem) as problem:
        files.read([_file(tmp_path, text)])
    assert message in str(problem.value)


def test_lines_of_the_previous_month_are_not_called_late(tmp_path):
    row = _row("1").replace("2026-10-01", "2026-09-30")
    found = files.read([_file(tmp_path, BLOCK.replace('"$1,004.40"', "$1.00") + HEADER + row)])
    assert not found.lines[0].late


def test_a_table_without_days_is_not_split_into_days(tmp_path):
    file = _file(tmp_path, BLOCK + HEADER + GOOD)
    with pytest.raises(UsageProblem) as problem:
        report(files.read([file]), period("2026-10-01", None, None), datetime(2026, 11, 5, tzinfo=UTC))
    assert str(problem.value) == (
        f"{file} has lines for whole invoices and no days, so --from and --until cannot be applied. Choose an invoice: --month 2026-10."
    )


def test_taxes_and_roundings_go_by_their_kind_where_they_name_no_service(tmp_path):
    tax = ",,,,,,,,,,,Tax,,,,,0.0004,0.00\n"
    found = files.read(
        [
            _file(
                tmp_path,
                BLOCK
                + HEADER
                + GOOD.replace(",,,,,,,,,,,Total", tax + ",,,,,,,,,,,Total").replace("1004.3996", "1004.4000"),
            )
        ]
    )
    assert {line.service for line in found.lines} == {"Compute Engine", "Cloud Storage", "Rounding error", "Tax"}
