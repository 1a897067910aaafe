"""The workloads of an environment file: services, functions, jobs, builds, training and workstations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLACEHOLDER = "us-docker.pkg.dev/cloudrun/container/hello"
"""The image of a service that no build has deployed yet."""
JOB_PLACEHOLDER = "us-docker.pkg.dev/cloudrun/container/job"
"""The image of a job that no build has deployed yet."""


@dataclass(frozen=True)
class Sidecar:
    """An additional container of a service."""

    image: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    memory: str


@dataclass(frozen=True)
class ServiceSpec:
    """A Cloud Run service; `secrets` are variables by secret, `buckets` folders by short name, "read" or "write".

    `local_command` stands in for its container on the local cloud where no container can run; so it does for jobs and training.
    """

    name: str
    identity: str
    public: bool
    image: str
    port: int
    http2: bool
    health: str | None
    cpu: int
    memory: str
    min_instances: int
    max_instances: int
    concurrency: int
    timeout_seconds: int
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    buckets: Mapping[str, str]
    sidecars: Mapping[str, Sidecar]
    local_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class FunctionTrigger:
    """The events at which a function runs: `event` is "finalized", "deleted", "archived" or "metadataUpdated" in a bucket."""

    bucket: str
    event: str
    retry: bool


@dataclass(frozen=True)
class FunctionSpec:
    """A Cloud Run function; without `trigger` it answers requests. `source` is its folder, below the one that contains envs/."""

    name: str
    source: str
    entry_point: str
    runtime: str
    trigger: FunctionTrigger | None
    identity: str
    build_identity: str
    repository: str
    public: bool
    cpu: int
    memory: str
    min_instances: int
    max_instances: int
    concurrency: int
    timeout_seconds: int
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    buckets: Mapping[str, str]


@dataclass(frozen=True)
class JobSpec:
    """A Cloud Run job; `schedule` is a cron expression, None if it is only started by hand."""

    name: str
    identity: str
    image: str
    args: tuple[str, ...]
    cpu: int
    memory: str
    tasks: int
    retries: int
    timeout_minutes: int
    schedule: str | None
    time_zone: str
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    buckets: Mapping[str, str]
    local_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildSpec:
    """A Cloud Build trigger; `image` is the full name without a tag, `deploys` the services and jobs that get it.

    Without `branch` and `tag` it is started by hand. `file` is the team's own build config, used instead of the settings for the image.
    """

    name: str
    identity: str
    branch: str | None
    tag: str | None
    paths: tuple[str, ...]
    repository: str
    image: str
    dir: str
    dockerfile: str
    deploys: tuple[str, ...]
    file: str | None
    machine_type: str | None
    timeout_minutes: int
    substitutions: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class TrainingSpec:
    """The defaults of Vertex AI jobs; `output` is the address below which each job saves its model."""

    name: str
    identity: str
    image: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    machine_type: str
    accelerator: str | None
    accelerator_count: int
    timeout_minutes: int
    output: str
    tensorboard: bool
    local_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkstationSpec:
    """A virtual machine that stops after `idle_minutes` without use and after `max_hours`; `zone` is its full name."""

    name: str
    identity: str
    machine_type: str
    accelerator: str | None
    accelerator_count: int
    image: str | None
    disk_gb: int
    zone: str
    idle_minutes: int
    max_hours: int
    spot: bool


@dataclass(frozen=True)
class WorkloadSpecs:
    """All six sections of a file, by name."""

    services: Mapping[str, ServiceSpec]
    jobs: Mapping[str, JobSpec]
    builds: Mapping[str, BuildSpec]
    training: Mapping[str, TrainingSpec]
    workstations: Mapping[str, WorkstationSpec]
    functions: Mapping[str, FunctionSpec]


def workloads(values: Mapping[str, Any]) -> WorkloadSpecs:
    """The workloads of a file with its defaults filled in."""
    project, images = values["project"], f"{values['region']}-docker.pkg.dev/{values['project']}"
    branch = values.get("github", {}).get("branch", "main")
    places = {*values["services"], *values["jobs"]}
    return WorkloadSpecs(
        {name: _service(name, one) for name, one in values["services"].items()},
        {name: _job(name, one) for name, one in values["jobs"].items()},
        {name: _build(name, one, images, branch, places) for name, one in values["builds"].items()},
        {name: _training(name, one, images, project) for name, one in values["training"].items()},
        {name: _workstation(name, one, values["region"]) for name, one in values["workstations"].items()},
        {name: _function(name, one) for name, one in values["functions"].items()},
    )


def _service(name: str, values: Mapping[str, Any]) -> ServiceSpec:
    sidecars = {other: Sidecar(**{**one, "args": tuple(one["args"])}) for other, one in values["sidecars"].items()}
    lists = {"sidecars": sidecars, "local_command": tuple(values["local_command"])}
    return ServiceSpec(name, **{"image": PLACEHOLDER, "health": None, **values, **lists})


def _job(name: str, values: Mapping[str, Any]) -> JobSpec:
    lists = {"args": tuple(values["args"]), "local_command": tuple(values["local_command"])}
    return JobSpec(name, **{"image": JOB_PLACEHOLDER, "schedule": None, **values, **lists})


def _build(name: str, values: Mapping[str, Any], images: str, branch: str, places: set[str]) -> BuildSpec:
    rest = {"branch": None, "tag": None, "image": name, "file": None, "machine_type": None, **values}
    by_hand = rest.pop("by_hand")
    if not (by_hand or rest["branch"] or rest["tag"]):
        rest["branch"] = "^" + branch.replace(".", r"\.") + "$"
    deploys = values.get("deploys", [name] if name in places and not rest["file"] else [])
    full = f"{images}/{rest['repository']}/{rest['image']}"
    return BuildSpec(name, **{**rest, "image": full, "paths": tuple(rest["paths"]), "deploys": tuple(deploys)})


def _training(name: str, values: Mapping[str, Any], images: str, project: str) -> TrainingSpec:
    image = values.get("image", f"images/{name}")
    full = image if is_full(image) else f"{images}/{image}"
    output = f"gs://{project}-{values.get('output', 'staging')}"
    lists = {"args": tuple(values["args"]), "local_command": tuple(values["local_command"])}
    return TrainingSpec(name, **{"accelerator": None, **values, **lists, "image": full, "output": output})


def _workstation(name: str, values: Mapping[str, Any], region: str) -> WorkstationSpec:
    zone = f"{region}-{values['zone']}"
    return WorkstationSpec(name, **{"accelerator": None, "image": None, **values, "zone": zone})


def _function(name: str, values: Mapping[str, Any]) -> FunctionSpec:
    trigger = FunctionTrigger(**values["trigger"]) if "trigger" in values else None
    own = {"source": f"functions/{name}", "entry_point": name.replace("-", "_")}
    return FunctionSpec(name, **{**own, **values, "trigger": trigger})


def is_full(image: str) -> bool:
    """Whether an image name includes its host, as "europe-docker.pkg.dev/vertex-ai/training/x" and not "images/x"."""
    return "." in image.partition("/")[0]
