"""Docker's login: gcloud's credential helper in docker's configuration, or a token for an hour, passed to docker through a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, PermissionProblem, UsageProblem
from groundwork.google.cloud import GoogleCloud
from groundwork.google.transport import refused_login
from groundwork.terraform.process import run

HELPER = "gcloud"
USER = "oauth2accesstoken"
"""Source: https://cloud.google.com/artifact-registry/docs/docker/authentication#token."""
LOCAL_ADDRESS = '"${HTTPS_PROXY##*@}'
"""The beginning of an image's name in the local cloud's registry for docker, whose engine connects by itself, without the shell's proxy."""
LOCAL_LOGIN = f'echo "$GOOGLE_OAUTH_ACCESS_TOKEN" | docker login --username {USER} --password-stdin {LOCAL_ADDRESS}"'
"""The command that logs docker in to the local cloud, in a shell with the variables of `local env`."""


def host(environment: Environment) -> str:
    """The host of the environment's images. Raises UsageProblem if it will have none."""
    if not environment.repositories:
        raise UsageProblem(
            f"{environment.file} has no repositories, so there is nothing to push to: add one such as "
            f"`images: {{}}` under repositories: and run `groundwork up --env {environment.name}`."
        )
    if environment.local:
        raise GroundworkError(
            f"{environment.name} is the local cloud (simulated), where docker needs no helper. In a shell with the variables of "
            f"`groundwork local env`: {LOCAL_LOGIN}; or with podman: {local_login(environment)}"
        )
    return f"{environment.region}-docker.pkg.dev"


def local_login(environment: Environment) -> str:
    """The command that logs podman in to the local cloud, in a shell with the variables of `local env`."""
    return (
        'echo "$GOOGLE_OAUTH_ACCESS_TOKEN" | podman login --username oauth2accesstoken --password-stdin '
        f"{environment.region}-docker.pkg.dev"
    )


def config_file(variables: Mapping[str, str]) -> Path:
    """Docker's configuration file."""
    folder = variables.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def has_helper() -> bool:
    """Whether gcloud's credential helper is on PATH."""
    return which(f"docker-credential-{HELPER}") is not None


def refuse_without_gcloud() -> None:
    """Raises PermissionProblem if gcloud is not logged in: its helper could not give docker a token."""
    done = run(["gcloud", "auth", "print-access-token", "--quiet"], seconds=60)
    if done.code:
        raise PermissionProblem(
            "gcloud itself is not logged in, so its helper has no credentials for docker: run `gcloud auth login`, or give docker "
            "a token for an hour with `groundwork docker --token`.",
            done.err.splitlines()[-3:],
        )


def with_helper(file: Path, registry: str) -> str | None:
    """Docker's configuration with the helper for a registry; None when it is there already. Raises GroundworkError."""
    config = _read(file)
    helpers = config.get("credHelpers", {})
    if not isinstance(helpers, dict):
        raise GroundworkError(f"{file} has credHelpers that are not names with values: fix or delete it.")
    logins = config.get("auths", {})
    stale = [name for name in logins if name.removeprefix("https://") == registry] if isinstance(logins, dict) else []
    if helpers.get(registry) == HELPER and not stale:
        return None
    # A stored login has no effect beside the helper, but stays readable in the file until it expires.
    kept = {"auths": {name: login for name, login in logins.items() if name not in stale}} if stale else {}
    return json.dumps({**config, **kept, "credHelpers": {**helpers, registry: HELPER}}, indent="\t") + "\n"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8") or "{}")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise GroundworkError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise GroundworkError(f"{file} is not JSON: fix or delete it, since docker cannot read it either.") from None
    if not isinstance(found, dict):
        raise GroundworkError(f"{file} is not a JSON object: fix or delete it, since docker cannot read it either.")
    return found


def write(file: Path, text: str) -> None:
    """Writes docker's configuration atomically, readable only by its owner."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(file)


def login_command(registry: str) -> tuple[str, ...]:
    """The docker command; the token is passed on its standard input."""
    return ("docker", "login", "--username", USER, "--password-stdin", f"https://{registry}")


def log_in(cloud: GoogleCloud, registry: str) -> None:
    """Logs docker in with a token of the caller. Raises PermissionProblem, GroundworkError."""
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.auth.transport.requests import Request

    if not which("docker"):
        raise GroundworkError("docker was not found: install it or put it on PATH.")
    try:
        if not cloud.credentials.valid:
            cloud.credentials.refresh(Request())
    except TransportError:
        raise GroundworkError(
            "Google could not be reached for a token: check your connection and run the same command again."
        ) from None
    except GoogleAuthError as error:
        raise refused_login(error, cloud.credentials) from None
    done = run(login_command(registry), given=str(cloud.credentials.token), seconds=120)
    if done.code:
        raise GroundworkError(
            f"docker could not log in to {registry} (exit code {done.code}).", done.err.splitlines()[-3:]
        )
