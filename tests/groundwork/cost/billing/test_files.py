"""Billing files: equal to independently computed sums, to the cent, in every layout, with clear errors for other files."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest
from groundwork.cost.amounts import cents
from groundwork.cost.billing import files
from groundwork.cost.billing.files import Labels
from groundwork.errors import UsageProblem

from tests.groundwork.cost import exports

KEYS = {
    "member": (lambda line: line.member, exports.member),
    "service": (lambda line: line.service_id, exports.service),
    "component": (lambda line: line.component, exports.component),
    "day": (lambda line: line.day.isoformat(), exports.day),
    "invoice": (lambda line: line.invoice_month, lambda row: row["invoice"]["month"]),
    "account": (lambda line: line.account, lambda row: row["billing_account_id"]),
    "cost type": (lambda line: line.cost_type, lambda row: row["cost_type"]),
    "project": (lambda line: line.project, lambda row: (row["project"] or {"id": ""})["id"]),
}


def _sums(lines, key):
    answer = {}
    for line in lines:
        gross, promotion, other = answer.get(key(line), (Decimal(0),) * 3)
        answer[key(line)] = (gross + line.gross, promotion + line.promotion, other + line.other_credits)
    return answer


def _agree(lines, by_hand, name):
    ours = _sums(lines, KEYS[name][0])
    assert ours == by_hand, f"by {name}"
    assert {key: [cents(amount) for amount in three] for key, three in ours.items()} == {
        key: [cents(amount) for amount in three] for key, three in by_hand.items()
    }


@pytest.fixture(scope="module")
def rows():
    return list(exports.rows(10_000))


@pytest.fixture(scope="module")
def ndjson(rows, tmp_path_factory):
    return exports.ndjson(tmp_path_factory.mktemp("export") / "export.ndjson", rows)


@pytest.fixture(scope="module")
def ledger(ndjson):
    return files.read([ndjson])


@pytest.mark.parametrize("name", KEYS)
def test_ten_thousand_rows_agree_with_the_sum_by_hand(ledger, rows, name):
    _agree(ledger.lines, exports.sums(rows, KEYS[name][1]), name)


def test_every_row_is_counted_once(ledger, rows):
    assert sum(line.line_count for line in ledger.lines) == len(rows)


def test_the_rows_have_what_could_go_wrong(rows):
    """Several credits on a row, late invoices, taxes without a project, corrections: else the sums above prove little."""
    assert max(len(row["credits"]) for row in rows) == 4
    assert {row["cost_type"] for row in rows} == {"regular", "tax", "adjustment", "rounding_error"}
    assert any(row["project"] is None for row in rows)
    assert any(row["cost"] < 0 for row in rows)
    assert len({credit["type"] for row in rows for credit in row["credits"]}) == 3


def test_as_of_is_the_newest_export_time(ledger, rows):
    newest = max(row["export_time"] for row in rows)
    assert f"{ledger.as_of:%Y-%m-%d %H:%M:%S} UTC" == newest


def test_floating_point_numbers_are_read_as_written(rows, tmp_path):
    """Credits divided by 16 have more digits than a float keeps: the file's own digits count."""
    floats = exports.ndjson(tmp_path / "floats.ndjson", rows, float)
    read_back = [json.loads(line, parse_float=Decimal) for line in floats.read_text().splitlines()]
    _agree(files.read([floats]).lines, exports.sums(read_back, exports.member), "member")


def test_a_parquet_export_says_the_same(rows, ndjson, tmp_path):
    found = files.read([exports.parquet(tmp_path / "export.parquet", ndjson)])
    assert {name: _sums(found.lines, key[0]) for name, key in KEYS.items()} == {
        name: exports.sums(rows, key[1]) for name, key in KEYS.items()
    }


def test_a_packed_export_says_the_same(ledger, ndjson, tmp_path):
    packed = tmp_path / "export.ndjson.gz"
    packed.write_bytes(gzip.compress(ndjson.read_bytes()))
    assert files.read([packed]).lines == ledger.lines


