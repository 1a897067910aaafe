"""Training on Vertex AI: custom jobs that run as their own identity, with an owner, a time limit and an output address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from groundwork.environment.workloads import TrainingSpec
from groundwork.errors import UsageProblem
from groundwork.text import allowed
from groundwork.workloads import gpus, job_files
from groundwork.workloads.project import Project

API = "aiplatform"
RUNNING = ("QUEUED", "PENDING", "RUNNING", "CANCELLING", "UPDATING", "PAUSED")
_TIMEOUT = 6 * 3600
_MACHINE = "n1-standard-4"
_LONGEST = 365 * 86_400
_TIME = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h|d)?")
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_BOARD = "training"
_OUTPUT = ("staging", "models")
"""Default buckets for results; the first of these that exists is used."""


@dataclass(frozen=True)
class TrainingRequest:
    """The options of a job: a job file, a training in the environment file or an image, and overrides.

    Empty options come from the environment file.
    """

    file: Path | None = None
    training: str = ""
    image: str = ""
    name: str = ""
    machine: str = ""
    gpu: str = ""
    timeout: str = ""
    identity: str = ""
    output: str = ""
    labels: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    args: Sequence[str] = ()


def defaults(project: Project, name: str = "") -> TrainingSpec:
    """The environment file's settings of a training; by default the identity `train` and the first bucket for results.

    Its `identity` is an address here, "" where there is none, and its `output` "" where no bucket is for results.
    """
    environment = project.environment
    training = environment.training.get(name)
    account = environment.identities.get(training.identity if training else "train")
    if training:
        return replace(training, identity=account.email if account else "")
    places = [environment.buckets[one].url for one in _OUTPUT if one in environment.buckets]
    if environment.training:
        places.insert(0, f"gs://{environment.staging_bucket}")
    return TrainingSpec(
        name,
        account.email if account else "",
        "",
        (),
        {},
        _MACHINE,
        None,
        1,
        _TIMEOUT // 60,
        places[0] if places else "",
        False,
    )


def job_of(project: Project, request: TrainingRequest, now: datetime | None = None) -> dict[str, Any]:
    """The complete job in Vertex AI's form. Raises UsageProblem for missing or invalid settings."""
    settings = defaults(project, request.training)
    job = job_files.read(request.file) if request.file else _of_image(request, settings)
    spec: dict[str, Any] = job["jobSpec"]
    if request.file:
        job_files.refuse_left_open(job, request.file.name)
        _put_over(spec, request)
    for pool in spec["workerPoolSpecs"]:
        gpus.check(pool.get("machineSpec") or {})
    name = request.name or str(job.get("displayName") or "") or _named_after(request)
    account = _account(project, request.identity) or str(spec.get("serviceAccount") or settings.identity)
    if not account:
        raise UsageProblem(
            "There is no identity to train as: add one called train under identities: in the environment file, or choose one with --identity."
        )
    scheduling = dict(spec.get("scheduling") or {})
    scheduling["timeout"] = f"{_seconds(request.timeout) or _timeout_of(scheduling) or settings.timeout_minutes * 60}s"
    output = (
        request.output
        or spec.get("baseOutputDirectory", {}).get("outputUriPrefix")
        or _place(settings.output, name, now)
    )
    if settings.tensorboard and "tensorboard" not in spec:
        spec["tensorboard"] = _tensorboard(project)
    spec |= {"serviceAccount": account, "scheduling": scheduling, "baseOutputDirectory": {"outputUriPrefix": output}}
    of_file = {**project.environment.labels, **(job.get("labels") or {}), "component": request.training or "training"}
    labels = {**of_file, **(request.labels or {}), **project.labels()}
    return {**job, "displayName": name, "labels": labels, "jobSpec": spec}


def _tensorboard(project: Project) -> str:
    """The environment's TensorBoard, by its full name. Raises UsageProblem when `up` has not created it."""
    found = project.cloud.pages(f"{project.region}-{API}", f"v1/{project.here}/tensorboards", "tensorboards")
    name = next((str(one["name"]) for one in found if one.get("displayName") == _BOARD), "")
    if not name:
        raise UsageProblem(
            f"{project.environment.place} has no TensorBoard yet: run `groundwork up --env {project.environment.name}`."
        )
    return name


