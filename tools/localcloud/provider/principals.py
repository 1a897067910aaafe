"""Principals in IAM policies. Most are case-insensitive; principal sets and the public groups are not."""

from __future__ import annotations

_SENSITIVE = ("principal:", "principalSet:", "principalHierarchy:")


def folded(member: str) -> str:
    """A principal in lower case, for comparison; principal sets and the two public groups keep their case."""
    if member.startswith(_SENSITIVE) or "allUsers" in member or "allAuthenticatedUsers" in member:
        return member
    return member.lower()


def normal(member: str) -> str:
    """A principal as policies store it: lower case after the first colon, unless it is case-sensitive."""
    kind, colon, rest = member.partition(":")
    return member if folded(member) == member else f"{kind}{colon}{rest.lower()}"
