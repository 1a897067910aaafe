"""Functions that the local cloud has not built, such as for want of an image to build them from: `up` has them built again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from groundwork.environment.values import Environment
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.operations import finish
from groundwork.terraform.session import Session

_NOT_BUILT = "NotBuilt"
"""The type of the local cloud's state message for a function that it could build at another time."""


def names(session: Session) -> list[str]:
    """The functions of the file that were not built before, and that may be now: none where containers do not run."""
    environment = session.environment
    running = local.find(session.checkout) if environment.local and environment.functions else None
    if running is None or local.workloads(running)["kind"] not in {"podman", "docker"}:
        return []
    return [name for name in environment.functions if _why(_function(session.cloud, environment, name))]


def build(cloud: GoogleCloud, environment: Environment, waiting: Iterable[str], say: Callable[[str], None]) -> None:
    """Has functions built that still are not, and says which are. Raises GroundworkError for a build that fails."""
    for name in waiting:
        before = _function(cloud, environment, name)
        if not _why(before):
            continue
        say(f"function {name}: building again what could not be built before")
        path = _path(environment, name)
        kept = {"labels": before.get("labels") or {}}
        begun = cloud.request("PATCH", "cloudfunctions", path, params={"updateMask": "labels"}, json=kept)
        finish(cloud, "cloudfunctions", "v2", begun, f"build the function {name}")
        why = _why(_function(cloud, environment, name))
        say(f"function {name}: {why or 'built'}")


def _path(environment: Environment, name: str) -> str:
    return f"v2/projects/{environment.project}/locations/{environment.region}/functions/{name}"


def _function(cloud: GoogleCloud, environment: Environment, name: str) -> dict[str, Any]:
    """A function as it is, {} if there is none or nothing of the project yet."""
    try:
        return cloud.request("GET", "cloudfunctions", _path(environment, name))
    except CloudProblem as problem:
        if problem.code in (403, 404):
            return {}
        raise


def _why(function: dict[str, Any]) -> str:
    """Why a function is not built, "" if it is."""
    messages = (one for one in function.get("stateMessages") or () if one.get("type") == _NOT_BUILT)
    return next((str(one.get("message", "")) for one in messages), "")
