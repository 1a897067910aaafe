"""NAME=VALUE on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.errors import UsageProblem


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """Words as a mapping, the last one of a name counts. Raises UsageProblem for a word that is none."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UsageProblem(f"{option} {word!r} is not NAME=VALUE.")
        found[name] = value
    return found
