"""The checks of this machine, each problem with its remedy."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from importlib import metadata, util
from itertools import chain
from pathlib import Path

from groundwork.doctor import google
from groundwork.doctor.finding import CheckResult
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google import isolation, local
from groundwork.google.cloud import google_cloud
from groundwork.terraform import installation, pins
from groundwork.terraform.process import run

NEEDED_PYTHON = (3, 11)
_NEEDED_BYTES = 2 << 30
_PROVIDER = Path("registry.terraform.io/hashicorp/google")


Examine = Callable[[Checkout, Environment], Iterator[CheckResult]]


def examine(checkout: Checkout, environment: Environment) -> list[CheckResult]:
    """Runs all checks in parallel; the results are in the order of EXAMINATIONS."""
    with ThreadPoolExecutor(len(EXAMINATIONS)) as pool:
        return [
            finding
            for found in pool.map(lambda each: list(each(checkout, environment)), EXAMINATIONS)
            for finding in found
        ]


def _python(_checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    text = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= NEEDED_PYTHON:
        yield CheckResult("python", "ok", text)
    else:
        yield CheckResult(
            "python",
            "broken",
            text,
            f"install Python {installation.dotted(NEEDED_PYTHON)} or newer and run `make up` again",
        )


def _terraform(_checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    name = installation.chosen()
    release = installation.RELEASES[name]
    present, cached = installation.on_path(name), installation.in_cache(name, installation.user_cache())
    used = present if present and present.new_enough else cached
    if used:
        yield CheckResult(name, "ok", f"{used.text} at {used.path}")
    elif present:
        yield CheckResult(
            name,
            "note",
            f"{present.text} at {present.path} is too old; {release.version} is downloaded when needed",
            f"or install a newer one from {release.page}",
        )
    else:
        yield CheckResult(
            name,
            "note",
            f"not on PATH; {release.title} {release.version} is downloaded when needed",
            f"or install it from {release.page}",
        )


def _provider(_checkout: Checkout, environment: Environment) -> Iterator[CheckResult]:
    if environment.local:
        yield CheckResult("provider (ours)", "ok", "part of this project, for the local cloud only")
    name = "provider (Google's)"
    mirror, cache = _real_provider(_mirrors()), _real_provider(_caches())
    if mirror:
        yield CheckResult(name, "ok", str(mirror))
    elif _reaches("https://registry.terraform.io/.well-known/terraform.json"):
        yield CheckResult(name, "ok", str(cache or "downloaded from the Terraform registry when needed"))
    elif cache:
        yield CheckResult(
            name,
            "note",
            f"{cache} serves environments on Google Cloud; the Terraform registry cannot be reached",
            "needed only for PROVIDER=google with ENV=local: go online, or use `terraform providers mirror`",
        )
    else:
        yield CheckResult(
            name,
            "missing",
            "not on this machine, and the Terraform registry cannot be reached",
            "needed only for PROVIDER=google and for Google Cloud: go online once, or use `terraform providers mirror`",
        )


def _mirrors() -> Iterator[Path]:
    """Folders that Terraform installs from without asking the registry, as it finds them by itself."""
    yield from (Path.home() / ".terraform.d" / "plugins", Path.home() / ".local" / "share" / "terraform" / "plugins")
    yield Path("/usr/local/share/terraform/plugins")


def _caches() -> Iterator[Path]:
    """Folders that Terraform installs from only when a lock file names the package, as it does on Google Cloud."""
    yield installation.user_cache() / "providers"
    yield from (Path(folder) for folder in [os.environ.get("TF_PLUGIN_CACHE_DIR")] if folder)


def _real_provider(folders: Iterable[Path]) -> Path | None:
    found = (
        file for folder in folders for file in folder.glob(f"{_PROVIDER}/{pins.VERSION}/*/terraform-provider-google*")
    )
    return next((file for file in found if os.access(file, os.X_OK)), None)


def _reaches(url: str) -> bool:
    import requests

    try:
        return requests.head(url, timeout=4).status_code < 500
    except requests.RequestException:
        return False


def _gcloud(_checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    yield from _program(
        "gcloud",
        ["gcloud", "version", "--format=json"],
        lambda out: str(json.loads(out).get("Google Cloud SDK", "")),
        "install it from https://cloud.google.com/sdk/docs/install; needed to log in to Google Cloud",
    )


def _containers(_checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    """In the order in which the local cloud looks for them."""
    remedy = "install podman, or install and start Docker; without, builds, services and jobs are only simulated on the local cloud"
    podman = _program("podman", ["podman", "version", "--format", "{{.Client.Version}}"], str.strip, remedy)
    docker = _program(
        "docker", ["docker", "info", "--format", "{{.ServerVersion}} {{.SecurityOptions}}"], _engine, remedy
    )
    tried: list[CheckResult] = []
    for one in chain(podman, docker):
        if one.health == "ok":
            yield replace(one, subject="containers", text=f"{one.subject} {one.text}")
            return
        tried.append(one)
    yield CheckResult("containers", "missing", "; ".join(f"{one.subject} is {one.text}" for one in tried), remedy)


def _engine(info: str) -> str:
    """The version of docker's engine. Raises GroundworkError for one that the local cloud does not use."""
    version, _, options = info.strip().partition(" ")
    if "name=rootless" in options:
        raise GroundworkError("its engine is rootless, and no port of this machine can be reached from its containers")
    return version


