"""Fragments of sentences: lists of words, counted nouns, and the allowed values after a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def listed(words: Iterable[Any]) -> str:
    """Words as a list in a sentence, e.g. "a, b, c"; "none" for an empty one."""
    return ", ".join(str(word) for word in words) or "none"


def plural(noun: str) -> str:
    """The plural of a noun: "bucket" is "buckets", "policy" is "policies", "key" is "keys"."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"


def counted(number: int, noun: str) -> str:
    """A number and a noun: "1 bucket", "2 repositories"."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def allowed(words: Iterable[str], wrong: str) -> str:
    """The end of a sentence about a word that is not one of `words`, the most similar one first."""
    known = sorted(words)
    near = get_close_matches(wrong, known, n=1)
    return (f"did you mean {near[0]}? A" if near else "a") + f"llowed are {listed(known)}."
