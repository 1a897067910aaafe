"""Remaining credits: which credit paid what in which order, and the estimated date on which they run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from groundwork.cost.billing.ledger import Ledger, Line
from groundwork.cost.credits import FEWEST_DAYS, HOW, as_data, balances
from groundwork.cost.grants import Checked, CreditGrant
from groundwork.cost.tables import day_words

TODAY = date(2026, 11, 5)
AS_OF = datetime(2026, 11, 5, 6, tzinfo=UTC)
GRANT = CreditGrant("alice@example.com", Decimal(50), date(2026, 9, 1), date(2027, 9, 1), account="A")


def _day(back, cost="1", **more):
    """A day's costs, all paid by promotional credits, `back` days before today."""
    fields = {
        "invoice_month": "202610", "account": "A", "currency": "USD", "cost_type": "regular", "service_id": "S", "service": "S",
        "project": "p", "member": "alice", "component": "", "line_count": 1, "exported": AS_OF, "other_credits": Decimal(0),
    }  # fmt: skip
    return Line(day=TODAY - timedelta(days=back), gross=Decimal(cost), promotion=-Decimal(cost), **(fields | more))


def _ledger(*lines, **more):
    return Ledger(tuple(lines), "x", **more)


STEADY = _ledger(*(_day(back) for back in range(30, -1, -1)))


def test_what_is_left_is_what_was_entered_less_what_the_export_shows():
    balance = balances([GRANT], STEADY, TODAY)[0]
    assert (balance.standings[0].used, balance.left) == (31, 19)


def test_a_steady_dollar_a_day_runs_out_on_the_expected_day():
    balance = balances([GRANT], STEADY, TODAY)[0]
    assert (balance.burn.mean, balance.burn.slow, balance.burn.fast) == (1, 1, 1)
    last = TODAY + timedelta(days=18)
    assert (balance.end.likely, balance.end.soonest, balance.end.latest) == (last, last, last)


def test_the_spread_is_that_of_the_weekly_means():
    """Three weeks at 1 a day and one at 3: of the 22 means 15 are 1, the 20th and 21st are 2.14 and 2.43."""
    costs = [_day(back, "3" if back <= 8 else "1") for back in range(29, 1, -1)]
    balance = balances([GRANT], _ledger(*costs), TODAY)[0]
    assert balance.burn.mean == Decimal(42) / 28
    assert (balance.burn.slow, round(balance.burn.fast, 9)) == (1, Decimal("2.4"))
    assert balance.end.soonest < balance.end.likely < balance.end.latest


def test_days_without_costs_count_as_days():
    costs = [_day(back, "4") for back in range(30, 1, -4)]
    balance = balances([GRANT], _ledger(*costs), TODAY)[0]
    assert balance.burn.days == 28
    assert balance.burn.mean == 1


def test_days_that_may_still_grow_are_left_out_of_the_mean():
    lines = [_day(back) for back in range(30, 1, -1)] + [_day(1, "0.01"), _day(0, "0.01")]
    assert balances([GRANT], _ledger(*lines), TODAY)[0].burn.mean == 1


def test_the_burn_is_the_cost_before_promotional_credits_so_it_continues_after_them():
    lines = [replace(_day(back), promotion=Decimal(0)) for back in range(30, 1, -1)]
    balance = balances([GRANT], _ledger(*lines), TODAY)[0]
    assert (balance.left, balance.burn.mean) == (50, 1)


@pytest.mark.parametrize("days", range(1, FEWEST_DAYS))
def test_too_few_days_give_no_forecast(days):
    lines = [_day(back) for back in range(days + 1, -1, -1)]
    balance = balances([GRANT], _ledger(*lines), TODAY)[0]
    assert (balance.burn.mean, balance.end.likely, balance.standings[0].empty.likely) == (None, None, None)
    assert day_words(balance, balance.standings[0], TODAY) == "not known yet"


def test_a_table_without_days_gives_no_forecast():
    assert balances([GRANT], replace(STEADY, daily=False), TODAY)[0].burn.mean is None


def test_without_costs_there_is_no_forecast_and_all_is_left():
    balance = balances([GRANT], _ledger(), TODAY)[0]
    assert (balance.left, balance.end.likely) == (50, None)


def test_grants_on_one_account_are_used_up_in_order_of_expiry():
    sooner = replace(GRANT, member="bob@example.com", amount=Decimal(10), expires=date(2026, 12, 1))
    balance = balances([GRANT, sooner], STEADY, TODAY)[0]
    assert [(standing.grant.member, standing.used) for standing in balance.standings] == [
        ("bob@example.com", 10),
        ("alice@example.com", 21),
    ]


def test_each_account_has_its_own_balance():
    other = replace(GRANT, account="B")
    found = {balance.name: balance.left for balance in balances([GRANT, other], STEADY, TODAY)}
    assert found == {"A": 19, "B": 50}


def test_without_an_account_the_members_label_decides():
    mine = replace(GRANT, account="")
    lines = [*STEADY.lines, *(_day(back, member="bob", account="B") for back in range(30, -1, -1))]
    assert balances([mine], _ledger(*lines), TODAY)[0].left == 19


def test_costs_before_a_grants_start_do_not_count():
    late = replace(GRANT, start=TODAY - timedelta(days=4))
    balance = balances([late], STEADY, TODAY)[0]
    assert (balance.standings[0].used, balance.over) == (5, 0)


def test_a_balance_read_in_the_console_restarts_the_count():
    checked = replace(GRANT, checked=Checked(Decimal(12), TODAY - timedelta(days=4)))
    assert balances([checked], STEADY, TODAY)[0].left == 12 - 5


def test_an_expired_grant_has_nothing_left():
    expired = replace(GRANT, expires=TODAY)
    balance = balances([expired], STEADY, TODAY)[0]
    assert balance.left == 0
    assert balance.standings[0].expired(TODAY)


def test_what_will_be_left_over_at_expiry_is_reported():
    short = replace(GRANT, expires=TODAY + timedelta(days=10))
    standing = balances([short], STEADY, TODAY)[0].standings[0]
    assert (standing.empty.likely, standing.lost) == (None, 19 - 10)


def test_more_used_than_granted_means_that_a_grant_is_missing():
    small = replace(GRANT, amount=Decimal(20))
    assert balances([small], STEADY, TODAY)[0].over == 11


def test_an_old_export_is_extrapolated_from_its_end():
    old = _ledger(*(replace(line, exported=AS_OF - timedelta(days=10)) for line in STEADY.lines[:-10]))
    balance = balances([GRANT], old, TODAY)[0]
    assert balance.end.likely == TODAY - timedelta(days=10) + timedelta(days=28)


def test_it_is_never_called_an_official_balance():
    document = as_data(balances([GRANT], STEADY, TODAY), STEADY, TODAY)
    assert document["official"] is False
    assert "not an official balance" in HOW
    assert document["credits"][0]["grants"][0]["runs_out"] == {
        "likely": "2026-11-23",
        "soonest": "2026-11-23",
        "latest": "2026-11-23",
    }
