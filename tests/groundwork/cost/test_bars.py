"""Credits as bars: how much of the total is left, until when, and the same figures as data."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from groundwork.cost import bars
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.credits import balances
from groundwork.cost.grants import CreditGrant

from tests.groundwork.cost.test_credits import GRANT, STEADY, TODAY


def drawn(*grants: CreditGrant, ledger: Ledger = STEADY) -> list[bars.Bar]:
    return bars.bars(balances(grants, ledger, TODAY), TODAY)


def test_a_bar_says_what_is_left_of_how_much_and_the_day_it_ends() -> None:
    (bar,) = drawn(GRANT)
    assert bars.lines([bar]) == [
        f"alice@example.com  {'█' * 7}{'░' * 13}  $19.00 of $50.00 left, used up on {TODAY + timedelta(days=18)}"
    ]


def test_the_same_figures_are_in_json() -> None:
    (bar,) = drawn(GRANT)
    assert bars.as_data(bar) == {
        "member": "alice@example.com", "currency": "USD", "granted": "50.00", "left": "19.00", "ends": f"{TODAY + timedelta(days=18)}", "used_up_then": True,
    }  # fmt: skip


def test_several_grants_of_a_member_are_one_bar() -> None:
    (bar,) = drawn(
        GRANT, CreditGrant("alice@example.com", Decimal(25), date(2026, 10, 1), date(2027, 12, 1), account="A")
    )
    assert (bar.granted, bar.left) == (75, 44)


def test_unused_credits_say_when_they_expire_and_expired_ones_have_no_bar() -> None:
    later = CreditGrant("bob@example.com", Decimal(50), date(2026, 9, 1), date(2027, 9, 1), account="B")
    expired = CreditGrant("carol@example.com", Decimal(50), date(2025, 9, 1), date(2026, 9, 1), account="C")
    (bar,) = drawn(later, expired)
    assert bar.words == "$50.00 of $50.00 left, expires on 2027-09-01"


@pytest.mark.parametrize(("left", "full"), [("0", 0), ("0.01", 1), ("25", 10), ("50", 20)])
def test_a_bar_is_empty_only_where_nothing_is_left(left: str, full: int) -> None:
    bar = bars.Bar("a", Decimal(50), Decimal(left), "USD", TODAY, foreseen=False)
    assert bar.drawn == "█" * full + "░" * (20 - full)
