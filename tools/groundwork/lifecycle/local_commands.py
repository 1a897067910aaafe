"""Commands that stand in for containers on the local cloud where none can run, as named by the environment file."""

from __future__ import annotations

from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.google import local


def tell(environment: Environment, checkout: Checkout) -> None:
    """Sends the file's commands to the local cloud, replacing the previous ones of this project. Raises GroundworkError."""
    local.configure_workloads(checkout, {"projects": {environment.project: commands(environment)}})


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
