"""How often a schedule starts a job in a month, and what its job then costs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from groundwork.cost.planned import assumptions_of
from groundwork.cost.starts import starts_a_month
from groundwork.environment.values import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("cron", "a_month"),
    [
        ("0 6 * * 1", "4.33"),
        ("0 6 * * 5", "4.35"),
        ("0 3 * * *", "30.44"),
        ("*/15 * * * *", "2922.00"),
        ("0 8,20 1 * *", "2.00"),
        ("0 0 29 2 *", "0.02"),
        ("0 6 1 * MON", "5.19"),  # the first of the month, and Mondays
    ],
)
def test_starts_are_counted(cron: str, a_month: str) -> None:
    assert starts_a_month(cron) == Decimal(a_month)


def test_a_job_runs_as_often_as_its_schedule_starts_it_unless_the_file_says_otherwise() -> None:
    environment = load("starfish", ROOT)
    found = assumptions_of(replace(environment, assumptions={"job_runs": 7}))
    assert (found.value("job_runs", "drift"), found.value("job_runs", "by-hand")) == (Decimal("4.33"), 7)
    assert found.own("job_runs") == [("drift", Decimal("4.33"), "schedule")]
    own = assumptions_of(replace(environment, assumptions={"by_name": {"drift": {"job_runs": 9}}}))
    assert own.value("job_runs", "drift") == 9
    assert own.own("job_runs") == [("drift", Decimal(9), "environment file")]
    assert own.own("job_minutes") == []
