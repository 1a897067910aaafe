"""GPU quotas for training: a new project has none, and Google reports that only when it refuses a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.google.cloud import CloudProblem
from groundwork.workloads.project import Project

_SERVICE = "aiplatform.googleapis.com"


@dataclass(frozen=True)
class Quota:
    """A quota for a job: its metric, how many are needed, how many are granted; None if that could not be read."""

    metric: str
    wanted: int
    granted: int | None
    why: str = ""

    @property
    def enough(self) -> bool:
        """Whether the quota is not known to be insufficient."""
        return self.granted is None or self.granted >= self.wanted

    def text(self, region: str) -> str:
        """The quota in a sentence."""
        name = self.metric.rpartition("/")[2]
        if self.granted is None:
            return (
                f"GPU quota: unknown ({self.why}); Google refuses the job if {name} in {region} is below {self.wanted}"
            )
        return f"GPU quota: {self.granted} of {name} in {region}, and the job needs {self.wanted}"


def metric(gpu: str) -> str:
    """The quota metric of a GPU: NVIDIA_TESLA_T4 is "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus".

    Source: https://cloud.google.com/vertex-ai/docs/quotas#serverless-training.
    """
    short = re.sub(r"^NVIDIA_(TESLA_)?|^TESLA_", "", gpu.upper()).lower()
    short = {"h100_80gb": "h100", "h100_mega_80gb": "h100_mega", "h200_141gb": "h200"}.get(short, short)
    return f"{_SERVICE}/custom_model_training_nvidia_{short}_gpus"


def of_job(project: Project, spec: Mapping[str, Any], region: str) -> list[Quota]:
    """The quotas of the GPUs that a job needs; none without GPUs."""
    wanted: dict[str, int] = {}
    for pool in spec.get("workerPoolSpecs", ()):
        machine = pool.get("machineSpec") or {}
        gpu = str(machine.get("acceleratorType") or "")
        if gpu and gpu != "ACCELERATOR_TYPE_UNSPECIFIED":
            count = int(machine.get("acceleratorCount") or 1) * int(pool.get("replicaCount") or 1)
            wanted[gpu] = wanted.get(gpu, 0) + count
    return [_looked_up(project, metric(gpu), number, region) for gpu, number in wanted.items()]


def _looked_up(project: Project, name: str, needed: int, region: str) -> Quota:
    path = f"v1beta1/projects/{project.id}/services/{_SERVICE}/consumerQuotaMetrics/{name.replace('/', '%2F')}"
    try:
        found = project.cloud.request("GET", "serviceusage", path, params={"view": "FULL"})
    except CloudProblem as problem:
        return Quota(name, needed, None, problem.text or problem.message)
    granted = list(_granted(found, region))
    # A limit of -1 means unlimited; without a value for the region, nothing is granted there.
    most = max(granted, default=0)
    return Quota(name, needed, 10**9 if -1 in granted else most)


def _granted(found: Mapping[str, Any], region: str) -> Iterator[int]:
    """The limits of a metric for a region; values for no region apply where the region has none of its own."""
    buckets = [bucket for limit in found.get("consumerQuotaLimits", ()) for bucket in limit.get("quotaBuckets", ())]
    own = [bucket for bucket in buckets if (bucket.get("dimensions") or {}).get("region") == region]
    for bucket in own or [bucket for bucket in buckets if not bucket.get("dimensions")]:
        yield int(bucket.get("effectiveLimit") or 0)
