"""The simulated export: always the same, always marked as simulated."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from groundwork.cost import demo
from groundwork.cost.credits import balances
from groundwork.cost.report import Period, report

NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
MEMBERS = ("alice@example.com", "bob@example.com")


def test_it_is_the_same_every_time():
    assert demo.ledger(MEMBERS, NOW) == demo.ledger(MEMBERS, NOW)


def test_it_is_simulated_and_fresh():
    found = report(demo.ledger(MEMBERS, NOW), Period(), NOW)
    assert found.ledger.simulated
    assert found.warnings == ("Simulated: these costs are invented.",)


def test_credits_pay_everything_and_every_member_has_some():
    ledger = demo.ledger(MEMBERS, NOW)
    assert sum(line.gross + line.other_credits + line.promotion for line in ledger.lines) == 0
    assert {line.member for line in ledger.lines} == {"alice", "bob"}
    for balance in balances(demo.grants(MEMBERS, NOW.date()), ledger, NOW.date()):
        assert balance.name.startswith("SIMULATED-")
        assert Decimal(0) < balance.left < demo.GRANT
        assert balance.over == 0
        assert balance.end.soonest <= balance.end.likely <= balance.end.latest


def test_a_team_without_members_gets_some():
    assert demo.ledger((), NOW).lines
