"""Values are converted between Terraform's bytes and Python without losing null, unknown or zero."""

from __future__ import annotations

import msgpack
import pytest
from localcloud.provider.values import UNKNOWN, decode, empty, encode, known, settled, text


@pytest.mark.parametrize("value", [None, "", "a", True, 0, 7, 1.5, [], ["a", None], {"a": [{"b": None}]}])
def test_encoded_values_are_decoded_unchanged(value: object) -> None:
    assert decode(encode(value)) == value


def test_an_unknown_stays_unknown_at_every_depth() -> None:
    found = decode(encode({"a": UNKNOWN, "b": [UNKNOWN, 1]}))
    assert found == {"a": UNKNOWN, "b": [UNKNOWN, 1]}
    assert found["a"] is UNKNOWN


def test_a_refined_unknown_is_just_unknown() -> None:
    assert decode(msgpack.packb({"a": msgpack.ExtType(12, b"\x81\x01\xc2")})) == {"a": UNKNOWN}


def test_an_invalid_terraform_value_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not a Terraform value"):
        encode({"a": object()})


def test_unknown_parts_are_sent_as_nothing() -> None:
    assert settled({"a": UNKNOWN, "b": [UNKNOWN, "x"], "c": {"d": UNKNOWN}}) == {
        "a": None,
        "b": ["x"],
        "c": {"d": None},
    }


def test_a_value_is_known_when_all_of_it_is() -> None:
    assert known({"a": ["x", {"b": 1}]})
    assert not known({"a": ["x", {"b": UNKNOWN}]})


def test_null_and_every_zero_are_empty_and_nothing_else_is() -> None:
    assert all(empty(value) for value in (None, "", 0, False, [], {}))
    assert not any(empty(value) for value in ("0", 1, True, [None], {"a": None}, UNKNOWN))


def test_null_and_the_empty_string_read_the_same_but_false_does_not() -> None:
    assert text(None) == text("") == ""
    assert text(False) == "false"
    assert text(0) == "0"
