"""JSON from outside."""

import json

import pytest
from localcloud.spec.json_text import MOST_LEVELS, read


def test_valid_json_is_read() -> None:
    value = {"a": [1, 2.5, '\\" [ { ☃', None, {"b": [True] * 500}]}
    assert read(json.dumps(value).encode()) == value


@pytest.mark.parametrize("deep", ["[", '{"a":'])
def test_nesting_is_counted_outside_strings(deep: str) -> None:
    ends = "]" if deep == "[" else "}"
    read((deep * MOST_LEVELS + '"' + "[" * 500 + '"' + ends * MOST_LEVELS).encode())
    with pytest.raises(ValueError, match="Message too deep"):
        read((deep * (MOST_LEVELS + 1) + "1" + ends * (MOST_LEVELS + 1)).encode())


def test_many_sibling_values_are_not_deep() -> None:
    assert len(read(b"[" + b"[]," * 5000 + b"[]]")) == 5001


@pytest.mark.parametrize(
    "text",
    ["", "{", "nonsense", "NaN", "[Infinity]", "1e999", "9" * 5000, '"\\ud800"', "[" * 1_000_000, "x" * 11_000_000],
    ids=range(10),
)
def test_json_that_cannot_be_stored_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(text.encode())
