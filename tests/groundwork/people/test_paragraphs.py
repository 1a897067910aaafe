"""Who may do what, where columns do not fit: grouped by equal permissions, and by persona, no line wider than the terminal."""

from __future__ import annotations

import pytest
from groundwork.people import paragraphs
from groundwork.people.access import Cell
from groundwork.people.actions import on
from groundwork.people.personas import PolicyTarget
from groundwork.resources.bindings import Binding
from groundwork.resources.item import Item

ROLES = {"alice@example.com": "viewer", "adam@example.com": "viewer", "bob@example.com": "operator"}
BUCKET = PolicyTarget("bucket", "data")


def cells(**may: tuple[str, ...]) -> list[Cell]:
    """Cells of a bucket's first three actions: for each of its first letters, the actions that the person may do; "?" makes it conditional."""
    found = []
    for action in on(BUCKET)[:3]:
        for person in (*ROLES, "zoe@example.com"):
            allowed = may.get(person.partition("@")[0], ())
            condition = "weekdays" if f"{action.verb_only}?" in allowed else ""
            by = (Binding(Item("bucket", "p-data"), "roles/x", (person,), condition),)
            found.append(Cell(person, BUCKET, action, by if condition or action.verb_only in allowed else ()))
    return found


def test_actions_of_the_same_people_are_one_line() -> None:
    found = cells(alice=("see",), adam=("see",), bob=("see", "change", "delete"), zoe=("change?",))
    assert list(paragraphs.by_thing(found, 200)) == [
        "bucket/data",
        "  see: alice@example.com, adam@example.com, bob@example.com",
        "  change: bob@example.com, zoe@example.com (if)",
        "  delete: bob@example.com",
    ]


def test_what_nobody_may_is_reported() -> None:
    assert list(paragraphs.by_thing(cells(), 200)) == ["bucket/data", "  see, change, delete: nobody"]


def test_a_persona_is_a_paragraph_that_names_members_who_differ() -> None:
    found = cells(alice=("see",), adam=("see", "change"), bob=("see", "delete?"), zoe=("see",))
    assert list(paragraphs.by_persona(found, ROLES, 200)) == [
        "viewer: alice@example.com, adam@example.com",
        "  bucket/data: see, change (adam@example.com)",
        "operator: bob@example.com",
        "  bucket/data: see, delete (bob@example.com if)",
        "not in the file: zoe@example.com",
        "  bucket/data: see",
    ]


@pytest.mark.parametrize("wide", [40, 60, 79])
def test_no_line_is_wider_than_it_may_be(wide: int) -> None:
    found = cells(
        alice=("see", "change"), adam=("see", "change"), bob=("see", "change", "delete"), zoe=("see", "change")
    )
    for lines in (paragraphs.by_thing(found, wide), paragraphs.by_persona(found, ROLES, wide)):
        assert max(map(len, lines)) <= wide
