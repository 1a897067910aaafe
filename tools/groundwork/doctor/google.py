"""The checks against Google Cloud: the login first, then everything else in parallel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from shutil import which

from groundwork.doctor import apis, billing, buckets, clock, export, github, members, permissions, project, training
from groundwork.doctor.finding import Check, CheckResult
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import GoogleCloud
from groundwork.login import identity
from groundwork.login.identity import Caller
from groundwork.terraform.process import run

CHECKS: tuple[Check, ...] = (
    project.check,
    billing.check,
    members.check,
    apis.check,
    permissions.check,
    buckets.check,
    github.check,
    export.check,
    clock.check,
    training.check,
)


def findings(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """The results for login and project; without a login, only that."""
    again = f"run `groundwork login --env {environment.name} --again`"
    try:
        who = identity.of(cloud, os.environ)
    except GroundworkError as error:
        yield CheckResult("login", "broken", error.message, again)
        return
    expires = f"token expires {who.expiry(datetime.now(UTC))}"
    if who.principal:
        yield CheckResult("login", "ok", f"{who.principal} by {who.source}, {expires}")
    else:
        yield CheckResult(
            "login", "note", f"Google does not reveal whose login it is; by {who.source}, {expires}", again
        )
    yield from _quota(cloud, environment, who)
    yield from _gcloud_account(environment, who)
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        for found in pool.map(lambda check: list(check(cloud, environment)), CHECKS):
            yield from found
    yield from permissions.of_deployer(cloud, environment, who.principal)


def _quota(cloud: GoogleCloud, environment: Environment, caller: Caller) -> Iterator[CheckResult]:
    if caller.impersonated or caller.quota_project == environment.project:
        return
    if caller.quota_project:
        text = f"the quota project is {caller.quota_project}, not {environment.project}"
    elif cloud.credentials is not cloud.login:
        text = "the login has none: many calls by other tools count for gcloud's own project, where their APIs are off"
    else:
        return
    yield CheckResult("quota project", "note", text, f"run `groundwork login --env {environment.name}`")


def _gcloud_account(environment: Environment, caller: Caller) -> Iterator[CheckResult]:
    """gcloud has a login of its own; using two accounts by accident is a common mistake."""
    if not which("gcloud"):
        return
    done = run(["gcloud", "config", "get", "account", "--quiet"], seconds=30)
    account = done.out.strip()
    if done.code or not account or account == "(unset)":
        yield CheckResult("gcloud account", "missing", "gcloud itself is not logged in", "run `gcloud auth login`")
    elif not caller.principal:
        text = f"gcloud is {account}; it is unknown whether everything else is too, because Google does not reveal whose login that is"
        yield CheckResult("gcloud account", "note", text, f"run `groundwork login --env {environment.name} --again`")
    elif not caller.impersonated and account.lower() != caller.principal.lower():
        text = f"gcloud is {account}, everything else is {caller.principal}"
        yield CheckResult("gcloud account", "note", text, f"run `gcloud auth login {caller.principal}`")
    else:
        yield CheckResult("gcloud account", "ok", account)
