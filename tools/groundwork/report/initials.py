"""Initials in place of e-mail addresses, for pages that leave the team."""

from __future__ import annotations

import re
from collections.abc import Iterable


def initials(emails: Iterable[str]) -> dict[str, str]:
    """Each address as initials, numbered where two are the same: alice.smith@example.com is "A. S."."""
    found: dict[str, str] = {}
    for email in emails:
        words = re.findall(r"[^\W\d_]+", email.partition("@")[0]) or ["?"]
        short = " ".join(f"{word[0].upper()}." for word in words)
        number = sum(other == short or other.startswith(f"{short} (") for other in found.values()) + 1
        found[email] = short if number == 1 else f"{short} ({number})"
    return found
