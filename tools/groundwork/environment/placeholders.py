"""The placeholders in the shipped environment files, which stand for a team's own values and mean nothing to Google."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.text import counted

# Domains reserved for examples: RFC 2606 and RFC 6761.
_ADDRESS = re.compile(r"[^@\s]+@(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|example|invalid|test|localhost)")
_REPOSITORY = re.compile(r"(?:example|your)(?:-[^/]*)?/.+")
_ACCOUNT = re.compile(r"0{6}-0{6}-0{6}|X{6}-X{6}-X{6}")


def placeholders(environment: Environment) -> tuple[str, ...]:
    """Each value that is still an example, with its place: "members: alice@example.com"."""
    values = asdict(environment)
    found = {f"{place}: {text}": None for place, text in _texts(values, "") if _ADDRESS.fullmatch(text)}
    if environment.github and _REPOSITORY.fullmatch(environment.github.repository):
        found[f"github.repository: {environment.github.repository}"] = None
    if environment.budget and _ACCOUNT.fullmatch(environment.budget.billing_account):
        found[f"budget.billing_account: {environment.budget.billing_account}"] = None
    return tuple(found)


def refuse(environment: Environment) -> None:
    """Raises UsageProblem for an environment on Google Cloud that still has examples, since each would make `up` fail."""
    found = () if environment.local else placeholders(environment)
    if found:
        raise UsageProblem(
            f"{environment.file} still contains {counted(len(found), 'example value')}, so nothing was started: put your team's own there.",
            found,
        )


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every string in a file's values, including names of entries, with the keys that lead to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if "@" in str(key):
                yield place, str(key)
            else:
                yield from _texts(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item, place)
