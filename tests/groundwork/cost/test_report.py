"""Reports: periods, rankings, late lines, currencies never mixed, and the age of the data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from groundwork.cost.billing.ledger import Ledger, Line
from groundwork.cost.report import Period, as_data, member_names, period, renamed, report
from groundwork.errors import UsageProblem

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)


def line(day="2026-11-01", gross="1", promotion="0", other="0", **more):
    """A line of a ledger, with defaults for everything that a test does not set."""
    fields = {
        "invoice_month": day[:7].replace("-", ""), "account": "A", "currency": "USD", "cost_type": "regular", "service_id": "S",
        "service": "Service", "project": "p", "member": "alice", "component": "data", "line_count": 1, "exported": NOW - timedelta(hours=3),
    }  # fmt: skip
    return Line(
        day=date.fromisoformat(day),
        gross=Decimal(gross),
        promotion=Decimal(promotion),
        other_credits=Decimal(other),
        **(fields | more),
    )


def ledger(*lines, **more):
    """A ledger of these lines."""
    return Ledger(tuple(lines), "x.ndjson", **more)


def test_services_are_ranked_by_what_they_cost_before_promotional_credits():
    found = report(
        ledger(
            line(service_id="a", service="Paid", gross="2"),
            line(service_id="b", service="Covered", gross="9", promotion="-9"),
            line(service_id="c", service="Free", gross="20", other="-20"),
        ),
        Period(),
        NOW,
    )
    assert [group.name for group in found.by("service")] == ["Covered", "Paid", "Free"]
    assert found.by("service")[0].sums.net == 0


def test_a_service_keeps_one_row_when_google_renames_it():
    found = report(ledger(line(service="Vertex AI"), line(day="2026-11-02", service="Agent Platform")), Period(), NOW)
    assert [(group.name, group.sums.gross) for group in found.by("service")] == [("Agent Platform", Decimal(2))]


def test_unlabelled_costs_are_a_separate_group_and_not_dropped():
    found = report(ledger(line(member=""), line()), Period(), NOW)
    assert {group.name for group in found.by("member")} == {"(no label)", "alice"}
    assert sum(group.sums.gross for group in found.by("member")) == found.sums.gross


def test_days_come_in_their_order_and_say_which_may_still_grow():
    found = report(ledger(line(day="2026-11-05"), line(day="2026-11-02", gross="9")), Period(), NOW)
    days = as_data(found)["by_day"]
    assert [(day["day"], day["complete"]) for day in days] == [("2026-11-02", True), ("2026-11-05", False)]


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Period(), 3),
        (period("2026-10-31", None, None), 2),
        (period(None, "2026-10-31", None), 2),
        (period("2026-10-31", "2026-10-31", None), 1),
        (period(None, None, "2026-11"), 2),
        (period(None, None, "202610"), 1),
    ],
)
def test_a_period_is_days_of_use_or_an_invoice(which, count):
    costs = ledger(line(day="2026-10-30"), line(day="2026-10-31", invoice_month="202611"), line(day="2026-11-01"))
    assert len(report(costs, which, NOW).lines) == count


def test_late_lines_are_those_on_a_later_invoice_than_their_day():
    costs = ledger(
        line(day="2026-09-30", gross="3", invoice_month="202610"), line(day="2026-10-01", invoice_month="202610")
    )
    assert report(costs, Period(), NOW).late.gross == 3


@pytest.mark.parametrize(("hours", "warned"), [(1, ""), (24, ""), (25, "25 hours"), (47, "47 hours"), (72, "3 days")])
def test_an_export_older_than_a_day_is_warned_of(hours, warned):
    found = report(ledger(line(exported=NOW - timedelta(hours=hours))), Period(), NOW)
    warnings = (f"The newest line was exported {warned} ago: later costs are missing.",) if warned else ()
    assert found.warnings == warnings


def test_made_up_costs_are_called_simulated():
    found = report(ledger(line(account="SIMULATED-000000-000001")), Period(), NOW)
    assert found.warnings[0] == "Simulated: these costs are invented."
    assert as_data(found)["simulated"] is True


def test_several_currencies_are_not_added_up():
    costs = ledger(line(), line(currency="DKK"))
    with pytest.raises(UsageProblem) as problem:
        report(costs, Period(), NOW)
    assert (
        str(problem.value) == "x.ndjson has costs in DKK and USD, which cannot be added up. Choose one: --currency DKK."
    )
    assert report(costs, Period(), NOW, "usd").sums.gross == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: period("soon", None, None), "--from soon is not a day; write it as 2026-10-31."),
        (lambda: period(None, "2026-02-30", None), "--until 2026-02-30 is not a day; write it as 2026-10-31."),
        (lambda: period(None, None, "2026-13"), "--month 2026-13 is not a month; write it as 2026-10."),
        (lambda: period(None, None, "October"), "--month October is not a month; write it as 2026-10."),
        (lambda: period("2026-11-02", "2026-11-01", None), "--from 2026-11-02 is after --until 2026-11-01; give the earlier day first."),
        (lambda: period("2026-11-02", None, "2026-11"), "--month is an invoice, --from and --until are days of use; give one or the other."),
        (lambda: report(ledger(line()), Period(month="202512"), NOW), "x.ndjson has no costs in the invoice of 2025-12. It has days 2026-11-01 to 2026-11-01 and invoices 202611."),
        (lambda: report(ledger(), Period(), NOW), "x.ndjson has no costs in it. It has no lines at all: wait for the export's first rows, or give another file."),
        (lambda: report(ledger(line()), Period(), NOW, "EUR"), "x.ndjson has no costs in EUR, only in USD."),
    ],
)  # fmt: skip
def test_an_impossible_period_is_refused_with_the_reason(ask, message):
    with pytest.raises(UsageProblem) as problem:
        ask()
    assert str(problem.value) == message


def test_the_json_adds_up_and_has_every_digit():
    document = as_data(report(ledger(line(gross="0.1000000001", promotion="-0.05"), line(gross="0.2")), Period(), NOW))
    assert document["total"] == {
        "gross": "0.3000000001", "other_credits": "0.00", "before_promotional_credits": "0.3000000001",
        "promotional_credits": "-0.05", "net": "0.2500000001", "lines": 2,
    }  # fmt: skip
    assert document["as_of"] == "2026-11-05T09:00:00+00:00"


def test_a_monthly_table_is_not_split_into_days():
    assert "by_day" not in as_data(report(ledger(line(), daily=False), Period(), NOW))


def test_members_use_a_label_derived_from_their_address():
    names = member_names(["alice@example.com", "bob.b@example.com", "bob-b@other.org"])
    assert names["alice"] == names["alice-example-com"] == names["alice_example_com"] == "alice@example.com"
    assert names["bob-b-example-com"] == "bob.b@example.com"
    assert "bob-b" not in names, "two members could mean it"
    assert [item.member for item in renamed(ledger(line(member="alice"), line(member="zoe")), names).lines] == [
        "alice@example.com",
        "zoe",
    ]
