"""Checks that an open billing account is linked to the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from shutil import which
from typing import Any

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.terraform.process import run


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """The billing account that pays. Where the Billing API is off, as in every new project, gcloud is asked, which does not need it."""
    try:
        found = cloud.request("GET", "cloudbilling", f"v1/projects/{environment.project}/billingInfo")
    except CloudProblem as problem:
        found = _by_gcloud(environment) if problem.switched_off else {}
        if not found:
            yield not_asked("billing", environment, problem)
            return
    account = str(found.get("billingAccountName", "")).rpartition("/")[2]
    if found.get("billingEnabled"):
        yield CheckResult("billing", "ok", f"account {account}")
        yield from _budget(environment, account)
    elif account:
        yield CheckResult(
            "billing",
            "broken",
            f"account {account} is linked to {environment.project}, but closed: nothing is paid",
            f"reopen it at https://console.cloud.google.com/billing/{account}, or {_link(environment)}",
        )
    else:
        yield CheckResult("billing", "broken", f"{environment.project} has no billing account", _link(environment))


def _budget(environment: Environment, account: str) -> Iterator[CheckResult]:
    """A budget on another account would be created, and never count anything."""
    if environment.budget and environment.budget.billing_account not in ("", account):
        yield CheckResult(
            "budget",
            "broken",
            f"it is on account {environment.budget.billing_account}, but {account} pays for {environment.project}: it would never send an e-mail",
            f"put `billing_account: {account}` into {environment.file}",
        )


def _link(environment: Environment) -> str:
    return (
        f"link one: `gcloud billing projects link {environment.project} --billing-account=ACCOUNT` "
        "(`gcloud billing accounts list` lists yours)"
    )


def _by_gcloud(environment: Environment) -> dict[str, Any]:
    """The answer of gcloud, None if it has none."""
    if not which("gcloud"):
        return {}
    argv = ["gcloud", "billing", "projects", "describe", environment.project, "--format=json", "--quiet"]
    done = run(argv, seconds=60)
    try:
        found = json.loads(done.out) if done.code == 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
