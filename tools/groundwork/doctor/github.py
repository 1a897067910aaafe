"""Checks the GitHub repository whose workflows log in: its exact name, its owner's ID, its branch; and the identity pool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from groundwork.doctor.finding import CheckResult, not_asked
from groundwork.environment.values import Environment, Github
from groundwork.google.cloud import CloudProblem, GoogleCloud

API = "https://api.github.com"
_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
_SECONDS = 20


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """Nothing where the file names no repository."""
    github = environment.github
    if github is None:
        return
    yield from _repository(environment, github)
    yield from _pool(cloud, environment, github)


def _get(path: str) -> tuple[int, dict[str, Any]]:
    """GitHub's answer; status 0 when there was none. A token in the shell is used, as `gh` does."""
    import requests

    token = next((os.environ[name] for name in _TOKENS if os.environ.get(name)), "")
    headers = {"Accept": "application/vnd.github+json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        answer = requests.get(f"{API}/{path}", headers=headers, timeout=_SECONDS)
        found = answer.json()
    except (requests.RequestException, ValueError):
        return 0, {}
    return answer.status_code, found if isinstance(found, dict) else {}


def _repository(environment: Environment, github: Github) -> Iterator[CheckResult]:
    file = environment.file
    status, found = _get(f"repos/{github.repository}")
    if status == 404:
        yield CheckResult(
            "GitHub",
            "note",
            f"{github.repository} does not exist or is not public: its workflows can log in only if its name and its owner's number are correct",
            "run doctor again with a token that can see it: GH_TOKEN=$(gh auth token) groundwork doctor",
        )
        return
    if status != 200:
        yield CheckResult("GitHub", "note", f"could not be checked: {status or 'no answer'}", "run doctor again")
        return
    name, owner = str(found.get("full_name", "")), str(found.get("owner", {}).get("id", ""))
    if name != github.repository:
        text = (
            f"the repository is called {name}, but the file has {github.repository}, and workflows log in by that name"
        )
        yield CheckResult("GitHub", "broken", text, f"set repository: {name} in {file}, then `groundwork up`")
    elif owner != github.owner_id:
        text = f"the owner of {name} has the number {owner}, but the file has {github.owner_id}: no workflow can log in"
        yield CheckResult("GitHub", "broken", text, f'set owner_id: "{owner}" in {file}, then `groundwork up`')
    else:
        yield CheckResult("GitHub", "ok", f"{name}, owner {owner}")
    yield from _branch(github, name)


def _branch(github: Github, name: str) -> Iterator[CheckResult]:
    status, found = _get(f"repos/{name}/branches/{github.branch}")
    place = f"https://github.com/{name}/settings/branches"
    if status == 404:
        text = f"{name} has no branch {github.branch}, whose workflows may act as the deployer"
        yield CheckResult("GitHub branch", "broken", text, "push it, or correct github.branch in the environment file")
    elif status != 200:
        yield CheckResult("GitHub branch", "note", f"could not be checked: {status or 'no answer'}", "run doctor again")
    elif not found.get("protected"):
        text = f"{github.branch} is not protected: anybody who may push to it can change everything in the project"
        yield CheckResult("GitHub branch", "missing", text, f"protect it at {place}")
    else:
        yield CheckResult("GitHub branch", "ok", f"{github.branch} is protected")


def _pool(cloud: GoogleCloud, environment: Environment, github: Github) -> Iterator[CheckResult]:
    path = f"v1/projects/{environment.project}/locations/global/workloadIdentityPools/{github.pool}"
    try:
        found = cloud.request("GET", "iam", path)
    except CloudProblem as problem:
        if problem.code == 404 or problem.switched_off:
            yield CheckResult("identity pool", "ok", f"{github.pool} does not exist yet; `up` creates it")
        elif problem.code != 403:
            yield not_asked("identity pool", environment, problem)
        else:
            yield CheckResult(
                "identity pool", "note", f"could not be checked: {problem.message}", "ask an owner of the project"
            )
        return
    if found.get("state") == "DELETED":
        text = f"{github.pool} was deleted less than 30 days ago, and its name stays taken meanwhile"
        yield CheckResult("identity pool", "note", text, "`up` restores it")
    elif found.get("disabled"):
        remedy = f"run `gcloud iam workload-identity-pools update {github.pool} --location=global --no-disabled --project={environment.project}`"
        yield CheckResult("identity pool", "broken", f"{github.pool} is disabled: no workflow can log in", remedy)
    else:
        yield CheckResult("identity pool", "ok", f"{github.pool} exists")
