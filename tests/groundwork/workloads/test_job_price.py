"""The most that a job can cost: machine, GPU and disk, for as long as it may run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from groundwork.workloads import job_price, quotas


def spec(machine: str, gpu: str = "", count: int = 1, replicas: object = "1") -> dict[str, Any]:
    kind = {"machineType": machine, **({"acceleratorType": gpu, "acceleratorCount": count} if gpu else {})}
    return {"workerPoolSpecs": [{"machineSpec": kind, "replicaCount": replicas, "containerSpec": {"imageUri": "x"}}]}


DISK = Decimal("0.17") * 100 / 730


def test_a_machine_costs_vertexs_price_for_it_and_its_disk() -> None:
    rate = job_price.of_training(spec("n1-standard-4"), "us-central1")
    assert rate.hourly == Decimal("0.21849885") + DISK
    assert rate.at_most(7200) == "at most $0.48: $0.24 an hour for 1 n1-standard-4, stopped after 2 h at the latest"


def test_the_fee_on_top_of_compute_engine_gives_the_price_that_vertex_prints() -> None:
    """0.189999 with 15 % is the 0.21849885 of the price page."""
    assert (
        job_price.of_training(spec("n1-standard-8"), "us-central1").hourly
        == Decimal("0.379998") * Decimal("1.15") + DISK
    )


def test_gpus_and_workers_count_each() -> None:
    rate = job_price.of_training(spec("n1-standard-4", "NVIDIA_TESLA_T4", 2, 3), "us-central1")
    assert round(rate.hourly, 10) == round(3 * (Decimal("0.21849885") + 2 * Decimal("0.4025") + DISK), 10)
    assert rate.machines == "3 n1-standard-4 with 2 NVIDIA_TESLA_T4"


def test_a_machine_without_a_price_gives_no_figure() -> None:
    rate = job_price.of_training(spec("a2-highgpu-1g", "NVIDIA_TESLA_A100"), "europe-west1")
    assert rate.at_most(3600) == (
        "at most 1 h on 1 a2-highgpu-1g with 1 NVIDIA_TESLA_A100; its cost is unknown, because there is no price for a2-highgpu-1g"
    )


def test_a_run_jobs_timeout_covers_all_attempts_of_all_tasks() -> None:
    limits = {"resources": {"limits": {"cpu": "2", "memory": "4Gi"}}}
    job = {"template": {"taskCount": 3, "template": {"containers": [limits], "timeout": "1800s", "maxRetries": 1}}}
    rate, longest = job_price.of_run_job(job, "europe-west1")
    assert longest == 3600
    assert rate.hourly == 3 * 3600 * (2 * Decimal("0.000018") + 4 * Decimal("0.000002"))
    assert rate.machines == "3 tasks with 2 vCPU and 4 GiB"


@pytest.mark.parametrize(
    ("gpu", "name"),
    [
        ("NVIDIA_TESLA_T4", "custom_model_training_nvidia_t4_gpus"),
        ("NVIDIA_L4", "custom_model_training_nvidia_l4_gpus"),
        ("NVIDIA_TESLA_A100", "custom_model_training_nvidia_a100_gpus"),
        ("NVIDIA_A100_80GB", "custom_model_training_nvidia_a100_80gb_gpus"),
        ("NVIDIA_H100_80GB", "custom_model_training_nvidia_h100_gpus"),
    ],
)
def test_the_quota_of_a_gpu_has_googles_name(gpu: str, name: str) -> None:
    assert quotas.metric(gpu) == f"aiplatform.googleapis.com/{name}"
