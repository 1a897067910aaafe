"""A policy check as plain data, for `--json`."""

from __future__ import annotations

from typing import Any

from groundwork.environment.settings import PolicyException
from groundwork.policy.result import Result, Violation


def as_data(result: Result) -> dict[str, Any]:
    """The whole result; `ok` corresponds to the exit code."""
    return {
        "ok": result.ok,
        "summary": result.summary,
        "scanner": result.scanner,
        "policies": len(result.rows),
        "checked": dict(result.checked),
        "resources": dict(result.resources),
        "left_to_the_plan": result.undecided,
        "cached": result.cached,
        "findings": [_finding(finding) for finding in result.findings],
        "excused": [{**_finding(one.finding), "exception": _exception(one.exception)} for one in result.excused],
        "expired_exceptions": [_exception(exception) for exception in result.expired],
        "unused_exceptions": [_exception(exception) for exception in result.unused],
        "notes": list(result.notes),
    }


def _finding(finding: Violation) -> dict[str, Any]:
    return {
        "policy": finding.row.name,
        "severity": str(finding.row.severity),
        "title": finding.row.title,
        "resource": finding.address,
        "about": finding.about,
        "source": finding.source,
        "layer": finding.layer,
        "file": finding.place.file,
        "line": finding.place.line,
        "why": finding.row.why,
        "mend": finding.row.mend,
    }


def _exception(exception: PolicyException) -> dict[str, str]:
    return {
        "check": exception.check,
        "resource": exception.resource,
        "reason": exception.reason,
        "owner": exception.owner,
        "expires": exception.expires.isoformat(),
    }
