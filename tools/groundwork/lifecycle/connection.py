"""Cloud Build's connection to GitHub, which a person authorises once before Terraform can manage it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import Refused
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.operations import finish
from groundwork.text import counted

NAME = "github"
_API = "cloudbuild"
_HOST = f"{_API}.googleapis.com"

Say = Callable[[str], None]


def ensure(cloud: GoogleCloud, environment: Environment, checkout: Checkout, say: Say) -> None:
    """Checks that the GitHub connection in the file is authorised; on the local cloud, simulates it.

    Raises Refused with the page or the command for the human, GroundworkError.
    """
    github = environment.github
    if not environment.builds or github is None:
        return
    if not github.connected:
        say(f"{counted(len(environment.builds), 'build')} wait for GitHub: {_how(environment)}")
        return
    found = _found(cloud, environment)
    if found is None and not cloud.simulated:
        raise Refused(
            f"{environment.file} says connected: true below github, and project {environment.project} has no such "
            f"connection: {_how(environment)}"
        )
    if cloud.simulated and _stage(found) != "COMPLETE":
        _simulate(cloud, environment, checkout, github.repository, found, say)
        found = _found(cloud, environment)
    if _stage(found) != "COMPLETE":
        state = (found or {}).get("installationState", {})
        raise Refused(
            f"The connection to GitHub waits for a human ({_stage(found)}): open {state.get('actionUri') or 'the Cloud Build console'}, "
            "agree there, then run the same command again.",
            [str(state["message"])] if state.get("message") else [],
        )


def _how(environment: Environment) -> str:
    return (
        f"run `gcloud builds connections create github {NAME} --region {environment.region} --project {environment.project}`, open the "
        "page that it prints and agree there; then say connected: true below github, and `groundwork up` makes the triggers "
        "(modules/github_connection/README.md)."
    )


def _path(environment: Environment) -> str:
    return f"v2/projects/{environment.project}/locations/{environment.region}/connections"


def _found(cloud: GoogleCloud, environment: Environment) -> dict[str, Any] | None:
    try:
        return cloud.request("GET", _API, f"{_path(environment)}/{NAME}")
    except CloudProblem as problem:
        if problem.code == 404 or problem.reason == "SERVICE_DISABLED":
            return None
        raise


def _stage(connection: dict[str, Any] | None) -> str:
    return str((connection or {}).get("installationState", {}).get("stage", "missing"))


def _simulate(
    cloud: GoogleCloud,
    environment: Environment,
    checkout: Checkout,
    repository: str,
    found: dict[str, Any] | None,
    say: Say,
) -> None:
    """What a human does at GitHub: a folder stands in for the repository, an empty one unless somebody has named another."""
    if found is None:
        body = {"serviceIds": [_HOST]}
        enabled = cloud.request("POST", "serviceusage", f"v1/projects/{cloud.project}/services:batchEnable", json=body)
        finish(cloud, "serviceusage", "v1", enabled, f"enable {_HOST}")
        made = cloud.request("POST", _API, _path(environment), params={"connectionId": NAME}, json={"githubConfig": {}})
        finish(cloud, _API, "v2", made, "make the connection to GitHub")
    folder = checkout.local_state / "repositories" / f"{repository.lower()}.git"
    _empty_repository(folder)
    local.repositories(checkout, f"https://github.com/{repository}", str(folder))
    say(
        f"connecting {repository} (simulated): {folder} stands in for it, and what is pushed there is built by `groundwork local push`; "
        f"`groundwork local repository https://github.com/{repository} FOLDER` names a folder of yours"
    )


def _empty_repository(folder: Path) -> None:
    """What `git init --bare` leaves, as far as git needs it."""
    if folder.exists():
        return
    for part in ("objects", "refs/heads", "refs/tags"):
        (folder / part).mkdir(parents=True)
    (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", "utf-8")
    (folder / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
