"""The tables of docs/policy.md follow from the policies."""

from __future__ import annotations

from pathlib import Path

from groundwork import docs
from groundwork.policy.pages import policy_tables
from policies import catalogue

ROOT = Path(__file__).parents[3]


def test_the_page_is_up_to_date() -> None:
    docs.check(ROOT, (policy_tables,))


def test_every_policy_and_every_omission_is_on_the_page() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert [name for name in catalogue.rows() if f"`{name}`" not in page] == []
    assert [check for one in catalogue.omissions() for check in one.ids if f"`{check}`" not in page] == []
