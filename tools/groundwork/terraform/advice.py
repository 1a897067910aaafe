"""Advice on Terraform's errors: grouped by component, each kind with its remedy, printed last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.errors import Exit, GroundworkError
from groundwork.terraform.commands import TerraformFailed
from groundwork.terraform.events import Diagnostic


@dataclass(frozen=True)
class Remedy:
    """A kind of error, recognised by its text, with the advice and the exit code for it."""

    pattern: re.Pattern[str]
    advice: str
    code: Exit = Exit.FAILED


REMEDIES = (
    Remedy(
        re.compile(r"(?i)connection refused|connect: connection|Plugin did not respond|Reattachment process not found"),
        "the local cloud or its provider stopped while Terraform was running: run the same command again, which restarts them and continues.",
    ),
    Remedy(
        re.compile(r"(?i)no space left on device|disk quota exceeded|disk is full|could not write to its disk"),
        "the disk is full: free some space and run the same command again.",
    ),
    Remedy(
        re.compile(r"requires a quota project|USER_PROJECT_DENIED"),
        "your login has no quota project: run `groundwork login --env NAME`.",
        Exit.PERMISSION,
    ),
    Remedy(
        re.compile(
            r"(?i)BILLING_DISABLED|accountDisabled|billing (must|to) be enabled|billing account for .* (disabled|not)"
        ),
        "no billing account pays for the project: `groundwork doctor --env NAME` shows how to link one.",
    ),
    Remedy(
        re.compile(r"(?i)constraints/|permitted customer|organization policy"),
        "a policy of the organization that the project belongs to forbids this: ask who administers it, or use a project that "
        "belongs to none.",
    ),
    Remedy(
        re.compile(r"SERVICE_DISABLED|it is disabled"),
        "an API is off: add it to the environment's services, or, if it was just enabled, wait a minute and run again.",
    ),
    Remedy(
        re.compile(r"(?i)quota"),
        "a quota is used up: ask for more in the Google Cloud console (IAM & Admin, Quotas), or use less.",
    ),
    Remedy(
        re.compile(r"(?i)PERMISSION_DENIED|Error 403|Permission '|does not have \S+ access"),
        "your login lacks a permission: ask an operator of the project for a role that includes it.",
        Exit.PERMISSION,
    ),
    Remedy(
        re.compile(r"(?i)Error 401|UNAUTHENTICATED|could not find default credentials|oauth2: "),
        "you are not logged in: run `groundwork login --env NAME`.",
        Exit.PERMISSION,
    ),
    Remedy(
        re.compile(r"(?i)bucket namespace is shared|bucket name is not available"),
        "somebody else has a bucket of that name, and bucket names are global: rename it under buckets: in the environment "
        "file, or choose another project id before anything is there.",
    ),
    Remedy(
        re.compile(r"(?i)Error 409|already exists"),
        "something with that name exists that Terraform does not know of: take it over with `groundwork adopt`, or delete it.",
    ),
    Remedy(
        re.compile(
            r"(?i)Failed to (query available|install) provider|Could not (retrieve|load) .*provider|registry\S* .*(dial|lookup|timeout)"
        ),
        "the real provider could not be fetched: go online once, put it into a mirror (`terraform providers mirror`; for OpenTofu "
        "`tofu providers mirror`, since it looks elsewhere), or leave out PROVIDER=google.",
    ),
    Remedy(
        re.compile(r"Unsupported Terraform Core version"),
        "this Terraform is too old: `groundwork doctor` says which one is used and what is needed.",
    ),
    Remedy(
        re.compile(r"does not support (resource type|data source|ephemeral resource)"),
        "our provider does not have this type: set PROVIDER=google to use Google's own on the same local cloud, or look for a typo.",
        Exit.USAGE,
    ),
    Remedy(
        re.compile(r"(?i)saved plan is stale"), "something changed between plan and apply: run the same command again."
    ),
)


def remedy(text: str) -> Remedy | None:
    """The first remedy that matches the text."""
    return next((entry for entry in REMEDIES if entry.pattern.search(text)), None)


def advised(failure: TerraformFailed) -> GroundworkError:
    """The failure as one error: what failed, each diagnostic once with its resources, what to do, and the command."""
    if not failure.diagnostics:
        return failure
    lines: list[str] = []
    advices: dict[str, None] = {}
    for (summary, detail), where in _grouped(failure.diagnostics).items():
        lines += [
            f"{summary}" + (f" ({', '.join(where)})" if where else ""),
            *(f"  {line}" for line in detail.splitlines() if line.strip()),
        ]
        if found := remedy(f"{summary}\n{detail}"):
            advices.setdefault(found.advice)
    lines += [f"→ {advice}" for advice in advices]
    error = GroundworkError(failure.message, [*lines, *failure.details])
    codes = {found.code for item in failure.diagnostics if (found := remedy(item.text))}
    error.exit_code = codes.pop() if len(codes) == 1 else failure.exit_code
    return error


def _grouped(diagnostics: Sequence[Diagnostic]) -> dict[tuple[str, str], list[str]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for found in diagnostics:
        where = groups.setdefault((found.summary, found.detail), [])
        place = found.address or found.place
        if place and place not in where:
            where.append(place)
    return groups
