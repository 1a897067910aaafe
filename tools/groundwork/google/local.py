"""Manages the local cloud for the commands: starts, finds, stops and empties it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.server import launcher

from groundwork.environment.checkout import Checkout
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google import gcloud_logins
from groundwork.google.waiting import PROMPT, Patience

if TYPE_CHECKING:
    from requests import Session

OWNER = launcher.OWNER
PROXY_MARK = launcher.PROXY_MARK
"""The part of a proxy's address that identifies it as a local cloud."""
PROFILE_VARIABLE = "GROUNDWORK_LOCAL_PROFILE"
_CHECK_SECONDS = 0.3


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except launcher.LocalCloudError as error:
        raise GroundworkError(str(error)) from None


def start(checkout: Checkout, port: int | None = None) -> launcher.LocalCloud:
    """The clone's local cloud, started if it is not running, with the profile that GROUNDWORK_LOCAL_PROFILE names.

    Raises GroundworkError (a busy port, a full disk, an unknown profile).
    """
    wanted = os.environ.get(PROFILE_VARIABLE, "")
    checkout.keep_private()
    with _sentences():
        running = launcher.start(checkout.local_state, port)
        return launcher.behave(running, wanted) if wanted not in ("", running.profile) else running


def behave(checkout: Checkout, profile: str) -> launcher.LocalCloud:
    """Set the profile of the clone's local cloud, "" for none. Raises GroundworkError naming the profiles there are."""
    with _sentences():
        return launcher.behave(launcher.start(checkout.local_state), profile)


def patience(running: launcher.LocalCloud) -> Patience:
    """How to wait for a local cloud: where a profile delays changes, its clock is advanced instead of sleeping."""
    return Patience(late=True, sleep=partial(_advance, running)) if running.profile else PROMPT


def _advance(running: launcher.LocalCloud, seconds: float) -> None:
    with _sentences():
        launcher.control(running, "POST", "/_local/clock", {"advance_seconds": seconds})


def find(checkout: Checkout) -> launcher.LocalCloud | None:
    """The clone's local cloud, None if it is not running."""
    with _sentences():
        return launcher.find(checkout.local_state)


def start_with_provider(checkout: Checkout, principal: str) -> tuple[launcher.LocalCloud, launcher.Provider]:
    """The clone's local cloud and a principal's Terraform provider, started side by side if neither runs. Raises GroundworkError."""
    with _sentences():
        return launcher.start_with_provider(checkout.local_state, principal, partial(start, checkout))


def provider(checkout: Checkout, cloud: launcher.LocalCloud, token: str) -> launcher.Provider:
    """Our Terraform provider for the principal of `token`, started if it is not running."""
    with _sentences():
        return launcher.start_provider(checkout.local_state, cloud, token)


@contextmanager
def kept_running(checkout: Checkout, say: Callable[[str], None]) -> Iterator[None]:
    """Within this block, restart the local cloud if it dies: Terraform would wait for it, and forever while releasing its lock."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_CHECK_SECONDS):
            if find(checkout) is None and not done.is_set():
                say("the local cloud died and is being restarted; everything that it had confirmed is kept")
                try:
                    start(checkout)
                except GroundworkError as error:
                    say(error.message)
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def stop(checkout: Checkout) -> bool:
    """Stop the local cloud and its providers; their contents stay on disk. False when nothing was running."""
    with _sentences():
        return launcher.stop(checkout.local_state)


def empty(checkout: Checkout) -> None:
    """Delete everything on the local cloud."""
    with _sentences():
        launcher.reset(checkout.local_state)


def workloads(cloud: launcher.LocalCloud) -> dict[str, Any]:
    """What runs on a local cloud: {"kind": "podman" …, "running": [{resource, account, how, memory}], "limits", "standIns"}."""
    with _sentences():
        return launcher.control(cloud, "GET", "/_local/workloads")


def configure_workloads(checkout: Checkout, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Change how the clone's local cloud runs workloads (limits, stand-ins, commands of a project); returns these settings. Raises GroundworkError."""
    with _sentences():
        return launcher.control(launcher.start(checkout.local_state), "POST", "/_local/workloads", settings)


def described(workloads: Mapping[str, Any]) -> Iterator[str]:
    """What runs, as lines of text."""
    for one in workloads["running"]:
        memory = f", {one['memory'] / 2**20:.0f} MiB" if one["memory"] else ""
        yield f"  {one['resource']} as {one['account']} ({one['how']}{memory})"
    if not workloads["running"]:
        yield f"Nothing runs on it; containers would be run by {workloads['kind']}."


def token(checkout: Checkout, principal: str = OWNER) -> str:
    """A token that stands for the principal on the clone's local cloud."""
    with _sentences():
        return launcher.token(checkout.local_state, principal)


def shells_principal(variables: Mapping[str, str]) -> str:
    """The principal set by `local env --as WHO` in this shell, else the owner."""
    return principal(variables.get("GOOGLE_OAUTH_ACCESS_TOKEN", "")) or OWNER


def principal(token: str) -> str:
    """The principal that a token claims, "" for a token that is not a local cloud's."""
    return launcher.principal(token)


def console(checkout: Checkout, page: str = "") -> str:
    """The address of a page of the local cloud's console, with its secret; starts the local cloud if necessary."""
    return launcher.console(start(checkout), page)


def keep_map(checkout: Checkout, project: str, drawing: str) -> None:
    """Store a project's map for the console; failing to write it is no error."""
    with suppress(OSError):
        launcher.keep_map(checkout.local_state, project, drawing)


def left_in(seen: Mapping[str, str]) -> list[str]:
    """The variables of a shell that still point its clients at some local cloud."""
    return launcher.left_in(seen)


