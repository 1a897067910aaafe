"""A command's session with an environment: its cloud, its Terraform, and the location of each layer's state."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import isolation, local
from groundwork.google.cloud import GoogleCloud, google_cloud, impersonating_once, local_cloud
from groundwork.terraform import installation, packing, runs, stateless
from groundwork.terraform.commands import Terraform
from groundwork.terraform.state import StateLocation

PROVIDERS = ("local", "google")


@dataclass(frozen=True)
class Session:
    """An opened environment; `provider` is "local" (ours) or "google" (the real one).

    `adopted`: what the platform's plans import instead of creating it: import IDs by module and name in the file.
    """

    checkout: Checkout
    environment: Environment
    cloud: GoogleCloud
    provider: str
    tool: installation.Tool
    process_variables: isolation.ProcessVariables
    command: str
    adopted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _documents: dict[tuple[Path, int], dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """The folder for the files of the environment's runs."""
        return self.checkout.runs / self.environment.name

    def data(self, layer: str) -> Path:
        """The same for one layer."""
        return self.checkout.data(self.environment.name, layer)

    def place(self, layer: str) -> StateLocation:
        """The location of a layer's state."""
        return StateLocation(self.environment.state_bucket, f"{self.environment.name}/{layer}")

    @property
    def places(self) -> dict[str, StateLocation]:
        """The locations of all layers' states."""
        return {layer: self.place(layer) for layer in LAYERS}

    def plan_json(self, layer: str, plan: Path) -> dict[str, Any]:
        """A saved plan as Terraform's JSON, cached. It may contain secrets: do not write it to a file."""
        key = (plan, plan.stat().st_mtime_ns)
        if key not in self._documents:
            self._documents[key] = self.terraform(layer).show(plan)
        return self._documents[key]

    def keeping_cloud_up(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """While Terraform is running, keeps the local cloud running; does nothing on Google Cloud."""
        return local.kept_running(self.checkout, say) if self.environment.local else nullcontext()

    def _frozen(self, layer: str) -> Path:
        return self.data(layer) / self.environment.path.name

    def freeze(self, layer: str) -> None:
        """Copies the environment file for Terraform, which reads it again during apply: an edit in between must have no effect."""
        self.data(layer).mkdir(parents=True, exist_ok=True)
        fresh = self._frozen(layer).with_suffix(".fresh")
        fresh.write_bytes(self.environment.path.read_bytes())
        fresh.replace(self._frozen(layer))

    @property
    def archives(self) -> Path:
        """The folder for the packed code of functions."""
        return packing.folder(self.checkout, self.environment)

    def stateless(self, layer: str) -> bool:
        """Whether a layer is planned without a state, because the state bucket does not exist yet."""
        return stateless.place(self.data(layer), layer).is_dir()

    def terraform(self, layer: str, archives: Mapping[str, Path] | None = None) -> Terraform:
        """Terraform for a layer; its commands are recorded while they run. `archives`: the packed code of functions."""
        copy = stateless.place(self.data(layer), layer)
        directory = copy if copy.is_dir() else self.checkout.layer(layer)
        code = packing.relative_paths(dict(archives or {}), directory)
        return Terraform(
            binary=str(self.tool.path),
            directory=directory,
            data=self.data(layer),
            variables=self.process_variables.work,
            downloads=self.process_variables.fetch,
            inputs=(
                f"environment_file={self._frozen(layer)}",
                *([f"adopted={json.dumps(self.adopted)}"] if self.adopted and layer == "platform" else ()),
                *([f"sources={json.dumps(code)}"] if code else ()),
            ),
            watch=runs.Recorder(self.data(layer), runs.this_run(self.command, self.environment.name, layer)),
        )


def default_provider(environment: Environment) -> str:
    """Our provider for the local cloud, Google's for Google Cloud."""
    return "local" if environment.local else "google"


def open_session(
    checkout: Checkout, environment: Environment, provider: str | None, command: str, say: Callable[[str], None]
) -> Session:
    """Prepares everything that a command needs to run Terraform, in parallel.

    Raises UsageProblem for a provider that does not fit, GroundworkError for a tool that cannot be installed.
    """
    wanted = provider or default_provider(environment)
    if wanted not in PROVIDERS:
        raise UsageProblem(f"PROVIDER={wanted} is unknown: it must be local or google.")
    if wanted == "local" and not environment.local:
        raise UsageProblem(
            f"{environment.name} is on Google Cloud, which our provider cannot reach: leave out PROVIDER or set PROVIDER=google."
        )
    for name in isolation.silent_changes(os.environ):
        say(f"note: {name} is set and changes what Terraform does: {os.environ[name]}")
    checkout.keep_private()
    with ThreadPoolExecutor(1) as pool:
        tool = pool.submit(installation.tool, installation.chosen(), installation.user_cache(), say)
        cloud, variables = _local(checkout, environment, wanted) if environment.local else _google(environment)
        return Session(checkout, environment, cloud, wanted, tool.result(), variables, command)


def _local(
    checkout: Checkout, environment: Environment, provider: str
) -> tuple[GoogleCloud, isolation.ProcessVariables]:
    principal = local.shells_principal(os.environ)
    environ: Mapping[str, str] = os.environ
    reattach = None
    if provider == "local":
        running, served = local.start_with_provider(checkout, principal)
        reattach = served.reattach
    else:
        running = local.start(checkout)
        environ = {**os.environ, **isolation.cached_providers(os.environ, installation.user_cache())}
    token = local.token(checkout, principal)
    process_variables = isolation.local_variables(environ, running.endpoints, token, reattach)
    return local_cloud(environment.project, running.base, token, local.patience(running)), process_variables


def _google(environment: Environment) -> tuple[GoogleCloud, isolation.ProcessVariables]:
    environ = {**os.environ, **isolation.cached_providers(os.environ, installation.user_cache(), pinned=True)}
    process_variables = isolation.google_variables(impersonating_once(environ), environment.name)
    return google_cloud(environment.project), process_variables
