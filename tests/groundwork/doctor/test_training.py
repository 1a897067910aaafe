"""What doctor reports about training: GPUs without quota, and images that Vertex AI may not pull."""

from __future__ import annotations

from dataclasses import replace

import pytest
from groundwork.doctor import training
from groundwork.doctor.finding import CheckResult
from groundwork.environment.workloads import TrainingSpec
from groundwork.google.cloud import google_cloud

from tests.groundwork.at_google import Google

PATH = (
    "GET serviceusage.googleapis.com/v1beta1/projects/{}/services/aiplatform.googleapis.com/consumerQuotaMetrics/"
    "aiplatform.googleapis.com%2Fcustom_model_training_nvidia_t4_gpus"
)


def findings(google: Google, image: str = "", accelerator: str | None = "NVIDIA_TESLA_T4") -> list[CheckResult]:
    google.log_in()
    own = image or f"europe-west1-docker.pkg.dev/{google.clone.project}/images/train"
    train = TrainingSpec("train", "train", own, (), {}, "n1-standard-4", accelerator, 2, 60, "gs://b", False)
    environment = replace(google.environment, training={"train": train})
    return list(training.check(google_cloud(google.clone.project), environment))


@pytest.mark.parametrize(
    ("granted", "health", "remedy"),
    [(4, "ok", ""), (1, "missing", "ask Google for custom_model_training_nvidia_t4_gpus in the console")],
)
def test_the_quota_of_gpus_is_looked_up_before_a_job_is(google: Google, granted: int, health: str, remedy: str) -> None:
    buckets = [{"effectiveLimit": str(granted), "dimensions": {"region": "europe-west1"}}]
    google.proxy.scripted[PATH.format(google.clone.project)] = (
        200,
        {"consumerQuotaLimits": [{"quotaBuckets": buckets}]},
    )
    (found,) = findings(google)
    assert (found.subject, found.health) == ("GPUs of train", health)
    assert (
        found.text
        == f"GPU quota: {granted} of custom_model_training_nvidia_t4_gpus in europe-west1, and the job needs 2"
    )
    assert found.remedy.startswith(remedy)


def test_a_quota_that_cannot_be_seen_is_a_note(google: Google) -> None:
    google.proxy.scripted[PATH.format(google.clone.project)] = (403, {"error": {"code": 403, "message": "denied"}})
    assert [(one.health, "unknown (denied)" in one.text) for one in findings(google)] == [("note", True)]


def test_without_gpus_and_with_an_own_image_nothing_is_reported(google: Google) -> None:
    assert findings(google, accelerator=None) == []
    assert findings(google, "europe-docker.pkg.dev/vertex-ai/training/pytorch-gpu.2-4.py310:latest", None) == []


def test_an_image_elsewhere_is_pulled_by_googles_agent(google: Google) -> None:
    (found,) = findings(google, "us-docker.pkg.dev/other-team/shared/train:1", None)
    assert (found.subject, found.health) == ("image of train", "note")
    assert "repositories add-iam-policy-binding shared --project other-team --location us " in found.remedy
