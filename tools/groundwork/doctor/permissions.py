"""Checks that the caller, and the deployer by its own token, have the permissions that `up` and `down` need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.login import deployer
from groundwork.resources.kind import several
from groundwork.resources.registry import provisionings
from groundwork.text import listed


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """The caller's own."""
    wanted = needed(environment)
    try:
        missing = _missing(cloud, wanted)
    except CloudProblem as problem:
        yield not_asked("permissions", environment, problem, "broken")
        return
    if not missing:
        yield CheckResult("permissions", "ok", f"all {len(wanted)} that `up` needs")
        return
    yield CheckResult(
        "permissions",
        "missing",
        f"{_few(missing, len(wanted))} that `up` needs are missing{_named(missing)}",
        f"for `up` and `down`, act as the deployer: export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={environment.deployer} (operators "
        "may); before the first `up`, an owner of the project runs it",
    )


def of_deployer(cloud: GoogleCloud, environment: Environment, principal: str) -> Iterator[CheckResult]:
    """Whether the caller may act as the deployer, and what the deployer itself may do, deleting included."""
    found = deployer.ask(cloud, environment, principal)
    remedy = f"an operator of the team can grant it: `groundwork onboard {principal or 'YOU'} --role operator --env {environment.name}`"
    yield CheckResult(
        "deployer",
        "note" if found.answer in ("no", "not yet", "unknown") else "ok",
        found.text,
        remedy if found.answer == "no" else "",
    )
    if not found.token:
        return
    from google.oauth2.credentials import Credentials

    wanted = needed(environment)
    acting = replace(cloud, login=Credentials(found.token))  # type: ignore[no-untyped-call]
    try:
        missing = _missing(acting, wanted)
    except CloudProblem as problem:
        yield not_asked("deployer's permissions", environment, problem)
        return
    if missing:
        yield CheckResult(
            "deployer's permissions",
            "broken",
            f"{_few(missing, len(wanted))} that `up` and `down` need are missing{_named(missing)}",
            f"an owner of the project runs `groundwork up --env {environment.name}` as themselves, which restores them; after "
            "a grant that can take some minutes",
        )
    else:
        yield CheckResult(
            "deployer's permissions", "ok", f"all {len(wanted)} that `up` and `down` need, asked as itself"
        )


def needed(environment: Environment) -> tuple[str, ...]:
    """The permissions on the project that `up` and `down` of this environment need, from the kinds of resources in it.

    Source: https://cloud.google.com/iam/docs/permissions-reference.
    """
    used = (how for how in provisionings().values() if how.uses(environment))
    return tuple(dict.fromkeys(permission for how in used for permission in several(how.permissions)))


def _missing(cloud: GoogleCloud, permissions: tuple[str, ...]) -> list[str]:
    path = f"v1/projects/{cloud.project}:testIamPermissions"
    answer = cloud.request("POST", "cloudresourcemanager", path, json={"permissions": list(permissions)})
    granted = set(answer.get("permissions", ()))
    return [permission for permission in permissions if permission not in granted]


def _few(missing: list[str], total: int) -> str:
    return f"{len(missing)} of {total}"


def _named(missing: list[str]) -> str:
    return f": {listed(missing[:4])}{' ...' if len(missing) > 4 else ''}"
