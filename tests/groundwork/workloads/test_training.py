"""The jobs created from trainings of the environment file: identity, place, machine, end, labels, TensorBoard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.workloads import TrainingSpec
from groundwork.errors import UsageProblem
from groundwork.workloads import training
from groundwork.workloads.project import Project
from groundwork.workloads.training import TrainingRequest

from tests.groundwork.workloads.conftest import switch_on
from tests.small_clone import SmallClone

THEN = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)


def trained(project: Project, **changes: Any) -> Project:
    """The project with a training called train in its file."""
    spec = TrainingSpec(
        "train", "train", "europe-west1-docker.pkg.dev/p/images/train", ("--epochs", "3"), {"SEED": "1"}, "n1-highmem-2",
        "NVIDIA_TESLA_T4", 2, 90, "gs://p-models", tensorboard=False,
    )  # fmt: skip
    environment = replace(project.environment, training={"train": replace(spec, **changes)}, labels={"team": "cats"})
    return replace(project, environment=environment)


def test_a_training_becomes_a_job_with_everything_in_the_file(project: Project) -> None:
    job = training.job_of(trained(project), TrainingRequest(training="train"), THEN)
    assert job["displayName"] == "train"
    assert job["labels"] == {"team": "cats", "component": "train", "member": "owner_example_com"}
    assert job["jobSpec"] == {
        "workerPoolSpecs": [
            {
                "machineSpec": {
                    "machineType": "n1-highmem-2",
                    "acceleratorType": "NVIDIA_TESLA_T4",
                    "acceleratorCount": 2,
                },
                "replicaCount": "1",
                "containerSpec": {
                    "imageUri": "europe-west1-docker.pkg.dev/p/images/train",
                    "args": ["--epochs", "3"],
                    "env": [{"name": "SEED", "value": "1"}],
                },
            }
        ],
        "serviceAccount": f"groundwork-train@{project.id}.iam.gserviceaccount.com",
        "scheduling": {"timeout": "5400s"},
        "baseOutputDirectory": {"outputUriPrefix": "gs://p-models/jobs/train-20261128-100000"},
    }


def test_the_command_line_goes_over_the_file(project: Project) -> None:
    request = TrainingRequest(
        training="train", image="other", name="again", machine="g2-standard-4", gpu="nvidia_l4", timeout="1h", output="gs://b/x",
        labels={"run": "7"}, env={"SEED": "2"}, args=("--fast",),
    )  # fmt: skip
    job = training.job_of(trained(project), request, THEN)
    (pool,) = job["jobSpec"]["workerPoolSpecs"]
    assert pool["machineSpec"] == {
        "machineType": "g2-standard-4",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 1,
    }
    assert pool["containerSpec"] == {"imageUri": "other", "args": ["--fast"], "env": [{"name": "SEED", "value": "2"}]}
    assert (job["displayName"], job["labels"]["run"], training.timeout(job)) == ("again", "7", 3600)
    assert job["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": "gs://b/x"}


def test_without_a_training_the_defaults_hold(project: Project) -> None:
    job = training.job_of(project, TrainingRequest(image="europe-west1-docker.pkg.dev/p/images/mine:1"), THEN)
    assert job["displayName"] == "mine"
    assert training.timeout(job) == 6 * 3600
    assert job["jobSpec"]["baseOutputDirectory"] == {
        "outputUriPrefix": f"gs://{project.id}-models/jobs/mine-20261128-100000"
    }


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [("identities", "There is no identity to train as"), ("buckets", "There is no bucket for the job's results")],
)
def test_a_missing_identity_or_bucket_is_reported_in_one_sentence(
    project: Project, missing: str, sentence: str
) -> None:
    bare = replace(project, environment=replace(project.environment, **{missing: {}}))  # type: ignore[arg-type]
    with pytest.raises(UsageProblem, match=sentence):
        training.job_of(bare, TrainingRequest(image="x"), THEN)


def test_a_missing_command_is_reported_in_one_sentence(project: Project) -> None:
    with pytest.raises(UsageProblem, match="Name what to run"):
        training.job_of(project, TrainingRequest(), THEN)


def test_options_for_one_worker_are_refused_for_several(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("workerPoolSpecs: [{containerSpec: {imageUri: x}}, {containerSpec: {imageUri: y}}]")
    with pytest.raises(UsageProblem, match="several worker pools"):
        training.job_of(project, TrainingRequest(file=file, machine="n1-standard-4"), THEN)
    job = training.job_of(project, TrainingRequest(file=file, env={"A": "1"}), THEN)
    assert [pool["containerSpec"]["env"] for pool in job["jobSpec"]["workerPoolSpecs"]] == [
        [{"name": "A", "value": "1"}]
    ] * 2


def test_curves_go_to_the_environments_tensorboard(clone: SmallClone, project: Project) -> None:
    job = trained(project, tensorboard=True)
    with pytest.raises(UsageProblem, match="has no TensorBoard yet: run `groundwork up --env local`"):
        training.job_of(job, TrainingRequest(training="train"), THEN)
    switch_on(clone, "aiplatform")
    clone.cloud().request("POST", "aiplatform", f"v1/{project.here}/tensorboards", json={"displayName": "training"})
    board = training.job_of(job, TrainingRequest(training="train"), THEN)["jobSpec"]["tensorboard"]
    assert "/locations/europe-west1/tensorboards/" in board
