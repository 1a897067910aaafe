"""GPU quotas: a new project has none, and Vertex AI refuses jobs that exceed them immediately.

Source: https://cloud.google.com/vertex-ai/docs/quotas#serverless-training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Quotas
from localcloud.errors import CloudError
from localcloud.services.aiplatform import names, specs
from localcloud.services.aiplatform.names import API

_SHORT = {"h100_80gb": "h100", "h100_mega_80gb": "h100_mega", "h200_141gb": "h200"}
_ACTIVE = frozenset({"JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_CANCELLING"})


def metric(gpu: str) -> str:
    """The quota metric for a GPU: "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus"."""
    short = re.sub(r"^NVIDIA_(TESLA_)?", "", gpu).lower()
    return f"{names.HOST}/custom_model_training_nvidia_{_SHORT.get(short, short)}_gpus"


def check(cloud: Cloud, parent: str, spec: dict[str, object], copies: int = 1) -> None:
    """429 with Google's message if the GPUs of a job, or of copies of it, exceed the project's quota in the region with those in use."""
    wanted = _gpus([spec] * copies)
    if not wanted:
        return
    offer, jobs = cloud.offers.get(Quotas), cloud.store.list(API, parent, "customJobs")
    used = _gpus(body["jobSpec"] for _, body in jobs if body["state"] in _ACTIVE)
    exceeded = [
        name
        for name, count in sorted(wanted.items())
        if count + used[name] > (offer.limit(names.project(parent), name, names.region(parent)) if offer else 0)
    ]
    if exceeded:
        text = f"The following quota metrics exceed quota limits: {', '.join(exceeded)}"
        raise CloudError(429, "RESOURCE_EXHAUSTED", text)


def _gpus(jobs: Iterable[dict[str, object]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for spec in jobs:
        for pool in specs.pools(spec):
            if pool.machine.gpu:
                counts[metric(pool.machine.gpu)] += pool.machine.gpus * pool.replicas
    return counts
