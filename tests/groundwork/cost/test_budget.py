"""The budget in the environment file: compared with an estimate and a month's report, and always shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from groundwork.cost import budget as budgets
from groundwork.cost.estimate import estimate
from groundwork.cost.report import Period, report
from groundwork.environment.settings import Budget

from tests.groundwork.cost.plans import bucket, change, plan
from tests.groundwork.cost.test_report import ledger, line

ACCOUNT = "012345-6789AB-CDEF01"
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
MONTH = Period(month="202611")


def budget(amount=50.0, currency="USD"):
    return Budget(amount, currency, ACCOUNT)


def month(*lines, wanted=MONTH):
    return report(ledger(*lines), wanted, NOW)


def test_without_a_budget_nothing_is_printed():
    assert budgets.of_estimate(None, estimate(plan())) is None
    assert budgets.of_report(None, month(line())) is None


def test_an_estimate_is_a_share_of_the_budget():
    costs = estimate(plan(change("google_storage_bucket", bucket())))
    share = budgets.of_estimate(budget(float(costs.after.monthly * 4)), costs)
    assert share.text.endswith(" a month; this environment is 25% of it.")
    assert not share.over


def test_an_estimate_beyond_the_budget_says_by_how_much():
    costs = estimate(plan(change("google_storage_bucket", bucket())))
    share = budgets.of_estimate(budget(0.1), costs)
    assert share.over
    assert f", ${costs.after.monthly - Decimal('0.1'):.2f} over." in share.text


def test_what_is_unpriced_makes_the_share_a_lower_bound():
    share = budgets.of_estimate(budget(), estimate(plan(change("google_unheard_of", {"name": "x"}))))
    assert "this environment is ≥ 0% of it" in share.text
    assert share.data["at_least"] is True


def test_a_budget_in_another_currency_is_not_compared_and_says_so():
    share = budgets.of_estimate(budget(currency="EUR"), estimate(plan()))
    assert share.text == "Budget: €50.00 a month, not compared: estimates are in USD."
    assert (share.cost, share.over) == (None, False)


def test_a_months_report_counts_the_account_before_promotional_credits():
    lines = (
        line(gross="60", promotion="-60", other="-5", account=ACCOUNT),
        line(gross="1000", account="999999-999999-999999"),
    )
    share = budgets.of_report(budget(), month(*lines))
    assert share.text == "Budget: $50.00 a month; the month before promotional credits is 110% of it, $5.00 over."
    assert share.data["cost"] == "55.00"


def test_an_export_without_accounts_counts_entirely():
    assert budgets.of_report(budget(), month(line(gross="25", account=""))).cost == 25


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (month(line(account=ACCOUNT), wanted=Period()), "it is monthly: choose a month with --month"),
        (month(line(account=ACCOUNT, currency="EUR")), "these costs are in EUR"),
        (month(line(account="999999-999999-999999")), f"none of these costs are on {ACCOUNT}"),
    ],
)
def test_what_cannot_be_compared_says_why(found, why):
    assert budgets.of_report(budget(), found).text == f"Budget: $50.00 a month, not compared: {why}."
