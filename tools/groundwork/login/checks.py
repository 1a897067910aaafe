"""What `doctor` asks about a login on Google Cloud: who, project, billing, APIs, permissions that `up` needs, clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from shutil import which
from typing import Literal, NamedTuple

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.lifecycle.prerequisites import APIS
from groundwork.login import deployer, identity
from groundwork.login.identity import Identity
from groundwork.terraform.process import run
from groundwork.text import listed

Health = Literal["ok", "missing", "broken", "note"]
NOTED_SKEW = timedelta(seconds=30)
BROKEN_SKEW = timedelta(minutes=5)
"""Source: https://developers.google.com/identity/protocols/oauth2/service-account, tokens from a clock that is off are refused."""

# What both layers create, change and delete, by the permission on the project that each call needs. What somebody may do in a
# bucket that they made comes with the bucket, so the project need not give it.
# Source: https://cloud.google.com/iam/docs/permissions-reference.
PERMISSIONS = (
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "serviceusage.services.enable",
    "serviceusage.services.list",
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.list",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccounts.update",
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.delete",
    "artifactregistry.repositories.setIamPolicy",
    "artifactregistry.repositories.update",
    "secretmanager.secrets.create",
    "secretmanager.secrets.delete",
    "secretmanager.secrets.setIamPolicy",
    "secretmanager.secrets.update",
)
GITHUB_PERMISSIONS = (
    "iam.googleapis.com/workloadIdentityPoolProviders.create",
    "iam.googleapis.com/workloadIdentityPoolProviders.update",
    "iam.googleapis.com/workloadIdentityPools.create",
    "iam.googleapis.com/workloadIdentityPools.update",
)


class Row(NamedTuple):
    """A line of `doctor`: "broken" is needed and does not work, "missing" is needed for some things only."""

    subject: str
    health: Health
    text: str
    remedy: str = ""


def rows(cloud: Cloud, environment: Environment) -> Iterator[Row]:
    """Everything about the login; when nobody is logged in that is all there is to say."""
    again = f"run `groundwork login --env {environment.name} --again`"
    try:
        who = identity.of(cloud, os.environ)
    except GroundworkError as error:
        yield Row("login", "broken", error.message, again)
        return
    yield Row(
        "login", "ok", f"{who.principal or 'somebody'} by {who.source}, token expires {who.expiry(datetime.now(UTC))}"
    )
    yield from _quota(cloud, environment, who)
    yield from _gcloud_account(environment, who)
    for look in LOOKS:
        yield from look(cloud, environment)
    found = deployer.ask(cloud, environment, who.principal)
    yield Row("deployer", "note" if found.answer in ("no", "unknown") else "ok", found.text)


def _quota(cloud: Cloud, environment: Environment, who: Identity) -> Iterator[Row]:
    if who.impersonated or who.quota_project == environment.project:
        return
    if who.quota_project:
        text = f"calls are charged to {who.quota_project}, not to {environment.project}"
    elif cloud.credentials is not cloud.login:
        text = (
            "the login names none: many calls of other tools count for gcloud's own project, where their APIs are off"
        )
    else:
        return
    yield Row("quota project", "note", text, f"run `groundwork login --env {environment.name}`")


def _gcloud_account(environment: Environment, who: Identity) -> Iterator[Row]:
    """gcloud and everything else log in apart from each other; two accounts are a common trap."""
    if not which("gcloud"):
        return
    done = run(["gcloud", "config", "get", "account", "--quiet"], seconds=30)
    account = done.out.strip()
    if done.code or not account or account == "(unset)":
        yield Row("gcloud account", "missing", "gcloud itself is not logged in", "run `gcloud auth login`")
    elif not who.principal:
        text = f"gcloud is {account}; whether everything else is too cannot be told, since Google does not say whose the login is"
        yield Row("gcloud account", "note", text, f"run `groundwork login --env {environment.name} --again`")
    elif not who.impersonated and account.lower() != who.principal.lower():
        text = f"gcloud is {account}, everything else is {who.principal}"
        yield Row("gcloud account", "note", text, f"run `gcloud auth login {who.principal}`")
    else:
        yield Row("gcloud account", "ok", account)


def _project(cloud: Cloud, environment: Environment) -> Iterator[Row]:
    try:
        found = cloud.request("GET", "cloudresourcemanager", f"v1/projects/{environment.project}")
    except CloudProblem as problem:
        if problem.reason == "SERVICE_DISABLED":
            yield Row("project", "note", "cannot be asked for yet: the Resource Manager API is off", "`up` enables it")
            return
        yield Row(
            "project",
            "broken",
            problem.message,
            f"create {environment.project} in the console, put your own project's id into envs/{environment.path.name}, or log "
            "in as somebody who may see it",
        )
        return
    state = str(found.get("lifecycleState", ""))
    if state != "ACTIVE":
        remedy = f"run `gcloud projects undelete {environment.project}` within 30 days of its deletion"
        yield Row("project", "broken", f"{environment.project} is {state}", remedy)
    else:
        yield Row("project", "ok", f"{environment.project} answers (number {found.get('projectNumber')})")


