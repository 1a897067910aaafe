"""Principals in IAM policies, whose case counts in a few only."""

from __future__ import annotations

_SENSITIVE = ("principal:", "principalSet:", "principalHierarchy:")


def folded(member: str) -> str:
    """A principal without the case that Google ignores: principal sets and the two public groups keep theirs."""
    if member.startswith(_SENSITIVE) or "allUsers" in member or "allAuthenticatedUsers" in member:
        return member
    return member.lower()


def normal(member: str) -> str:
    """A principal as policies keep it: the part after the first colon in lower case, unless its case counts."""
    kind, colon, rest = member.partition(":")
    return member if folded(member) == member else f"{kind}{colon}{rest.lower()}"
