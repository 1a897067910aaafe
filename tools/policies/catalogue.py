"""The catalogue of policies: our own, one folder each, and the checkov checks that `built_in.toml` selects."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.language import Policy, Severity

HERE = Path(__file__).parent


@dataclass(frozen=True)
class PolicySummary:
    """One policy, ours or checkov's, for readers; findings and exceptions refer to it by `name`."""

    name: str
    title: str
    severity: Severity
    why: str
    mend: str
    unknown: str
    ours: bool


@dataclass(frozen=True)
class Omission:
    """Checkov checks that are left out: nothing creates such `types`, ours covers them, or for the `reason`."""

    ids: tuple[str, ...]
    reason: str
    types: tuple[str, ...] = ()
    covered_by: tuple[str, ...] = ()


def names() -> list[str]:
    """Names of our own policies: the folders beside this file that contain a check."""
    return sorted(check.parent.name for check in HERE.glob("*/check.py"))


def policies() -> dict[str, Policy]:
    """Our own policies by name."""
    return {name: _policy(name) for name in names()}


def _policy(name: str) -> Policy:
    found = importlib.import_module(f"policies.{name}.check").POLICY
    if not isinstance(found, Policy):
        raise TypeError(f"tools/policies/{name}/check.py must define one Policy called POLICY.")
    return found


def built_in() -> dict[str, PolicySummary]:
    """The selected checkov checks by ID."""
    return {check: _row(check, entry) for entry in _file()["selected"] for check in entry["ids"]}


def _row(check: str, entry: Mapping[str, Any]) -> PolicySummary:
    return PolicySummary(
        name=check,
        title=entry["title"],
        severity=Severity(entry["severity"]),
        why=entry["why"],
        mend=entry["mend"],
        unknown=entry["unknown"],
        ours=False,
    )


def omissions() -> list[Omission]:
    """The checkov checks that are left out, and why."""
    return [
        Omission(
            tuple(entry["ids"]), entry["reason"], tuple(entry.get("types", ())), tuple(entry.get("covered_by", ()))
        )
        for entry in _file()["omitted"]
    ]


def _file() -> dict[str, Any]:
    return tomllib.loads((HERE / "built_in.toml").read_text(encoding="utf-8"))


def rows() -> dict[str, PolicySummary]:
    """Every policy by name, ours first."""
    ours = {
        name: PolicySummary(
            name=name,
            title=policy.title,
            severity=policy.severity,
            why=policy.why,
            mend=policy.mend,
            unknown=f"{policy.when_unknown}: {policy.unknown_because}",
            ours=True,
        )
        for name, policy in policies().items()
    }
    return ours | built_in()
