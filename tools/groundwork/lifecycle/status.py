"""`status`: what the state contains, who holds its lock, and whether a run is active or was interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, PermissionProblem
from groundwork.google import local
from groundwork.google.cloud import WHOM_TO_ASK, CloudProblem, GoogleCloud, connect
from groundwork.resources.words import component
from groundwork.terraform import runs
from groundwork.terraform.runs import TerraformRun
from groundwork.terraform.state import BLANK, Lock, Output, State, StateLocation, read_lock, read_state


@dataclass(frozen=True)
class LayerStatus:
    """A layer: the serial of its state, its resources by component, its lock, and an active or interrupted run."""

    name: str
    serial: int
    components: Mapping[str, int]
    lock: Lock | None
    run: TerraformRun | None

    @property
    def resources(self) -> int:
        """The number of resources in the state."""
        return sum(self.components.values())


@dataclass(frozen=True)
class Status:
    """An environment; `base` is the address of the running local cloud, None on Google Cloud or when it is stopped."""

    environment: Environment
    running: bool
    base: str | None
    layers: tuple[LayerStatus, ...]

    @property
    def never_up(self) -> bool:
        """Whether no apply has written a state and none is running: the environment was never brought up, or has been removed."""
        return self.running and not any(layer.serial > BLANK or layer.lock or layer.run for layer in self.layers)

    @property
    def where(self) -> str:
        """Which cloud, for people."""
        if not self.environment.local:
            return "Google Cloud"
        return (
            f"the local cloud (simulated) at {self.base}"
            if self.running
            else "the local cloud (simulated), which is stopped"
        )


def status(checkout: Checkout, environment: Environment) -> Status:
    """Reads everything; starts and changes nothing."""
    found = local.find(checkout) if environment.local else None
    running = found is not None or not environment.local
    cloud = connect(environment, checkout=checkout) if running else None
    layers = tuple(_layer(checkout, environment, cloud, layer) for layer in LAYERS)
    return Status(environment, running, found.base if found else None, layers)


def _layer(checkout: Checkout, environment: Environment, cloud: GoogleCloud | None, layer: str) -> LayerStatus:
    run = runs.read(checkout.data(environment.name, layer))
    if cloud is None:
        return LayerStatus(layer, 0, {}, None, run)
    place = StateLocation(environment.state_bucket, f"{environment.name}/{layer}")
    with _readable(environment):
        state, current_lock = read_state(cloud, place), read_lock(cloud, place)
    components = Counter(component(resource.module) for resource in state.resources)
    return LayerStatus(layer, state.serial, dict(sorted(components.items())), current_lock, run)


def refuse_before_up(checkout: Checkout, environment: Environment) -> None:
    """Raises CouldNotTell if the environment was never brought up, so that nobody can have access to anything.

    On the local cloud the project is then missing, on Google Cloud the state bucket; where neither can be seen, it counts as up.
    """
    bucket = ("storage", f"v1/b/{environment.state_bucket}", (404,))
    project = ("cloudresourcemanager", f"v1/projects/{environment.project}", (403, 404))
    api, path, codes = project if environment.local else bucket
    cloud = connect(environment, local.OWNER if environment.local else None, checkout)
    try:
        cloud.request("GET", api, path)
    except CloudProblem as problem:
        if problem.code in codes:
            raise CouldNotTell(
                f"Nothing is up in {environment.name}, so nobody has access to anything there yet: start with `groundwork up --env {environment.name}`."
            ) from None


def states(checkout: Checkout, environment: Environment) -> list[State]:
    """The states of all layers. Raises PermissionProblem, CloudProblem."""
    cloud = connect(environment, checkout=checkout)
    places = [StateLocation(environment.state_bucket, f"{environment.name}/{layer}") for layer in LAYERS]
    with _readable(environment):
        return [read_state(cloud, place) for place in places]


def outputs(checkout: Checkout, environment: Environment) -> dict[str, Output]:
    """The outputs of all layers, the platform's first, as the states have them."""
    cloud = connect(environment, checkout=checkout)
    places = [StateLocation(environment.state_bucket, f"{environment.name}/{layer}") for layer in reversed(LAYERS)]
    with _readable(environment):
        return {name: output for place in places for name, output in read_state(cloud, place).outputs.items()}


@contextmanager
def _readable(environment: Environment) -> Iterator[None]:
    """Around reading a state: one that may not be read is not empty. Raises PermissionProblem with the missing permission and a remedy."""
    try:
        yield
    except CloudProblem as problem:
        if problem.code != 403:
            raise
        raise PermissionProblem(
            f"You may not see what is up in {environment.name}: the permission to read its state in "
            f"gs://{environment.state_bucket} (storage.objects.get) is missing.",
            [
                f"operators read it as the deployer: groundwork login --env {environment.name} --impersonate",
                WHOM_TO_ASK,
                problem.text,
            ],
        ) from None
