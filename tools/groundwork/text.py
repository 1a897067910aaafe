"""Fragments of sentences: lists of words, counted nouns, and the allowed values after a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
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
    near = most_similar(wrong, known)
    return (f"did you mean {near}? A" if near else "a") + f"llowed are {listed(known)}."


def most_similar(wrong: str, words: Iterable[str]) -> str:
    """The word that `wrong` was probably meant to be, of several the first; "" if none is similar."""
    ratios = {word: SequenceMatcher(None, word, wrong).ratio() for word in words}
    near = max(ratios, key=ratios.__getitem__, default="")
    return near if ratios.get(near, 0) >= 0.6 else ""
