"""Checks the APIs of both layers: whether Service Usage lists them as enabled, and whether they respond."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.lifecycle.prerequisites import APIS
from groundwork.text import listed

_NAMED = re.compile(r'"([a-z]+)\.googleapis\.com"')
_HOST = ".googleapis.com"
_AT_ONCE = 8
_HERE = "v1/projects/{project}/locations"
# A list call of each API. The Security Token Service has none, and belongs to no project.
_CALLS = {
    "aiplatform": _HERE,
    "artifactregistry": _HERE,
    "billingbudgets": "",
    "bigquery": "v2/projects/{project}/datasets",
    "cloudbilling": "v1/projects/{project}/billingInfo",
    "cloudbuild": "v2/projects/{project}/locations",
    "cloudfunctions": "v2/projects/{project}/locations",
    "cloudresourcemanager": "v1/projects/{project}",
    "cloudscheduler": _HERE,
    "compute": "v1/projects/{project}",
    "eventarc": _HERE,
    "iam": "v1/projects/{project}/serviceAccounts",
    "logging": "v2/projects/{project}/sinks",
    "monitoring": "v3/projects/{project}/alertPolicies",
    "pubsub": "v1/projects/{project}/topics",
    "run": _HERE,
    "secretmanager": "v1/projects/{project}/secrets",
    "serviceusage": "v1/projects/{project}/services",
    "storage": "v1/b",
}


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Which APIs are off, which are enabled and still fail, or that all respond."""
    path = f"v1/projects/{environment.project}/services"
    query = {"filter": "state:ENABLED", "pageSize": 200}
    try:
        on = {
            str(service["name"]).rpartition("/")[2].removesuffix(_HOST)
            for service in cloud.pages("serviceusage", path, "services", query)
        }
    except CloudProblem as problem:
        yield not_asked("APIs", environment, problem, "broken")
        return
    wanted = of_both_layers(environment)
    tried = [api for api in wanted if api in on]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = dict(zip(tried, pool.map(partial(_call, cloud), tried), strict=True))
    yield _all(wanted, answers)
    for api, refusal in answers.items():
        if refusal and not refusal.switched_off:
            yield not_asked(f"API {api}", environment, refusal)


def _all(apis: Sequence[str], answers: Mapping[str, CloudProblem | None]) -> CheckResult:
    off = [api + _HOST for api in apis if api not in answers]
    late = [api + _HOST for api, problem in answers.items() if problem and problem.switched_off]
    well = [api for api, problem in answers.items() if problem is None]
    words = [f"{listed(off)} {'is' if len(off) == 1 else 'are'} off"] if off else []
    words += [f"{listed(late)} {'is' if len(late) == 1 else 'are'} on, but calls are still refused"] if late else []
    if not words:
        return CheckResult("APIs", "ok", f"{len(well)} of {len(apis)} answer: {listed(well)}")
    remedy = "`up` enables them and waits until they answer" if off else "this takes some minutes after it was enabled"
    return CheckResult(
        "APIs", "note", "; ".join(words), remedy if off else f"{remedy}: `up` waits, or run doctor again"
    )


def of_both_layers(environment: Environment) -> list[str]:
    """The APIs that `up` needs and enables, from the Terraform of both layers and the file."""
    files = (environment.root / "infra").glob("*/services.tf")
    names = {api for file in files for api in _NAMED.findall(file.read_text("utf-8"))}
    runs = bool(environment.services or environment.functions or environment.jobs)
    used = {
        "aiplatform": bool(environment.training),
        "billingbudgets": environment.budget is not None and bool(environment.budget.billing_account),
        "cloudbuild": bool(environment.builds or environment.functions),
        "cloudfunctions": bool(environment.functions),
        "cloudscheduler": bool(environment.scheduled),
        "compute": bool(environment.workstations),
        "eventarc": bool(environment.triggered),
        "logging": runs or bool(environment.builds or environment.training),
        "pubsub": bool(environment.triggered),
        "run": runs,
    }
    names -= {api for api, is_used in used.items() if not is_used}
    return sorted(names | {api.removesuffix(_HOST) for api in APIS})


def _call(cloud: GoogleCloud, api: str) -> CloudProblem | None:
    """Calls an API and returns its error; a missing permission counts as a response."""
    path = _CALLS.get(api, "").format(project=cloud.project)
    if not path:
        return None
    params = {"project": cloud.project, "maxResults": 1} if api == "storage" else {}
    try:
        cloud.request("GET", api, path, params=params)
    except CloudProblem as problem:
        return None if problem.code in (403, 404) and not problem.switched_off else problem
    return None