def test_an_array_of_rows_says_the_same(tmp_path):
    few = list(exports.rows(100))
    plain = exports.ndjson(tmp_path / "few.ndjson", few)
    array = tmp_path / "few.json"
    array.write_text(json.dumps([json.loads(line) for line in plain.read_text().splitlines()]))
    assert files.read([array]).lines == files.read([plain]).lines


def test_two_months_in_two_files_add_up(tmp_path):
    few = list(exports.rows(200))
    halves = [exports.ndjson(tmp_path / "a.ndjson", few[:100]), exports.ndjson(tmp_path / "b.ndjson", few[100:])]
    _agree(files.read(halves).lines, exports.sums(few, exports.member), "member")


def test_the_same_file_twice_is_refused(ndjson):
    with pytest.raises(UsageProblem, match="The same file is given twice: its costs would count twice"):
        files.read([ndjson, ndjson])


def test_other_labels_can_name_the_member(ndjson, rows):
    found = files.read([ndjson], Labels(member="team", component="member"))
    assert {line.member for line in found.lines} == {"cats-dogs", ""}
    assert {line.component for line in found.lines} == {exports.member(row) for row in rows}


def test_the_projects_label_applies_to_unlabelled_lines(tmp_path):
    row = next(exports.rows(1)) | {"labels": [], "project": {"id": "p", "labels": [{"key": "member", "value": "dora"}]}}
    assert files.read([exports.ndjson(tmp_path / "x.ndjson", [row])]).lines[0].member == "dora"


def test_a_day_is_a_pacific_day_summer_and_winter(tmp_path):
    moments = [
        "2026-10-02 06:59:00 UTC",
        "2026-10-02 07:00:00 UTC",
        "2026-12-02 07:59:00 UTC",
        "2026-12-02 08:00:00 UTC",
    ]
    found = [next(exports.rows(1)) | {"usage_start_time": moment} for moment in moments]
    days = [line.day.isoformat() for line in files.read([exports.ndjson(tmp_path / "x.ndjson", found)]).lines]
    assert days == ["2026-10-01", "2026-10-02", "2026-12-01", "2026-12-02"]


def test_new_columns_are_no_trouble(tmp_path):
    row = next(exports.rows(1)) | {"something_new": {"a": [1]}}
    assert len(files.read([exports.ndjson(tmp_path / "x.ndjson", [row])]).lines) == 1


