"""Checks the billing export: whether its dataset has a table, where that is, and whether a query may run."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.cost.billing.bigquery import ENABLE, TABLES
from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud

_JOB = "bigquery.jobs.create"


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Nothing where the file names no export."""
    export = environment.cost.get("export")
    if not export:
        return
    path = f"v2/projects/{export['project']}/datasets/{export['dataset']}"
    try:
        dataset = cloud.request("GET", "bigquery", path)
        tables = [
            str(table["tableReference"]["tableId"]) for table in cloud.pages("bigquery", f"{path}/tables", "tables")
        ]
        body = {"permissions": [_JOB]}
        asked = f"v1/projects/{environment.project}:testIamPermissions"
        may = cloud.request("POST", "cloudresourcemanager", asked, json=body).get("permissions", ())
    except CloudProblem as problem:
        yield _unread(environment, export, problem)
        return
    name, place = f"{export['project']}.{export['dataset']}", str(dataset.get("location", ""))
    if place.lower() != str(export.get("location", "EU")).lower():
        remedy = f"set location: {place} under cost.export in {environment.file}"
        yield CheckResult(
            "billing export", "broken", f"{name} is in {place}, not in {export.get('location', 'EU')}", remedy
        )
    elif not any(table.startswith(TABLES) for table in tables):
        remedy = f"switch it on in the console at {ENABLE}; the first rows arrive some hours later"
        yield CheckResult("billing export", "missing", f"{name} has no table {TABLES[0]}…", remedy)
    elif _JOB not in may:
        yield CheckResult(
            "billing export",
            "missing",
            f"{name} exists, but you may not run queries: {_JOB} is missing on {environment.project}",
            "ask an owner of the project for roles/bigquery.jobUser on it",
        )
    else:
        yield CheckResult("billing export", "ok", f"{name} in {place}")


def _unread(environment: Environment, export: dict[str, str], problem: CloudProblem) -> CheckResult:
    if problem.code == 404:
        text = f"there is no dataset {export['project']}.{export['dataset']}"
        return CheckResult("billing export", "broken", text, f"correct cost.export in {environment.file}")
    if problem.code == 403 and not problem.reason:
        remedy = f"ask an owner of {export['project']} for roles/bigquery.dataViewer on the dataset"
        return CheckResult("billing export", "missing", f"may not be read: {problem.message}", remedy)
    return not_asked("billing export", environment, problem)
