"""Values: where one ends, and what cannot be one."""

from __future__ import annotations

import pytest
from groundwork.errors import UsageProblem
from groundwork.secrets.values import MOST_BYTES, piped, typed


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"key", b"key"),
        (b"key\n", b"key"),
        (b"key\r\n", b"key"),
        (b"two words\n", b"two words"),
        (b"-----BEGIN\nabc\n-----END\n", b"-----BEGIN\nabc\n-----END\n"),
        (b"\x00\xff\xfe", b"\x00\xff\xfe"),
        (b"x" * MOST_BYTES + b"\n", b"x" * MOST_BYTES),
    ],
)
def test_the_end_of_a_single_line_is_no_part_of_a_value(data: bytes, value: bytes) -> None:
    assert piped(data, exact=False) == value


@pytest.mark.parametrize("data", [b"key\n", b" key ", b"\n", b" "])
def test_exact_keeps_every_byte(data: bytes) -> None:
    assert piped(data, exact=True) == data


@pytest.mark.parametrize(
    ("data", "exact", "sentence"),
    [
        (b"", False, "The value is empty"),
        (b"", True, "The value is empty"),
        (b"\n", False, "The value is empty"),
        (b" \t\n", False, "The value is empty"),
        (b"\n\n\n", False, "The value is empty"),
        (b" hunter2", False, "begins or ends with a space"),
        (b"hunter2 \n", False, "begins or ends with a space"),
        (b"x" * (MOST_BYTES + 1), False, "larger than 65,536 bytes"),
        (b"x" * (MOST_BYTES + 1), True, "larger than 65,536 bytes"),
    ],
)
def test_an_impossible_value_is_refused_without_being_shown(data: bytes, exact: bool, sentence: str) -> None:
    with pytest.raises(UsageProblem, match=sentence) as error:
        piped(data, exact=exact)
    assert "hunter2" not in str(error.value)


def test_the_first_line_of_a_key_file_is_refused_at_the_prompt() -> None:
    with pytest.raises(UsageProblem, match="first of several lines"):
        typed("-----BEGIN PRIVATE KEY-----", exact=False)


def test_half_a_character_is_refused_at_the_prompt() -> None:
    with pytest.raises(UsageProblem, match="not text in UTF-8"):
        typed("\udcff", exact=False)
