"""The environment variables of a training job's replica.

Source: https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables and …/distributed-training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.engine.service import Body
from localcloud.services.aiplatform.specs import Pool

_PORT = 2222
_TASKS = ("chief", "worker", "ps", "evaluator")


def of(
    spec: Body, job: str, number: int, pools: Sequence[Pool], pool: Pool, replica: int, added: Mapping[str, str]
) -> dict[str, str]:
    """The environment variables of one replica; `added` has those for a training pipeline's data set, or for a trial."""
    identity = job.rpartition("/")[2]
    variables: dict[str, str] = {
        "CLOUD_ML_JOB_ID": identity,
        "CLOUD_ML_PROJECT_ID": str(number),
        "CLOUD_ML_REGION": job.split("/")[3],
        "CLUSTER_SPEC": json.dumps(_cluster(pools, pool, replica, added.get("CLOUD_ML_TRIAL_ID", ""))),
        "TF_CONFIG": json.dumps(_tensorflow(pools, pool, replica)),
        "AIP_TF_PROFILER_PORT": "8431" if spec.get("enableDashboardAccess") else "",
        **_places(spec),
        **added,
        **pool.variables,
    }
    return {name: value for name, value in variables.items() if value or name in pool.variables}


def _places(spec: Body) -> Mapping[str, str]:
    prefix = spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").rstrip("/")
    if not prefix:
        return {}
    board = {"AIP_TENSORBOARD_RESOURCE_NAME": spec["tensorboard"]} if spec.get("tensorboard") else {}
    return {
        "AIP_MODEL_DIR": f"{prefix}/model/",
        "AIP_CHECKPOINT_DIR": f"{prefix}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{prefix}/logs/",
        **board,
    }


def address(pools: Sequence[Pool], pool: Pool, replica: int) -> str:
    """A replica's address for the others: all replicas of a job share one network here, with a port each."""
    before = sum(one.replicas for one in pools if one.index < pool.index)
    return f"127.0.0.1:{_PORT + before + replica}"


def _cluster(pools: Sequence[Pool], pool: Pool, replica: int, trial: str) -> Mapping[str, Any]:
    cluster = {f"workerpool{one.index}": [address(pools, one, at) for at in range(one.replicas)] for one in pools}
    task = {"type": f"workerpool{pool.index}", "index": replica, "trial": trial}
    return {"cluster": cluster, "environment": "cloud", "task": task, "open_ports": [_PORT]}


def _tensorflow(pools: Sequence[Pool], pool: Pool, replica: int) -> Mapping[str, Any]:
    cluster = {_TASKS[one.index]: [address(pools, one, at) for at in range(one.replicas)] for one in pools}
    return {"cluster": cluster, "task": {"type": _TASKS[pool.index], "index": replica}, "environment": "cloud"}
