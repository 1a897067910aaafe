"""Reads a layer's remote state through Cloud Storage, without starting Terraform: resources, outputs and the lock.

The objects are those of Terraform's gcs backend: PREFIX/default.tfstate (format 4) and PREFIX/default.tflock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem, GoogleCloud


@dataclass(frozen=True)
class StateLocation:
    """The location of a layer's state: the bucket and the prefix of its objects."""

    bucket: str
    prefix: str

    @property
    def backend(self) -> dict[str, str]:
        """The settings for -backend-config."""
        return {"bucket": self.bucket, "prefix": self.prefix}

    @property
    def address(self) -> str:
        """The state's address, for people and gcloud."""
        return f"gs://{self.bucket}/{self.prefix}/default.tfstate"

    def path(self, suffix: str) -> str:
        """The API path of the object with this suffix ("tfstate" or "tflock")."""
        return f"v1/b/{self.bucket}/o/{quote(f'{self.prefix}/default.{suffix}', safe='')}"


@dataclass(frozen=True)
class StateResource:
    """A managed resource in the state: its address, module ("" at the root), type and attributes."""

    address: str
    module: str
    type: str
    attributes: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        """Its Terraform id."""
        return str(self.attributes.get("id", ""))


@dataclass(frozen=True)
class Output:
    """An output's value; a sensitive one must not be printed."""

    value: Any = field(repr=False)
    sensitive: bool


@dataclass(frozen=True)
class State:
    """The state of a layer; `serial` counts its changes, 0 when there is no state."""

    serial: int
    resources: tuple[StateResource, ...]
    outputs: Mapping[str, Output]

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses of all managed resources."""
        return frozenset(resource.address for resource in self.resources)


@dataclass(frozen=True)
class Lock:
    """A lock in force: its ID (the object's generation), its operation, its holder ("user@host") and its start."""

    id: str
    operation: str
    who: str
    version: str
    created: datetime

    @property
    def doing(self) -> str:
        """The operation in a word: "apply" for Terraform's OperationTypeApply."""
        return self.operation.removeprefix("OperationType").lower() or "an unknown operation"


EMPTY = State(0, (), {})
_STATE = "/default.tfstate"
# The serial of the empty state that `init` leaves; whatever an apply writes has a higher one.
BLANK = 1


class UnreadableState(GroundworkError):
    """A state exists but is not in Terraform's format."""


def read_state(cloud: GoogleCloud, place: StateLocation) -> State:
    """The current state; EMPTY when there is none. Raises CloudProblem when that is unknown, UnreadableState."""
    content = _object(cloud, place.path("tfstate"))
    try:
        return parse_state(content) if content else EMPTY
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableState(
            f"{place.address} cannot be read as a Terraform state ({type(error).__name__}: {error}): restore an older version of it, "
            f"which `gcloud storage ls --all-versions {place.address}` lists."
        ) from None


def states_in(cloud: GoogleCloud, bucket: str) -> list[StateLocation]:
    """Where a bucket has states. Raises CloudProblem."""
    names = (str(item["name"]) for item in cloud.pages("storage", f"v1/b/{bucket}/o", "items"))
    return [StateLocation(bucket, name.removesuffix(_STATE)) for name in names if name.endswith(_STATE)]


def read_lock(cloud: GoogleCloud, place: StateLocation) -> Lock | None:
    """The lock, if there is one. Raises CloudProblem when that is unknown."""
    try:
        about = cloud.request("GET", "storage", place.path("tflock"))
    except CloudProblem as problem:
        if problem.code == 404:
            return None
        raise
    content = _object(cloud, place.path("tflock"))
    return None if content is None else _lock(about, content)


def _lock(about: Mapping[str, Any], content: bytes) -> Lock:
    """Parses a lock; one that is not in Terraform's form is still somebody's lock."""
    try:
        info = dict(json.loads(content))
        created = datetime.fromisoformat(str(info["Created"]))
    except (ValueError, KeyError, TypeError):
        info, created = {}, datetime.fromisoformat(str(about["timeCreated"]))
    return Lock(
        id=str(about["generation"]),
        operation=str(info.get("Operation", "")),
        who=str(info.get("Who", "somebody")),
        version=str(info.get("Version", "")),
        created=created,
    )


def parse_state(content: bytes) -> State:
    """Parses a state file in format 4."""
    data = json.loads(content)
    resources = tuple(
        _resource(entry, instance)
        for entry in data.get("resources", ())
        if entry.get("mode") == "managed"
        for instance in entry.get("instances", ())
    )
    outputs = {
        name: Output(body.get("value"), bool(body.get("sensitive"))) for name, body in data.get("outputs", {}).items()
    }
    return State(int(data.get("serial", 0)), resources, outputs)


def _resource(entry: Mapping[str, Any], instance: Mapping[str, Any]) -> StateResource:
    module = str(entry.get("module", ""))
    key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
    name = f"{entry['type']}.{entry['name']}{key}"
    return StateResource(
        f"{module}.{name}" if module else name, module, str(entry["type"]), instance.get("attributes") or {}
    )


def _object(cloud: GoogleCloud, path: str) -> bytes | None:
    try:
        return cloud.read("storage", path, params={"alt": "media"})
    except CloudProblem as problem:
        if problem.code == 404:
            return None
        raise
