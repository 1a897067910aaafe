"""A schema's objections in sentences, and its defaults."""

from __future__ import annotations

from typing import Any

import pytest
from groundwork.environment.json_schema import completed, objections
from groundwork.text import listed

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "x-allowed": "lower-case letters"},
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "left": {"type": "number", "minimum": 0},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "note": {"type": "string", "minLength": 2, "maxLength": 4},
        "kind": {"enum": ["big", "small"], "default": "small"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "default": []},
        "parts": {
            "type": "object",
            "default": {},
            "additionalProperties": {"type": "object", "properties": {"on": {"type": "boolean", "default": True}}},
        },
    },
}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"name": "A"}, 'name is "A"; allowed are lower-case letters.'),
        ({"name": "a", "size": 0}, "size is 0; allowed are whole numbers from 1 to 9."),
        ({"name": "a", "size": 1.5}, "size is 1.5; allowed are whole numbers."),
        ({"name": "a", "left": -1}, "left is -1; allowed are numbers from 0 upwards."),
        ({"name": "a", "price": 0}, "price is 0; allowed are numbers above 0."),
        ({"name": "a", "note": "x"}, "note has 1 characters; allowed are 2 to 4 characters."),
        ({"name": "a", "kind": "bug"}, 'kind is "bug"; did you mean big? Allowed are big, small.'),
        ({"name": "a", "tags": ["x", "x"]}, "tags names x more than once; name it once."),
        ({"name": "a", "tags": "x"}, 'tags is "x"; allowed are a list such as [a, b].'),
        ({"name": "a", "tags": [1]}, "tags.0 is 1, which is not text; put it in quotes."),
        ({"name": "a", "parts": {"one": None}}, "parts.one has no value; write {} for the defaults."),
        ({"name": "a", "parts": {"one": {"on": "x"}}}, 'parts.one.on is "x"; allowed are true and false.'),
        ({"name": "a", "nam": "b"}, None),
        ({}, "name is missing; allowed are lower-case letters."),
        ([], "the file is a list; allowed are names with a value each, or {}."),
    ],
)
def test_an_objection_names_the_place_the_problem_and_the_allowed_values(value: Any, sentence: str | None) -> None:
    expected = sentence or f"nam is not known; did you mean name? Allowed are {listed(sorted(SCHEMA['properties']))}."
    assert [text for _place, text in objections(SCHEMA, value)] == [expected]


def test_defaults_are_filled_in_at_every_depth_and_null_counts_as_left_out() -> None:
    value = {"name": "a", "size": None, "parts": {"one": {}, "two": {"on": False}}}
    assert completed(SCHEMA, value) == {
        "name": "a",
        "size": 3,
        "kind": "small",
        "tags": [],
        "parts": {"one": {"on": True}, "two": {"on": False}},
    }
    assert value["size"] is None
