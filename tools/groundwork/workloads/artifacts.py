"""The output of a training job: the objects below its output address, the model first."""

from __future__ import annotations

from dataclasses import dataclass

from groundwork.errors import UsageProblem
from groundwork.workloads.jobs import Job
from groundwork.workloads.project import Project

MODEL, CHECKPOINTS, CURVES = "model", "checkpoints", "logs"
"""Folders that a job finds in AIP_MODEL_DIR, AIP_CHECKPOINT_DIR and AIP_TENSORBOARD_LOG_DIR.

Source: https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables.
"""
_ORDER = (MODEL, CHECKPOINTS, CURVES)


@dataclass(frozen=True)
class Artifact:
    """An object that a job wrote: its address, the folder it belongs to ("" for none of the three), its size in bytes."""

    url: str
    folder: str
    size: int
    updated: str


def artifacts(project: Project, job: Job) -> list[Artifact]:
    """Everything below a job's output address, the model first. Raises UsageProblem for a job without one."""
    if job.sort != "training":
        raise UsageProblem(f"{job.name} is a Cloud Run job, which has no output folder: look into its bucket.")
    if not job.output.startswith("gs://"):
        raise UsageProblem(
            f"{job.name} was submitted without baseOutputDirectory, so it is unknown where it writes: `groundwork jobs submit` sets one."
        )
    bucket, _, prefix = job.output.removeprefix("gs://").partition("/")
    below = f"{prefix}/" if prefix else ""
    listed = project.cloud.pages("storage", f"v1/b/{bucket}/o", "items", {"prefix": below})
    found = [_artifact(bucket, below, one) for one in listed]
    return sorted(found, key=lambda one: (_ORDER.index(one.folder) if one.folder else len(_ORDER), one.url))


def _artifact(bucket: str, below: str, entry: dict[str, object]) -> Artifact:
    name = str(entry["name"])
    folder = name.removeprefix(below).partition("/")[0]
    known = folder if folder in _ORDER else ""
    return Artifact(f"gs://{bucket}/{name}", known, int(str(entry.get("size", 0))), str(entry.get("updated", "")))