def timeout(job: Mapping[str, Any]) -> int:
    """The job's time limit in seconds."""
    return _timeout_of(job["jobSpec"]["scheduling"])


def _of_image(request: TrainingRequest, said: TrainingSpec) -> dict[str, Any]:
    image = request.image or said.image
    if not image:
        raise UsageProblem("Name what to run: a job file, a training in the environment file, or --image IMAGE.")
    env = [{"name": name, "value": value} for name, value in {**said.env, **(request.env or {})}.items()]
    gpu = {"acceleratorType": said.accelerator, "acceleratorCount": said.accelerator_count} if said.accelerator else {}
    pool = {
        "machineSpec": _machine(request, {"machineType": said.machine_type, **gpu}),
        "replicaCount": "1",
        "containerSpec": {"imageUri": image, "args": list(request.args or said.args), "env": env},
    }
    return {"jobSpec": {"workerPoolSpecs": [pool]}}


def _put_over(spec: dict[str, Any], request: TrainingRequest) -> None:
    """Applies the command line's overrides to the file's job; with several worker pools, only image and variables apply to all."""
    pools = spec["workerPoolSpecs"]
    if (request.machine or request.gpu or request.args) and len(pools) > 1:
        raise UsageProblem("The file has several worker pools: change machines and arguments there.")
    for pool in pools:
        pool["machineSpec"] = _machine(request, pool.get("machineSpec") or {"machineType": _MACHINE})
        pool.setdefault("replicaCount", "1")
        container = pool.setdefault("containerSpec", {}) if "pythonPackageSpec" not in pool else {}
        if request.image:
            container["imageUri"] = request.image
        if request.args:
            container["args"] = list(request.args)
        if request.env:
            kept = [one for one in container.get("env", ()) if one.get("name") not in request.env]
            container["env"] = [*kept, *({"name": name, "value": value} for name, value in request.env.items())]


def _machine(request: TrainingRequest, machine: Mapping[str, Any]) -> dict[str, Any]:
    gpu, _, count = request.gpu.partition(":")
    if gpu.isdecimal() or (count and not count.isdecimal()):
        raise UsageProblem(f"{request.gpu!r} is not a GPU: write it as NVIDIA_TESLA_T4 or NVIDIA_TESLA_T4:2.")
    kind = {"machineType": request.machine} if request.machine else {}
    with_gpu = {"acceleratorType": gpu.upper(), "acceleratorCount": int(count or 1)} if gpu else {}
    spec = {**machine, **kind, **with_gpu}
    return {"acceleratorCount": 1, **spec} if spec.get("acceleratorType") else spec


def _named_after(request: TrainingRequest) -> str:
    if request.training or request.file:
        return request.training or (request.file.stem if request.file else "")
    return request.image.rpartition("/")[2].partition("@")[0].partition(":")[0] or "training"


def _account(project: Project, name: str) -> str:
    """The address of an identity of the file, or an address as it is. Raises UsageProblem for an unknown name."""
    identities = project.environment.identities
    if not name or "@" in name:
        return name
    if name not in identities:
        raise UsageProblem(f"There is no identity {name}; {allowed(identities, name)}")
    return identities[name].email


def _place(output: str, name: str, now: datetime | None) -> str:
    if not output:
        raise UsageProblem("There is no bucket for the job's results: choose a place with --output gs://BUCKET/FOLDER.")
    short = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "job"
    return f"{output}/jobs/{short}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def _seconds(text: str) -> int:
    """Parses a time such as 90m or 2h into seconds; 0 for "". Raises UsageProblem."""
    found = _TIME.fullmatch(text) if text else None
    if text and not found:
        raise UsageProblem(f"{text!r} is not a time: write it as 90m, 2h or 1d.")
    seconds = float(found[1]) * _UNITS[found[2] or ""] if found else 0
    if seconds > _LONGEST:
        raise UsageProblem(f"{text[:50]} is longer than a year, which no job may take.")
    return int(seconds)


def _timeout_of(scheduling: Mapping[str, Any]) -> int:
    return _seconds(str(scheduling.get("timeout") or ""))