def _billing(cloud: Cloud, environment: Environment) -> Iterator[Row]:
    remedy = (
        f"link one: `gcloud billing projects link {environment.project} --billing-account=ACCOUNT` "
        "(`gcloud billing accounts list` lists yours)"
    )
    try:
        found = cloud.request("GET", "cloudbilling", f"v1/projects/{environment.project}/billingInfo")
    except CloudProblem as problem:
        yield Row("billing", "note", f"could not be asked: {problem.message}", how_to_ask(environment, problem))
        return
    account = str(found.get("billingAccountName", "")).rpartition("/")[2]
    if found.get("billingEnabled"):
        yield Row("billing", "ok", f"account {account}")
    else:
        yield Row("billing", "broken", f"{environment.project} has no billing account that pays", remedy)


def _apis(cloud: Cloud, environment: Environment) -> Iterator[Row]:
    path = f"v1/projects/{environment.project}/services"
    try:
        on = {
            str(service["name"]).rpartition("/")[2]
            for service in cloud.pages("serviceusage", path, "services", {"filter": "state:ENABLED", "pageSize": 200})
        }
    except CloudProblem as problem:
        yield Row("APIs", "broken", f"could not be asked: {problem.message}", how_to_ask(environment, problem))
        return
    off = sorted(set(APIS) - on)
    if off:
        yield Row("APIs", "note", f"{listed(off)} are off", "`up` enables them, with those that the file needs")
    else:
        yield Row("APIs", "ok", f"{len(on)} are on; `up` enables those that the file needs")


def how_to_ask(environment: Environment, problem: CloudProblem) -> str:
    """What to do about a question that was refused."""
    if problem.reason == "SERVICE_DISABLED":
        api = problem.message.split()[1]
        return f"run `gcloud services enable {api}.googleapis.com --project {environment.project}` and wait a minute"
    return "ask an owner of the project" if problem.code == 403 else "run doctor again"


def _permissions(cloud: Cloud, environment: Environment) -> Iterator[Row]:
    wanted = [*PERMISSIONS, *(GITHUB_PERMISSIONS if environment.github else ())]
    path = f"v1/projects/{environment.project}:testIamPermissions"
    try:
        held = set(
            cloud.request("POST", "cloudresourcemanager", path, json={"permissions": wanted}).get("permissions", ())
        )
    except CloudProblem as problem:
        yield Row("permissions", "broken", f"could not be asked: {problem.message}", how_to_ask(environment, problem))
        return
    missing = [permission for permission in wanted if permission not in held]
    if not missing:
        yield Row("permissions", "ok", f"all {len(wanted)} that `up` needs")
        return
    yield Row(
        "permissions",
        "missing",
        f"{len(missing)} of {len(wanted)} that `up` needs are missing: {listed(missing[:4])}{' ...' if len(missing) > 4 else ''}",
        f"for `up` and `down`, act as the deployer: export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={environment.deployer} (operators "
        "may); before the first `up`, an owner of the project runs it",
    )


def _clock(cloud: Cloud, _environment: Environment) -> Iterator[Row]:
    import requests

    try:
        answered = requests.head(cloud.address("cloudresourcemanager"), timeout=10).headers.get("Date", "")
    except requests.RequestException:
        answered = ""
    yield clock_row(answered, datetime.now(UTC))


def clock_row(answered: str, now: datetime) -> Row:
    """How far this machine's clock is from a server's Date header."""
    try:
        skew = now - parsedate_to_datetime(answered)
    except (ValueError, TypeError):
        return Row("clock", "note", "could not be compared: the server did not say what time it is", "run doctor again")
    seconds = round(skew.total_seconds())
    if abs(skew) <= NOTED_SKEW:
        return Row("clock", "ok", "agrees with Google's")
    health: Health = "broken" if abs(skew) > BROKEN_SKEW else "note"
    side = "ahead of" if seconds > 0 else "behind"
    return Row(
        "clock",
        health,
        f"{abs(seconds)} s {side} Google's; logins fail when it is far off",
        "set it by the network: `timedatectl set-ntp true`",
    )


Look = Callable[[Cloud, Environment], Iterator[Row]]
LOOKS: tuple[Look, ...] = (_project, _billing, _apis, _permissions, _clock)
