"""Grants: added once, comments and order kept, nobody lost, and impossible values refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from groundwork.cost import grants
from groundwork.cost.grants import Checked, CreditGrant
from groundwork.environment.values import load
from groundwork.errors import UsageProblem

FILE = """\
# The team's environment.
cloud: local
project: team-project
region: europe-west1   # close to home

members:
  # the owner
  alice@example.com: {role: operator}
  bob@example.com: {role: viewer}

cost:
  assumptions: {bucket_gib: 20}  # measured in October
"""
ALICE = CreditGrant(
    "alice@example.com", Decimal(50), date(2026, 9, 1), date(2027, 9, 1), account="0A0A0A-0B0B0B-0C0C0C"
)


@pytest.fixture
def root(tmp_path):
    envs = tmp_path / "envs"
    envs.mkdir()
    schema = Path(__file__).parents[3] / "envs" / "schema.json"
    (envs / "schema.json").write_text(schema.read_text())
    (envs / "dev.yaml").write_text(FILE)
    return tmp_path


@pytest.fixture
def file(root):
    return root / "envs" / "dev.yaml"


def _held(root):
    return grants.parse(load("dev", root).cost["grants"])


def test_a_grant_is_entered_and_read_back_through_the_schema(root, file):
    assert grants.add(file, ALICE) is True
    assert _held(root) == (ALICE,)


def test_entering_it_again_changes_nothing(root, file):
    grants.add(file, ALICE)
    before = file.read_bytes()
    assert grants.add(file, ALICE) is False
    assert file.read_bytes() == before


def test_comments_order_and_everything_else_stay(file):
    grants.add(file, ALICE)
    after = file.read_text()
    lines = [line for line in FILE.splitlines() if line]
    assert [line for line in after.splitlines() if line in lines] == lines
    assert len(after.splitlines()) == len(FILE.splitlines()) + 2


def test_a_file_without_a_cost_section_gets_one(root, file):
    file.write_text(FILE.partition("cost:")[0])
    grants.add(file, ALICE)
    assert _held(root) == (ALICE,)


def test_amounts_keep_their_cents(root, file):
    grants.add(file, replace(ALICE, amount=Decimal("49.90"), currency="EUR"))
    assert _held(root)[0].amount == Decimal("49.9")
    assert _held(root)[0].currency == "EUR"


def test_two_concurrent_additions_lose_nobody(root, file):
    many = [replace(ALICE, amount=Decimal(n)) for n in range(1, 17)]
    threads = [threading.Thread(target=grants.add, args=(file, grant)) for grant in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(grant.amount for grant in _held(root)) == [grant.amount for grant in many]


def test_no_temporary_file_is_left_beside_the_file(file):
    grants.add(file, ALICE)
    assert sorted(path.name for path in file.parent.iterdir()) == ["dev.yaml", "schema.json"]


def test_a_balance_read_in_the_console_is_written_to_the_members_grant(root, file):
    grants.add(file, ALICE)
    grants.add(file, replace(ALICE, member="bob@example.com"))
    found = grants.check(file, "bob@example.com", Checked(Decimal("31.20"), date(2026, 10, 5)))
    assert found.checked == Checked(Decimal("31.2"), date(2026, 10, 5))
    assert [grant.checked for grant in _held(root)] == [None, found.checked]
    assert (found.opening, found.counted_from) == (Decimal("31.2"), date(2026, 10, 5))


def test_a_second_balance_replaces_the_first(root, file):
    grants.add(file, ALICE)
    for left in ("40", "30"):
        grants.check(file, ALICE.member, Checked(Decimal(left), date(2026, 10, 5)))
    assert _held(root)[0].checked.left == 30


def test_the_start_date_selects_among_several_grants(root, file):
    grants.add(file, ALICE)
    grants.add(file, replace(ALICE, start=date(2026, 10, 1)))
    with pytest.raises(UsageProblem, match=r"alice@example\.com has 2 grants on 2026-10-05; say which with --start"):
        grants.check(file, ALICE.member, Checked(Decimal(1), date(2026, 10, 5)))
    assert grants.check(file, ALICE.member, Checked(Decimal(1), date(2026, 10, 5)), date(2026, 10, 1)).start == date(
        2026, 10, 1
    )


def test_an_impossible_balance_leaves_the_file_unchanged(file):
    grants.add(file, ALICE)
    before = file.read_bytes()
    for member, checked in (
        ("zoe@example.com", Checked(Decimal(1), date(2026, 10, 5))),
        (ALICE.member, Checked(Decimal(1), date(2020, 1, 1))),
        (ALICE.member, Checked(Decimal(51), date(2026, 10, 5))),
    ):
        with pytest.raises(UsageProblem):
            grants.check(file, member, checked)
    assert file.read_bytes() == before


TYPED = {"amount": "50", "currency": "USD", "start": "2026-09-01", "expires": "2027-09-01", "billing_account": ""}


@pytest.mark.parametrize(
    ("member", "change", "message"),
    [
        ("zoe@example.com", {}, "zoe@example.com is not a member of this environment; members are: alice@example.com, bob@example.com."),
        ("alice@example.com", {"amount": "fifty"}, "--amount is fifty, which is not an amount above 0; write it as 50 or 49.90."),
        ("alice@example.com", {"amount": "0"}, "--amount is 0, which is not an amount above 0; write it as 50 or 49.90."),
        ("alice@example.com", {"amount": "-5"}, "--amount is -5, which is not an amount above 0; write it as 50 or 49.90."),
        ("alice@example.com", {"amount": "1e999999"}, "--amount is 1e999999, which is not an amount above 0; write it as 50 or 49.90."),
        ("alice@example.com", {"start": "1.9.2026"}, "--start is 1.9.2026, which is not a day; write it as 2026-10-31."),
        ("alice@example.com", {"expires": "never"}, "--expires is never, which is not a day; write it as 2026-10-31."),
        ("alice@example.com", {"expires": "2026-09-01"}, "credits: alice@example.com's $50.00 of 2026-09-01 expires on 2026-09-01, which is not after its start."),
        ("alice@example.com", {"currency": "dollars"}, "--currency dollars is not three capital letters such as USD."),
        ("alice@example.com", {"billing_account": "mine"}, "--billing-account mine is not an id such as 012345-6789AB-CDEF01."),
    ],
)  # fmt: skip
def test_an_invalid_grant_is_refused_by_option(member, change, message):
    with pytest.raises(UsageProblem) as problem:
        grants.entered(("alice@example.com", "bob@example.com"), member, TYPED | change)
    assert str(problem.value) == message
