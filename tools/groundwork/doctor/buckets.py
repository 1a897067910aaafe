"""Checks the bucket names, which are global: free, this project's, or taken by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.text import listed

_AT_ONCE = 8
_FREE: dict[str, Any] = {}


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Every bucket of the file and the one that keeps Terraform's state, which must be in the file's region."""
    names = [environment.state_bucket, *(bucket.full_name for bucket in environment.buckets.values())]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(names, pool.map(partial(_ask, cloud), names), strict=True))
    number = _number(cloud)
    ours, free = [], []
    for name, answer in found.items():
        if isinstance(answer, CloudProblem):
            yield _refused(environment, name, answer)
        elif answer is _FREE:
            free.append(name)
        elif number and str(answer.get("projectNumber", number)) != number:
            yield _foreign(environment, name, f"it is in project number {answer['projectNumber']}")
        else:
            ours.append(name)
    state = found[environment.state_bucket]
    if environment.state_bucket in ours and isinstance(state, dict):
        yield from _state(environment, state)
    words = [f"{len(free)} of {len(names)} names are free"] if free else []
    words += [f"{listed(ours)} {'is' if len(ours) == 1 else 'are'} this project's"] if ours else []
    if len(free) + len(ours) == len(names):
        yield CheckResult("buckets", "ok", ", ".join(words))


def _ask(cloud: GoogleCloud, name: str) -> dict[str, Any] | CloudProblem:
    try:
        return cloud.request("GET", "storage", f"v1/b/{name}")
    except CloudProblem as problem:
        return _FREE if problem.code == 404 else problem


def _number(cloud: GoogleCloud) -> str:
    """The project's number, "" if Resource Manager does not reveal it."""
    try:
        return str(cloud.request("GET", "cloudresourcemanager", f"v1/projects/{cloud.project}")["projectNumber"])
    except CloudProblem:
        return ""


def _refused(environment: Environment, name: str, problem: CloudProblem) -> CheckResult:
    """The result for an error. A free name is a 404 for everybody, so a 403 means that the bucket exists."""
    if problem.code == 403 and not problem.reason:
        return _foreign(environment, name, "you may not see it")
    return not_asked("buckets", environment, problem)


def _foreign(environment: Environment, name: str, why: str) -> CheckResult:
    if name == environment.state_bucket:
        remedy = (
            f"ask an operator of {environment.project} for access, or choose another project ID in {environment.file}"
        )
    else:
        remedy = f"rename it under buckets: in {environment.file}, or choose another project ID"
    return CheckResult("buckets", "broken", f"{name} is taken: {why}", remedy)


def _state(environment: Environment, bucket: dict[str, Any]) -> Iterator[CheckResult]:
    place = str(bucket.get("location", "")).lower()
    if place and place != environment.region:
        yield CheckResult(
            "state bucket",
            "broken",
            f"{environment.state_bucket} is in {place}, the file says {environment.region}, and a bucket cannot move",
            f"set region: {place} in {environment.file}; to move for good, `groundwork down --all` first",
        )
