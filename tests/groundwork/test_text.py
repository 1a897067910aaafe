"""Parts of sentences are joined in correct English."""

from __future__ import annotations

from groundwork.text import allowed, counted, listed


def test_the_nearest_word_is_suggested_first() -> None:
    assert allowed(["beta", "alpha"], "alpah") == "did you mean alpha? Allowed are alpha, beta."
    assert allowed(["beta", "alpha"], "zzz") == "allowed are alpha, beta."
    assert allowed(["west9", "west1", "west10"], "west").startswith("did you mean west1? "), "of equals, the first"
    assert allowed([], "x") == "allowed are none."


def test_things_are_counted_as_people_count_them() -> None:
    words = [counted(1, "list call"), counted(2, "policy"), counted(0, "key"), counted(2, "custom role")]
    assert words == ["1 list call", "2 policies", "0 keys", "2 custom roles"]


def test_words_are_joined_and_an_empty_list_is_called_none() -> None:
    assert listed(["b", 1]) == "b, 1"
    assert listed([]) == "none"
