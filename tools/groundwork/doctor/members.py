"""Checks the members of the file: leftover examples, and addresses that IAM spells differently."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.placeholders import placeholders
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.resources import policies
from groundwork.resources.bindings import account, address
from groundwork.resources.item import Item
from groundwork.text import listed


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Both checks; they use the project's policy, in which every persona has a role."""
    file = environment.file
    left = placeholders(environment)
    if left:
        yield CheckResult(
            "placeholders",
            "broken",
            f"{file} still contains {listed(left)}",
            "replace them with your team's own values",
        )
    try:
        policy = policies.read(cloud, Item("project", cloud.project))
    except CloudProblem as problem:
        yield not_asked("members", environment, problem)
        return
    people = [one for binding in policy.get("bindings", ()) for one in binding.get("members", ())]
    known = {address(one) for one in people if one.startswith(("user:", "group:"))}
    primary = {account(email): email for email in sorted(known)}
    others = [email for email in environment.members if email.lower() not in known and account(email) in primary]
    for email in others:
        stored = primary[account(email)]
        text = f"IAM stores {email} as {stored}: every `up` creates the grant again"
        yield CheckResult("members", "broken", text, f"use {stored} in {file}")
    if not others and not left:
        yield CheckResult(
            "members", "ok", f"none of {len(environment.members)} is spelled differently in the project's policy"
        )
