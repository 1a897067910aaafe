"""Assumptions: named defaults, how the environment file overrides them, and what is refused."""

from decimal import Decimal

import pytest
from groundwork.cost.assumptions import DEFAULTS, parse
from groundwork.errors import UsageProblem


def test_every_default_says_its_unit_and_what_it_means():
    assert all(default.unit and default.meaning and default.value >= 0 for default in DEFAULTS.values())


def test_the_file_wins_over_the_default_and_a_name_over_the_file():
    assumptions = parse({"bucket_gib": 20, "by_name": {"data": {"bucket_gib": 50}}})
    assert assumptions.value("bucket_gib", "models") == 20
    assert assumptions.value("bucket_gib", "data") == 50
    assert assumptions.value("images_gib") == DEFAULTS["images_gib"].value
    assert (assumptions.origin("bucket_gib"), assumptions.origin("images_gib")) == ("environment file", "default")


def test_numbers_are_read_as_written():
    assert parse({"run_request_seconds": 0.1}).value("run_request_seconds") == Decimal("0.1")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"bucket_gb": 1}, "cost.assumptions.bucket_gb is not an assumption; did you mean bucket_gib?"),
        ({"zebras": 1}, "cost.assumptions.zebras is not an assumption; known are bucket_gib,"),
        ({"bucket_gib": -1}, "cost.assumptions.bucket_gib is -1; it must be a number of at least 0 (GiB)."),
        ({"bucket_gib": "many"}, "cost.assumptions.bucket_gib is 'many'; it must be a number of at least 0 (GiB)."),
        ({"bucket_gib": True}, "cost.assumptions.bucket_gib is True; it must be a number of at least 0 (GiB)."),
        ({"bucket_gib": float("nan")}, "cost.assumptions.bucket_gib is nan; it must be a number of at least 0 (GiB)."),
        ({"free_tier_share": 2}, "cost.assumptions.free_tier_share is 2; it must be a number between 0 and 1 (of 1)."),
        ([1], "cost.assumptions must be a mapping such as {bucket_gib: 20}."),
        ({"by_name": 3}, "cost.assumptions.by_name must be a mapping such as {data: {bucket_gib: 20}}."),
        ({"by_name": {"data": 3}}, "cost.assumptions.by_name.data must be a mapping such as {bucket_gib: 20}."),
        ({"by_name": {"data": {"x": 3}}}, "cost.assumptions.by_name.data.x is not an assumption; known are "),
    ],
)
def test_an_invalid_assumption_is_refused_by_name(section, message):
    with pytest.raises(UsageProblem) as problem:
        parse(section)
    assert str(problem.value).startswith(message)