@pytest.mark.parametrize(
    "column",
    [
        "billing_account_id",
        "invoice",
        "cost_type",
        "service",
        "usage_start_time",
        "labels",
        "cost",
        "currency",
        "credits",
        "export_time",
    ],
)
def test_a_missing_column_is_named(tmp_path, column):
    found = [{key: value for key, value in row.items() if key != column} for row in exports.rows(3)]
    with pytest.raises(UsageProblem, match=f"the column {column} is missing") as problem:
        files.read([exports.ndjson(tmp_path / "x.ndjson", found)])
    assert "Known layouts: Google's billing export" in str(problem.value)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("service", "Compute Engine", "the column service is VARCHAR, not an object as in Google's billing export"),
        ("credits", {"amount": "1"}, "the column credits is STRUCT, not a list as in Google's billing export"),
        ("cost", {"units": 1}, "the column cost is STRUCT, not a plain value as in Google's billing export"),
    ],
)
def test_a_column_of_another_shape_is_named(tmp_path, column, value, message):
    with pytest.raises(UsageProblem) as problem:
        files.read([exports.ndjson(tmp_path / "x.ndjson", [row | {column: value} for row in exports.rows(3)])])
    assert message in str(problem.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": "1,20"}, "x.ndjson: the column cost has the value 1,20, so nothing was added up."),
        ({"cost": None}, "x.ndjson: the column cost has the value nothing, so nothing was added up."),
        ({"currency": ""}, "x.ndjson: the column currency has the value nothing, so nothing was added up."),
        (
            {"usage_start_time": None},
            "x.ndjson: the column usage_start_time has the value nothing, so nothing was added up.",
        ),
        (
            {"usage_start_time": "soon"},
            "x.ndjson: the column usage_start_time has the value soon, so nothing was added up.",
        ),
        ({"credits": [{"type": "PROMOTION", "amount": "much"}]}, "x.ndjson: the column credits has the value [{"),
        ({"export_time": "later"}, "x.ndjson: the column export_time has the value later, so nothing was added up."),
        ({"cost": "1_000"}, "x.ndjson: the column cost has the value 1_000, so nothing was added up."),
        ({"cost": "Infinity"}, "x.ndjson: the column cost has the value Infinity, so nothing was added up."),
        (
            {"usage_start_time": "infinity"},
            "x.ndjson: the column usage_start_time has the value infinity, so nothing was added up.",
        ),
        (
            {"usage_start_time": "epoch"},
            "x.ndjson: the column usage_start_time has the value epoch, so nothing was added up.",
        ),
        (
            {"usage_start_time": "294247-01-01"},
            "the column usage_start_time has the value 294247-01-01, so nothing was added up.",
        ),
        (
            {"export_time": "-infinity"},
            "x.ndjson: the column export_time has the value -infinity, so nothing was added up.",
        ),
        (
            {"invoice": {"month": "202613"}},
            "x.ndjson: the column invoice has the value 202613, so nothing was added up.",
        ),
        ({"invoice": None}, "x.ndjson: the column invoice has the value nothing, so nothing was added up."),
        ({"currency": "$"}, "x.ndjson: the column currency has the value $, so nothing was added up."),
        (
            {"cost": "12.3456789012345678901"},
            "the column cost has the value 12.3456789012345678901, so nothing was added up.",
        ),
    ],
)
def test_a_value_that_cannot_be_added_up_stops_everything(tmp_path, change, message):
    found = list(exports.rows(5))
    found[3] = found[3] | change
    with pytest.raises(UsageProblem) as problem:
        files.read([exports.ndjson(tmp_path / "x.ndjson", found)])
    assert message in str(problem.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. Give a billing export: "),
        (b"   \n", "is empty. Give a billing export: "),
        (b"PAR1 and no more", "cannot be read as a billing export: "),
        (b'{"cost": 1', "cannot be read as a billing export: "),
        (b"\x1f\x8bbroken", "cannot be read: "),
        (b"hello\nworld\n", "no line names the columns of a cost table"),
        (b"\xff\xfe\x00d\x00a", "is not UTF-8 text."),
    ],
)
def test_a_file_that_is_not_a_billing_file_is_refused_in_one_sentence(tmp_path, content, message):
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(UsageProblem) as problem:
        files.read([file])
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_file_name_with_a_quote_is_only_a_name(tmp_path):
    file = exports.ndjson(tmp_path / "it's'); DROP TABLE rows; --.ndjson", exports.rows(3))
    assert files.read([file]).lines


@pytest.mark.slow
def test_a_million_rows_agree_with_the_sum_by_hand(tmp_path):
    by_hand = {name: {} for name in KEYS}
    keys = {name: key[1] for name, key in KEYS.items()}
    export = exports.ndjson(tmp_path / "export.ndjson", exports.counted(exports.rows(1_000_000), keys, by_hand))
    found = files.read([export])
    for name in KEYS:
        _agree(found.lines, by_hand[name], name)


def test_amounts_count_to_the_last_digit_however_small_or_many(tmp_path):
    """Floats come with more digits after the point than a decimal of 38 has room for; none of them is rounded away."""
    amounts = ["1.3552527156068805e-20", "0.00018600000000000002", "123456789012345678.25", "-1e-18"]
    found = [next(exports.rows(1)) | {"cost": amount, "credits": []} for amount in amounts]
    ledger = files.read([exports.ndjson(tmp_path / "x.ndjson", found)])
    assert [line.gross for line in ledger.lines] == [Decimal("123456789012345678.250185999999999999033552527156068805")]


