"""NAME=VALUE on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from groundwork.errors import UsageProblem


def pairs(assignments: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE words as a mapping; the last value of a name wins. Raises UsageProblem for a word of another form."""
    found: dict[str, str] = {}
    for word in assignments:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UsageProblem(f"{option} {word!r} is not NAME=VALUE.")
        found[name] = value
    return found
