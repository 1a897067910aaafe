"""Checks what would stop a training job only after it is submitted: missing GPU quota, and images that Vertex AI may not pull."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundwork.doctor.finding import CheckResult
from groundwork.environment.values import Environment
from groundwork.environment.workloads import TrainingSpec
from groundwork.google.cloud import GoogleCloud
from groundwork.workloads import quotas
from groundwork.workloads.project import Project

_ELSEWHERE = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[a-z0-9.:-]+)/(?P<repository>[^/]+)/")
_PUBLIC = ("vertex-ai", "deeplearning-platform-release", "cloudrun", "google.com")
"""Google's own projects, whose images everybody may pull."""


def check(cloud: GoogleCloud, environment: Environment) -> Iterator[CheckResult]:
    """The GPU quota of each training, and who pulls its image if that is in another project."""
    project = Project(cloud, environment)
    for training in environment.training.values():
        yield from _gpus(project, training)
        yield from _image(environment, training)


def _gpus(project: Project, training: TrainingSpec) -> Iterator[CheckResult]:
    machine = {"acceleratorType": training.accelerator, "acceleratorCount": training.accelerator_count}
    for quota in quotas.of_job(project, {"workerPoolSpecs": [{"machineSpec": machine}]}, project.region):
        subject, text = f"GPUs of {training.name}", quota.text(project.region)
        if quota.granted is None:
            yield CheckResult(
                subject,
                "note",
                text,
                "enable serviceusage.googleapis.com, or look in the console (IAM & Admin, Quotas)",
            )
        elif quota.enough:
            yield CheckResult(subject, "ok", text)
        else:
            name = quota.metric.rpartition("/")[2]
            yield CheckResult(
                subject,
                "missing",
                text,
                f"ask Google for {name} in the console (IAM & Admin, Quotas), which takes hours to days",
            )


def _image(environment: Environment, training: TrainingSpec) -> Iterator[CheckResult]:
    found = _ELSEWHERE.match(training.image)
    if found and found["project"] not in (environment.project, *_PUBLIC):
        yield CheckResult(
            f"image of {training.name}",
            "note",
            f"it is in project {found['project']}, and is pulled by Vertex AI's service agent, not by {training.identity}",
            f"gcloud artifacts repositories add-iam-policy-binding {found['repository']} --project {found['project']} --location "
            f"{found['location']} --role roles/artifactregistry.reader --member "
            "serviceAccount:service-PROJECT_NUMBER@gcp-sa-aiplatform.iam.gserviceaccount.com",
        )