def test_no_type_is_guessed_from_the_first_lines(tmp_path):
    """A column of integers in the first 20,000 lines has its first fraction later."""
    row = next(exports.rows(1)) | {"credits": []}
    file = tmp_path / "late.ndjson"
    few, last = (
        json.dumps(row | {"cost": 0}, default=str) + "\n",
        json.dumps(row | {"cost": 2.75, "late": {}}, default=str),
    )
    file.write_text(few * 25_000 + last + "\n")
    assert [(line.gross, line.line_count) for line in files.read([file]).lines] == [(Decimal("2.75"), 25_001)]


def test_objects_over_several_lines_are_read(tmp_path):
    few = [
        json.loads(line) for line in exports.ndjson(tmp_path / "few.ndjson", exports.rows(20)).read_text().splitlines()
    ]
    pretty = tmp_path / "pretty.json"
    pretty.write_text("\n".join(json.dumps(row, indent=2) for row in few))
    assert files.read([pretty]).lines == files.read([tmp_path / "few.ndjson"]).lines


@pytest.mark.parametrize("name", ["x*.ndjson", "x[1].ndjson", "x?.ndjson"])
def test_a_name_that_looks_like_a_pattern_names_one_file(tmp_path, name):
    exports.ndjson(tmp_path / "x1.ndjson", exports.rows(7))
    found = files.read([exports.ndjson(tmp_path / name, exports.rows(3))])
    assert sum(line.line_count for line in found.lines) == 3


def test_a_files_folder_is_not_a_column(tmp_path):
    folder = tmp_path / "currency=DKK"
    folder.mkdir()
    plain = exports.ndjson(tmp_path / "x.ndjson", exports.rows(3))
    for found in (exports.parquet(folder / "x.parquet", plain), exports.ndjson(folder / "x.ndjson", exports.rows(3))):
        assert {line.currency for line in files.read([found]).lines} == {"USD"}


def test_a_packed_export_whose_checksum_is_wrong_is_refused(tmp_path):
    packed = gzip.compress(exports.ndjson(tmp_path / "x.ndjson", exports.rows(3)).read_bytes())
    broken = tmp_path / "x.ndjson.gz"
    broken.write_bytes(packed[:-8] + b"\0" * 8)
    with pytest.raises(UsageProblem, match="cannot be read: it is truncated or damaged"):
        files.read([broken])


def test_a_pattern_names_its_files_and_the_ledger_says_which_were_read(tmp_path):
    exports.ndjson(tmp_path / "b.ndjson", list(exports.rows(30))[10:])
    exports.ndjson(tmp_path / "a.ndjson", exports.rows(10))
    found = files.read(files.matching([f"{tmp_path}/*.ndjson"]))
    assert [(part.file, part.layout, part.line_count) for part in found.parts] == [
        (f"{tmp_path}/a.ndjson", "Google's billing export", 10),
        (f"{tmp_path}/b.ndjson", "Google's billing export", 20),
    ]


@pytest.mark.parametrize(("pattern", "message"), [("no*.json", "There is no file"), (".", "is a folder")])
def test_a_pattern_without_a_file_is_refused(tmp_path, pattern, message):
    with pytest.raises(UsageProblem, match=message):
        files.matching([f"{tmp_path}/{pattern}"])


def test_a_line_without_a_service_is_listed_by_its_kind(tmp_path):
    nameless = {"service": {"id": None, "description": ""}, "credits": []}
    found = [next(exports.rows(1)) | nameless | {"cost_type": kind} for kind in ("tax", "rounding_error", "regular")]
    lines = files.read([exports.ndjson(tmp_path / "x.ndjson", found)]).lines
    assert {line.service for line in lines} == {"Tax", "Rounding error", "(no service)"}


def test_an_archive_bomb_is_not_read_to_its_end(tmp_path):
    bomb = tmp_path / "export.ndjson.gz"
    bomb.write_bytes(gzip.compress(bytes(1 << 24)) * 20)
    with pytest.raises(UsageProblem, match="unpacks to more than 100 times its size"):
        files.read([bomb])


def test_only_regular_files_are_read():
    with pytest.raises(UsageProblem, match="/dev/zero is not a regular file"):
        files.read(files.matching(["/dev/zero"]))