def _program(name: str, argv: list[str], version: Callable[[str], str], remedy: str) -> Iterator[CheckResult]:
    path = shutil.which(name)
    if path is None:
        yield CheckResult(name, "missing", "not on PATH", remedy)
        return
    try:
        done = run(argv, seconds=20)
        text = f"{version(done.out)} at {path}" if done.code == 0 else ""
        why = (done.err.strip().splitlines() or ["it prints nothing"])[-1]
    except (GroundworkError, ValueError) as error:
        text, why = "", str(error)
    if text:
        yield CheckResult(name, "ok", text)
    else:
        yield CheckResult(name, "missing", f"at {path}, but cannot be used: {why}", remedy)


def _disk(checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    for subject, folder in (("disk of the project", checkout.root), ("disk of the cache", installation.user_cache())):
        present = next(each for each in (folder, *folder.parents) if each.exists())
        free = shutil.disk_usage(present).free
        text = f"{free / (1 << 30):.0f} GiB free at {present}"
        if free < _NEEDED_BYTES:
            yield CheckResult(subject, "broken", text, f"free up at least {_NEEDED_BYTES >> 30} GiB")
        else:
            yield CheckResult(subject, "ok", text)


def _local_cloud(checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    found = local.find(checkout)
    state = checkout.local_state
    size = 0
    for folder, _folders, names in os.walk(state):
        for name in names:
            with suppress(FileNotFoundError):  # a running local cloud makes and removes files all the time
                size += Path(folder, name).stat().st_size
    running = f"running at {found.base} (process {found.pid})" if found else "stopped; commands on ENV=local start it"
    yield CheckResult("local cloud", "ok", f"{running}, {size / (1 << 20):.1f} MiB in {state}")


def _descriptions(_checkout: Checkout, _environment: Environment) -> Iterator[CheckResult]:
    version = metadata.version("google-api-python-client")
    package = util.find_spec("googleapiclient")
    folder = Path(str(package.origin)).parent / "discovery_cache" / "documents" if package else Path()
    try:
        revision = json.loads((folder / "storage.v1.json").read_text("utf-8"))["revision"]
    except (OSError, KeyError, ValueError):
        yield CheckResult(
            "API descriptions",
            "broken",
            f"google-api-python-client {version} has none",
            "delete .venv and run `make up` again",
        )
        return
    yield CheckResult("API descriptions", "ok", f"google-api-python-client {version}, storage of {revision}")


def _credentials(_checkout: Checkout, environment: Environment) -> Iterator[CheckResult]:
    if environment.local:
        yield CheckResult("credentials", "ok", f"none needed: on the local cloud (simulated) you are {local.OWNER}")
        return
    try:
        cloud = google_cloud(environment.project)
    except GroundworkError as error:
        yield CheckResult("login", "broken", error.message, f"run `groundwork login --env {environment.name}`")
        return
    yield from google.findings(cloud, environment)


def _variables(_checkout: Checkout, environment: Environment) -> Iterator[CheckResult]:
    for name in isolation.silent_changes(os.environ):
        yield CheckResult(name, "note", "is set and changes what Terraform does", f"unset {name}")
    config = os.environ.get("TF_CLI_CONFIG_FILE")
    if config and not Path(config).exists():
        yield CheckResult(
            "TF_CLI_CONFIG_FILE",
            "note",
            f"names {config}, which does not exist; Terraform only warns",
            "unset TF_CLI_CONFIG_FILE",
        )
    if not environment.local:
        try:
            isolation.refuse_elsewhere(os.environ, environment.name)
        except GroundworkError as error:
            yield CheckResult("variables", "broken", error.message, "unset them")


EXAMINATIONS: tuple[Examine, ...] = (
    _python,
    _terraform,
    _provider,
    _gcloud,
    _containers,
    _disk,
    _local_cloud,
    _descriptions,
    _credentials,
    _variables,
)
