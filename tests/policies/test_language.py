"""The words that policies are written in."""

from __future__ import annotations

import pytest
from policies.language import PASSES, Resource, Unknown, fails, number, truth, unknown, worst


def test_the_worst_ruling_is_a_failure_before_an_unknown_before_a_pass() -> None:
    assert worst([PASSES, unknown("x"), fails("breaks")]) == fails("breaks")
    assert worst([PASSES, unknown("x")]) == unknown("x")
    assert worst([]) == PASSES


@pytest.mark.parametrize(
    ("text", "literal", "may_be"),
    [
        ("", "allUsers", True),
        ("var.member", "allUsers", True),
        ("serviceAccount:${google_service_account.train.email}", "allUsers", False),
        ("${var.prefix}Users", "allUsers", True),
        ("user:${var.name}@example.com", "user:alice@example.com", True),
        ("user:${var.name}@example.com", "user:alice@example.org", False),
        ("${var.a}-${var.b}-tfstate", "team-tfstate", True),
        ("abc${var.x}cba", "abcba", False),
    ],
)
def test_a_partly_unknown_text_may_be_whatever_its_known_ends_allow(text: str, literal: str, may_be: bool) -> None:
    assert Unknown(text).may_be(literal) is may_be


def test_terraforms_bools_and_numbers_are_read_however_they_are_written() -> None:
    assert [truth(value) for value in (True, "true", False, "false", None)] == [True, True, False, False, False]
    assert [number(value) for value in (7, "7", None)] == [7, 7.0, None]
    assert isinstance(truth([]), Unknown)
    assert isinstance(number({}), Unknown)


def test_blocks_come_as_a_list_whether_there_is_one_or_more() -> None:
    values = {"one": {"a": 1}, "two": [{"a": 1}, {"a": 2}], "open": Unknown()}
    resource = Resource("google_x", "google_x.y", "", "plan", values)
    assert resource.blocks("one") == [{"a": 1}]
    assert resource.blocks("two") == [{"a": 1}, {"a": 2}]
    assert resource.blocks("none") == []
    assert isinstance(resource.blocks("open"), Unknown)
