"""Logging in: application default credentials by gcloud, the quota project, and impersonation of the deployer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shutil import which

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem, UsageProblem
from groundwork.google import isolation
from groundwork.google.cloud import google_cloud
from groundwork.login import deployer, identity
from groundwork.login.deployer import Impersonation
from groundwork.login.identity import DEPLOYER_VARIABLE, FILE_VARIABLE, TOKEN_VARIABLE, Caller
from groundwork.terraform.process import attended, run
from groundwork.terraform.talk import Talk

GCLOUD_PAGE = "https://cloud.google.com/sdk/docs/install"
_ADC = ("gcloud", "auth", "application-default")


@dataclass(frozen=True)
class LoginOptions:
    """How to log in: `again` even if the login is valid, `impersonate` the deployer, with a `browser` on this machine or not."""

    again: bool = False
    impersonate: bool = False
    browser: bool = True


def command(environment: Environment, options: LoginOptions) -> tuple[str, ...]:
    """The gcloud command."""
    as_deployer = ("--impersonate-service-account", environment.deployer) if options.impersonate else ()
    return (*_ADC, "login", *as_deployer, *(() if options.browser else ("--no-launch-browser",)))


def quota_command(environment: Environment) -> tuple[str, ...]:
    """The command that makes the environment's project the quota project."""
    return (*_ADC, "set-quota-project", environment.project)


def check_shell(environment: Environment, variables: Mapping[str, str], options: LoginOptions) -> None:
    """Raises UsageProblem for a variable that overrides every login, and for local endpoints."""
    isolation.refuse_elsewhere(variables, environment.name)
    for name in (TOKEN_VARIABLE, FILE_VARIABLE):
        if variables.get(name):
            raise UsageProblem(
                f"{name} is set and overrides every login, so logging in would change nothing: unset {name} and run again."
            )
    if options.impersonate and variables.get(DEPLOYER_VARIABLE):
        raise UsageProblem(
            f"{DEPLOYER_VARIABLE} is set, and the deployer cannot act as itself: unset {DEPLOYER_VARIABLE}, or leave out "
            "--impersonate."
        )


def login(
    environment: Environment, variables: Mapping[str, str], options: LoginOptions, talk: Talk
) -> tuple[Caller, Impersonation]:
    """Logs in unless the login is valid, sets the quota project, and tries the deployer.

    Raises UsageProblem, GroundworkError when gcloud is not there, PermissionProblem when nobody is logged in afterwards.
    """
    check_shell(environment, variables, options)
    if not which("gcloud"):
        raise GroundworkError(f"gcloud, which is needed to log in, was not found: install it from {GCLOUD_PAGE}.")
    who = None if options.again or options.impersonate else _valid(environment, variables)
    if who is None:
        argv = command(environment, options)
        if code := attended(argv):
            raise PermissionProblem(f"gcloud did not log you in (exit code {code}): run `{' '.join(argv)}` to see why.")
        who = identity.of(google_cloud(environment.project, variables), variables)
    if not who.impersonated and who.quota_project != environment.project:
        who = _charge(environment, variables, who, talk)
    return who, deployer.ask(google_cloud(environment.project, variables), environment, who.principal)


def _valid(environment: Environment, variables: Mapping[str, str]) -> Caller | None:
    try:
        return identity.of(google_cloud(environment.project, variables), variables)
    except PermissionProblem:
        return None


def _charge(environment: Environment, variables: Mapping[str, str], caller: Caller, talk: Talk) -> Caller:
    """Sets the quota project; without the permission for it the login still works."""
    done = run(quota_command(environment), seconds=120)
    if done.code:
        why = next((line for line in done.err.splitlines() if line.startswith("ERROR")), "").partition(") ")[2]
        talk.say(
            f"note: {environment.project} could not be set as the quota project "
            f"({why or f'exit code {done.code}'}); that needs serviceusage.services.use, which every persona has."
        )
        return caller
    return identity.of(google_cloud(environment.project, variables), variables)
