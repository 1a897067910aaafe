"""The buckets that groundwork creates for itself, by what they hold; infra/environment/outputs.tf gives them the same names."""

from __future__ import annotations

STATE = "tfstate"
STAGING = "staging"
SOURCES = "sources"
FUNCTIONS = "functions"


def name(project: str, content: str) -> str:
    """The full name of the bucket for a content, such as STATE."""
    return f"{project}-{content}"


def names(project: str) -> tuple[str, ...]:
    """The full names of all of them, whether they exist or not."""
    return tuple(name(project, content) for content in (STATE, STAGING, SOURCES, FUNCTIONS))
