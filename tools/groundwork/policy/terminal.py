"""A policy check for people: what was found, where, why it matters and how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from groundwork.environment.settings import PolicyException
from groundwork.policy.result import Result, Violation


def lines(result: Result) -> list[str]:
    """Everything but the summary, violations first, grouped by policy."""
    return [*_findings(result), *_exceptions(result), *(f"note: {note}" for note in result.notes)]


def expired(exception: PolicyException) -> str:
    """The sentence for an expired exception."""
    return (
        f"The exception for {exception.check} on {exception.resource} ended on {exception.expires} (owner: {exception.owner}): "
        "fix the resource and remove the exception, or renew it with a reason that still holds."
    )


def unused(exception: PolicyException) -> str:
    """The sentence for an unused exception."""
    return (
        f"The exception for {exception.check} on {exception.resource} matches no finding (owner: {exception.owner}): "
        "remove it from the environment file."
    )


def _findings(result: Result) -> Iterator[str]:
    for name, group in groupby(result.findings, key=lambda finding: finding.row.name):
        row = result.rows[name]
        yield f"{row.severity}: {row.title} ({name})"
        yield from (f"  {_where(finding)}" for finding in group)
        yield f"  why: {row.why}"
        yield f"  fix: {row.mend}"


def _where(finding: Violation) -> str:
    parts = [finding.place.text, f"plan of {finding.layer}" if finding.layer else ""]
    place = ", ".join(filter(None, parts))
    return f"{finding.sentence}{f'  [{place}]' if place else ''}"


def _exceptions(result: Result) -> Iterator[str]:
    for exception in result.expired:
        yield expired(exception)
    for one in result.excused:
        yield (
            f"excused until {one.exception.expires}: {one.finding.sentence} ({one.finding.row.name}): "
            f"{one.exception.reason} ({one.exception.owner})"
        )
    for exception in result.unused:
        yield unused(exception)
