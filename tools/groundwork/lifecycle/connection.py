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

    Raises Refused with the page to open or the command to run, GroundworkError.
    """
    github = environment.github
    if not environment.builds or github is None:
        return
    if not github.connected:
        say(f"{counted(len(environment.builds), 'build')} wait for GitHub: {_instructions(environment)}")
        return
    found = _connection(cloud, environment)
    if found is None and not cloud.simulated:
        raise Refused(
            f"{environment.file} has connected: true below github, but project {environment.project} has no such "
            f"connection: {_instructions(environment)}"
        )
    if cloud.simulated and _stage(found) != "COMPLETE":
        _simulate(cloud, environment, checkout, github.repository, found, say)
        found = _connection(cloud, environment)
    if _stage(found) != "COMPLETE":
        state = (found or {}).get("installationState", {})
        raise Refused(
            f"The connection to GitHub is not authorised yet ({_stage(found)}): open {state.get('actionUri') or 'the Cloud Build console'}, "
            "authorise it there, then run the same command again.",
            [str(state["message"])] if state.get("message") else [],
        )


def _instructions(environment: Environment) -> str:
    return (
        f"run `gcloud builds connections create github {NAME} --region {environment.region} --project {environment.project}`, open the "
        "page that it prints and authorise it there; then set connected: true below github, and `groundwork up` creates the triggers "
        "(modules/github_connection/README.md)."
    )


def _path(environment: Environment) -> str:
    return f"v2/projects/{environment.project}/locations/{environment.region}/connections"


def _connection(cloud: GoogleCloud, environment: Environment) -> dict[str, Any] | None:
    try:
        return cloud.request("GET", _API, f"{_path(environment)}/{NAME}")
    except CloudProblem as problem:
        if problem.code == 404 or problem.switched_off:
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
    """Simulates the authorisation on GitHub: a folder stands in for the repository, an empty one unless the user has named another."""
    if found is None:
        body = {"serviceIds": [_HOST]}
        enabled = cloud.request("POST", "serviceusage", f"v1/projects/{cloud.project}/services:batchEnable", json=body)
        finish(cloud, "serviceusage", "v1", enabled, f"enable {_HOST}")
        operation = cloud.request(
            "POST", _API, _path(environment), params={"connectionId": NAME}, json={"githubConfig": {}}
        )
        finish(cloud, _API, "v2", operation, "create the connection to GitHub")
    folder = checkout.local_state / "repositories" / f"{repository.lower()}.git"
    _empty_repository(folder)
    local.repositories(checkout, f"https://github.com/{repository}", str(folder))
    say(
        f"connecting {repository} (simulated): {folder} stands in for it, and `groundwork local push` builds what is pushed there; "
        f"to use a folder of your own: `groundwork local repository https://github.com/{repository} FOLDER`"
    )


def _empty_repository(folder: Path) -> None:
    """Creates the files of `git init --bare` that git needs."""
    if folder.exists():
        return
    for part in ("objects", "refs/heads", "refs/tags"):
        (folder / part).mkdir(parents=True)
    (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", "utf-8")
    (folder / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
