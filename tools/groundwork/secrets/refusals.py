"""Secret Manager's errors as sentences: who lacks which permission, whom to ask, and what else to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.official import said
from groundwork.people.access import Cell, RolePermissions
from groundwork.people.personas import PolicyTarget, personas
from groundwork.people.remedies import remedies
from groundwork.resources.kind import Action
from groundwork.text import listed

# The API is off, or there is no such project: https://cloud.google.com/apis/design/errors#error_model, google.api.ErrorReason.
_NOTHING_THERE = ("SERVICE_DISABLED", "CONSUMER_INVALID")


@dataclass(frozen=True)
class SecretAccess:
    """A request to Secret Manager: by whom ("" if unknown), its verb ("read"), its permission, its secret and version."""

    cloud: GoogleCloud
    environment: Environment
    who: str
    doing: str
    permission: str
    name: str = ""
    version: str = ""

    @property
    def subject(self) -> str:
        """The secret, or all of them."""
        return self.name or f"the secrets of {self.environment.project}"


def sentence(asked: SecretAccess, problem: Any) -> GroundworkError:
    """The error for a refusal; without a `problem` it is a missing permission."""
    from google.auth.exceptions import RefreshError

    code = int(getattr(problem, "code", None) or 0) if problem is not None else 403
    if isinstance(problem, RefreshError) or code == 401:
        return _login(asked)
    if getattr(problem, "reason", "") in _NOTHING_THERE or (code == 404 and not _exists(asked)):
        return _missing_secret(asked)
    if code == 403:
        return _denied(asked)
    if code == 404:
        return _no_version(asked)
    if code == 400:
        return _wrong_state(asked, problem)
    return _no_answer(asked, code)


def operators(environment: Environment) -> tuple[str, ...]:
    """Whom to ask: the members with the operator persona."""
    return tuple(member.email for member in environment.members.values() if member.role == "operator")


def _login(asked: SecretAccess) -> PermissionProblem:
    if asked.cloud.simulated:
        return PermissionProblem(
            f"The local cloud (simulated) has no identity {asked.who}: `groundwork up --env {asked.environment.name}` creates those of "
            f"{asked.environment.file}."
        )
    return PermissionProblem(
        f"The login is no longer valid, so {asked.subject} could not be accessed: run `groundwork login --env "
        f"{asked.environment.name}`."
    )


def _exists(asked: SecretAccess) -> bool:
    """Whether the secret itself exists, after a version was not found: Google's error is the same for both."""
    path = f"v1/projects/{asked.environment.project}/secrets/{asked.name}"
    try:
        asked.cloud.request("GET", "secretmanager", path)
    except CloudProblem as problem:
        return problem.code != 404
    return True


def _missing_secret(asked: SecretAccess) -> GroundworkError:
    what = f"{asked.name} is in {asked.environment.file} but" if asked.name else "Secret Manager is"
    return GroundworkError(
        f"{what} not in project {asked.environment.project} yet: run `groundwork up --env {asked.environment.name}` first."
    )


def _denied(asked: SecretAccess) -> PermissionProblem:
    who = asked.who or "Your login"
    return PermissionProblem(
        f"{who} may not {asked.doing} {asked.subject}: the permission {asked.permission} is missing.",
        list(_help(asked)),
    )


def _help(asked: SecretAccess) -> list[str]:
    environment = asked.environment
    people = [person for person in operators(environment) if person != asked.who]
    whom = f"{listed(people)} (operator)" if people else "an owner of the project"
    target = PolicyTarget("secret", asked.name) if asked.name else PolicyTarget("project")
    action = Action("", asked.permission, "", "", "")
    cell = Cell(asked.who or "EMAIL", target, action, ())
    try:
        known = personas(environment.root)
        lines = remedies(cell, environment, known, RolePermissions(asked.cloud))
    except GroundworkError:
        lines = (f"groundwork onboard {cell.person} --role ... --env {environment.name}",)
    return [f"Ask {whom} of {environment.project} to run:", *(f"  {line}" for line in lines)]


def _no_version(asked: SecretAccess) -> GroundworkError:
    if asked.version == "latest":
        return GroundworkError(
            f"{asked.name} has no value yet: set one with `groundwork secrets set {asked.name} --env {asked.environment.name}`."
        )
    return GroundworkError(
        f"{asked.name} has no version {asked.version}: `groundwork secrets list --env {asked.environment.name}` lists its versions."
    )


def _wrong_state(asked: SecretAccess, problem: Any) -> GroundworkError:
    state = next((word for word in ("destroyed", "disabled") if word.upper() in str(problem)), "")
    which = "its newest version" if asked.version == "latest" else f"its version {asked.version}"
    if not state or not asked.version:
        return GroundworkError(f"Secret Manager refused to {asked.doing} {asked.subject} (HTTP 400).", [said(problem)])
    remedy = (
        f"enable it with `groundwork secrets enable {asked.name} {asked.version}`, or choose another with --version"
        if state == "disabled"
        else f"its value is gone for good; choose another version, or set {asked.name} again"
    )
    return GroundworkError(f"Nobody can {asked.doing} {asked.name}: {which} is {state}: {remedy}.")


def _no_answer(asked: SecretAccess, code: int) -> GroundworkError:
    why = f"it answered HTTP {code}" if code else "it could not be reached"
    unsure = (
        f" It is unknown whether {asked.name} got a new version: `groundwork secrets list` shows it."
        if asked.permission.endswith("versions.add")
        else ""
    )
    return GroundworkError(
        f"Secret Manager did not {asked.doing} {asked.subject}: {why}; run the same command again.{unsure}"
    )
