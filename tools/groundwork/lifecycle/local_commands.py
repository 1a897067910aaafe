"""Commands that stand in for containers on the local cloud where none can run, as named by the environment file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.google import local


def tell(environment: Environment, checkout: Checkout) -> None:
    """Sends the file's commands to the local cloud, replacing the previous ones of this project. Raises GroundworkError."""
    local.configure_workloads(checkout, {"projects": {environment.project: commands(environment)}})


def described(environment: Environment, workloads: Mapping[str, Any]) -> Iterator[str]:
    """How the local cloud runs the file's workloads, one line each, according to its own status (`google.local.workloads`)."""
    kind = workloads["kind"]
    specs = list(_named(environment))
    if not specs and not environment.builds:
        return
    if kind in {"podman", "docker"}:
        yield f"containers run by {kind}"
        return
    yield "no containers run here: neither podman nor docker answers, or containers are turned off"
    stand_ins = {**workloads["standIns"], **workloads["projects"].get(environment.project, {})}
    for what, place, image in specs:
        command = (stand_ins.get(place) or stand_ins.get(image) or {}).get("command") if kind == "process" else None
        yield f"  {what}: {f'`{shlex.join(command)}` stands in for its container' if command else 'simulated'}"
    if environment.builds:
        yield "  builds: simulated"


def _named(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """What the file names: a description, the full name, and the image."""
    place = f"projects/{environment.project}/locations/{environment.region}"
    yield from (
        (f"service {name}", f"{place}/services/{name}", one.image) for name, one in environment.services.items()
    )
    yield from ((f"job {name}", f"{place}/jobs/{name}", one.image) for name, one in environment.jobs.items())
    yield from ((f"training {name}", one.image, one.image) for name, one in environment.training.items())


def commands(environment: Environment) -> dict[str, Any]:
    """The commands by what each stands in for: a service or job by its full name, whatever its image, and training by its image."""
    place = f"projects/{environment.project}/locations/{environment.region}"
    found = {
        **{f"{place}/services/{name}": one.local_command for name, one in environment.services.items()},
        **{f"{place}/jobs/{name}": one.local_command for name, one in environment.jobs.items()},
        **{one.image: one.local_command for one in environment.training.values()},
    }
    folder = str(environment.root)
    return {name: {"command": list(command), "folder": folder} for name, command in found.items() if command}