def coverage(checkout: Checkout) -> dict[str, Any]:
    """The API methods that the local cloud answers, per API and version: title, revision, counts, and each method's kind."""
    with _sentences():
        return launcher.control(launcher.start(checkout.local_state), "GET", "/_local/coverage")


def usage(checkout: Checkout) -> list[dict[str, Any]]:
    """The metered usage of the clone's local cloud, as rows of Google's billing export with cost 0. Raises GroundworkError."""
    with _sentences():
        rows: list[dict[str, Any]] = launcher.control(launcher.start(checkout.local_state), "GET", "/_local/usage")[
            "rows"
        ]
    return rows


def keep_prices(checkout: Checkout, prices: list[dict[str, Any]]) -> None:
    """Sets the prices at which the local cloud compares its usage with budgets: {"sku", "region", "price"}. Raises GroundworkError."""
    with _sentences():
        launcher.control(launcher.start(checkout.local_state), "POST", "/_local/prices", {"prices": prices})


def charge(checkout: Checkout, project: str, cost: float, paid: float) -> list[str]:
    """Adds a made-up charge in US dollars, partly paid by promotional credits, and returns what budgets say of it. Raises GroundworkError."""
    body = {"project": project, "cost": cost, "credits": {"PROMOTION": paid} if paid else {}}
    with _sentences():
        notices: list[str] = launcher.control(launcher.start(checkout.local_state), "POST", "/_local/charges", body)[
            "notices"
        ]
    return notices


def repositories(checkout: Checkout, url: str = "", folder: str = "") -> dict[str, Any]:
    """Let `folder` stand in for the GitHub repository `url`, if given.

    Returns all stand-ins, {"folders": {url: folder}}, and the connections that this completed, "completed". Raises GroundworkError.
    """
    if url and not Path(folder).is_dir():
        raise UsageProblem(f"{folder} is not a folder on this machine: name the one with the repository.")
    if url and not any((Path(folder) / name).exists() for name in (".git", "HEAD")):
        raise UsageProblem(f"{folder} is not a git repository: run `git init` there, or name the folder of one.")
    body = {"repository": url, "folder": folder} if url else {}
    with _sentences():
        return launcher.control(launcher.start(checkout.local_state), "POST", "/_local/repositories", body)


def pushes(checkout: Checkout, url: str = "") -> list[dict[str, Any]]:
    """Report new commits and tags in these folders; returns them with the builds that the triggers started. Raises GroundworkError."""
    body = {"repository": url} if url else {}
    with _sentences():
        found = launcher.control(launcher.start(checkout.local_state), "POST", "/_local/pushes", body)
    pushed: list[dict[str, Any]] = found["pushes"]
    return pushed


def logs(checkout: Checkout) -> list[Path]:
    """The log files of the local cloud and its providers, sorted by name."""
    return sorted(checkout.local_state.glob("*.log"))


def shell_variables(checkout: Checkout, project: str, region: str, principal: str = OWNER) -> dict[str, str]:
    """All variables that make terraform, gcloud and Google's Python clients in a shell use the local cloud.

    The application default credentials are a file for each principal beside the local cloud's state, and gcloud has a login for
    each, so that shells of different principals do not interfere.
    """
    cloud = start(checkout)
    secret = token(checkout, principal)
    token_file = _private(checkout, f"token{_suffix(principal)}", secret)
    gcloud, account = checkout.local_state / "gcloud", principal.partition(":")[2]
    gcloud_logins.store(gcloud, account, secret)
    return {
        **launcher.client_variables(cloud, secret, _suffix(principal)),
        "TF_REATTACH_PROVIDERS": provider(checkout, cloud, secret).reattach,
        "GOOGLE_OAUTH_ACCESS_TOKEN": secret,
        "GOOGLE_APPLICATION_CREDENTIALS": str(_credentials(checkout, cloud.base, token_file)),
        "GOOGLE_CLOUD_PROJECT": project,
        "CLOUDSDK_CONFIG": str(gcloud),
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": "",  # a shell's own would come before the account
        "CLOUDSDK_CORE_ACCOUNT": account,
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_COMPUTE_REGION": region,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def identity_token(checkout: Checkout, secret: str, audience: str) -> str:
    """An identity token (simulated) of a token's principal, for services on the local cloud."""
    with _sentences():
        return launcher.identity_token(launcher.start(checkout.local_state), principal(secret), audience)


def session(checkout: Checkout, secret: str) -> Session:
    """An HTTP session in which the local cloud answers for Google's hosts, including those of services that run on it."""
    from requests import Session

    proxy = launcher.client_variables(start(checkout), secret, _suffix(principal(secret)))
    session = Session()
    session.trust_env = False
    session.proxies = {"https": proxy["HTTPS_PROXY"]}
    session.verify = proxy["REQUESTS_CA_BUNDLE"]
    return session


def _suffix(principal: str) -> str:
    return "" if principal == OWNER else f"-{hashlib.sha256(principal.encode()).hexdigest()[:16]}"


def _credentials(checkout: Checkout, base: str, token_file: Path) -> Path:
    """Application default credentials that exchange the token at the local cloud's own token service."""
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/local/providers/local",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_url": f"{base}/sts/v1/token",
        "credential_source": {"file": str(token_file)},
    }
    name = token_file.name.replace("token", "credentials")
    return _private(checkout, f"{name}.json", json.dumps(content, indent=1))


def _private(checkout: Checkout, name: str, content: str) -> Path:
    """Write a file that only its owner can read, atomically."""
    file = checkout.local_state / name
    fresh = checkout.local_state / f"{name}.{os.getpid()}"
    fresh.touch(mode=0o600)
    fresh.write_text(content, "utf-8")
    return fresh.replace(file)
