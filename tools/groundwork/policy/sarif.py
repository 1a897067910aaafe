"""A policy check as SARIF 2.1.0, which GitHub's code scanning and editors read."""

from __future__ import annotations

import hashlib
from typing import Any

from policies.catalogue import PolicySummary
from policies.language import Severity

from groundwork.environment.settings import PolicyException
from groundwork.policy import terminal
from groundwork.policy.result import Result, Violation

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# GitHub ranks alerts by this number: over 9.0 critical, 7.0 high, 4.0 medium.
_NUMBERS = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
_EXPIRED = "expired_exception"


def sarif(result: Result, environment_file: str) -> dict[str, Any]:
    """One run; excused violations are suppressed results, expired exceptions are results at the environment file."""
    names = [*result.rows, _EXPIRED]
    results = [_result(finding, names) for finding in result.findings]
    for one in result.excused:
        why = f"{one.exception.reason} ({one.exception.owner})"
        suppression = {"kind": "external", "status": "accepted", "justification": why}
        results.append({**_result(one.finding, names), "suppressions": [suppression]})
    results += [_expired(exception, names, environment_file) for exception in result.expired]
    driver = {
        "name": "groundwork policy",
        "semanticVersion": result.scanner.rpartition(" ")[2],
        "rules": [*(_rule(row) for row in result.rows.values()), _expired_rule()],
    }
    notifications = [{"level": "note", "message": {"text": note}} for note in result.notes]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(row: PolicySummary) -> dict[str, Any]:
    return {
        "id": row.name,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why},
        "help": {"text": f"{row.why} {row.mend}", "markdown": f"**Why.** {row.why}\n\n**How to fix it.** {row.mend}"},
        "defaultConfiguration": {"level": _LEVELS[row.severity]},
        "properties": {"security-severity": _NUMBERS[row.severity], "tags": ["terraform", str(row.severity)]},
    }


def _expired_rule() -> dict[str, Any]:
    return {
        "id": _EXPIRED,
        "shortDescription": {"text": "Exceptions have not expired"},
        "defaultConfiguration": {"level": "error"},
    }


def _result(finding: Violation, names: list[str]) -> dict[str, Any]:
    logical = {"fullyQualifiedName": finding.address, "kind": "resource"}
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if finding.place.file:
        region = {"startLine": finding.place.line, "endLine": finding.place.end_line}
        location["physicalLocation"] = {"artifactLocation": _artifact(finding.place.file), "region": region}
    identity = f"{finding.row.name} {finding.address} {finding.layer}"
    return {
        "ruleId": finding.row.name,
        "ruleIndex": names.index(finding.row.name),
        "level": _LEVELS[finding.row.severity],
        "message": {"text": f"{finding.sentence}. {finding.row.mend}"},
        "locations": [location],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _expired(exception: PolicyException, names: list[str], environment_file: str) -> dict[str, Any]:
    return {
        "ruleId": _EXPIRED,
        "ruleIndex": names.index(_EXPIRED),
        "level": "error",
        "message": {"text": terminal.expired(exception)},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(environment_file)}}],
    }


def _artifact(file: str) -> dict[str, str]:
    return {"uri": file, "uriBaseId": "ROOT"}
