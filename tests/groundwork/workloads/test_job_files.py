"""Files of training jobs in the forms that teams write, and what in them is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from groundwork.errors import UsageProblem
from groundwork.workloads import job_files
from localcloud.spec import discovery

from tests.groundwork.workloads.conftest import Writer

LIST = """
workerPoolSpecs:
  - machineSpec: {machineType: n1-highmem-2, acceleratorType: NVIDIA_TESLA_T4, acceleratorCount: 1}
    replicaCount: 1
    containerSpec:
      imageUri: europe-west1-docker.pkg.dev/p/images/train:latest
      args: [--epochs, 10, --fast, true]
      env: [{name: SEED, value: 42}, {name: some_name, value: x}]
"""
MAPPING = LIST.replace("  - machineSpec", "    machineSpec")
SNAKE = """
worker_pool_specs:
  machine_spec: {machine_type: n1-highmem-2, accelerator_type: NVIDIA_TESLA_T4, accelerator_count: 1}
  replica_count: 1
  container_spec:
    image_uri: europe-west1-docker.pkg.dev/p/images/train:latest
    args: [--epochs, 10, --fast, true]
    env: [{name: SEED, value: 42}, {name: some_name, value: x}]
"""
WHOLE = "displayName: train\nlabels: {team_name: cats}\njobSpec:" + LIST.replace("\n", "\n  ")
SNAKE_WHOLE = "display_name: train\nlabels: {team_name: cats}\njob_spec:" + SNAKE.replace("\n", "\n  ")


@pytest.mark.parametrize(
    "text", [LIST, MAPPING, SNAKE, WHOLE, SNAKE_WHOLE], ids=["list", "mapping", "snake", "whole", "snake-whole"]
)
def test_every_form_is_the_same_job(write: Writer, text: str) -> None:
    job = job_files.read(write("train.yaml", text) / "train.yaml")
    assert job["jobSpec"] == {
        "workerPoolSpecs": [
            {
                "machineSpec": {
                    "machineType": "n1-highmem-2",
                    "acceleratorType": "NVIDIA_TESLA_T4",
                    "acceleratorCount": 1,
                },
                "replicaCount": 1,
                "containerSpec": {
                    "imageUri": "europe-west1-docker.pkg.dev/p/images/train:latest",
                    "args": ["--epochs", "10", "--fast", "true"],
                    "env": [{"name": "SEED", "value": "42"}, {"name": "some_name", "value": "x"}],
                },
            }
        ]
    }
    if "isplay" in text:
        assert (job["displayName"], job["labels"]) == ("train", {"team_name": "cats"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a", "train.yaml describes no job"),
        ("a: [", "train.yaml cannot be read as YAML: "),
        ("[" * 3000, "values are nested too deeply"),
        ("a: &a [*a]", "its aliases stand for too much"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 17)), "its aliases stand for too much"),
        ("a: 2026-99-99", "month must be in 1..12"),
        ("a: " + "9" * 5000, "Exceeds the limit"),
        ("a: b\n" * 100_000, "it has more than 256 KiB"),
        ("scheduling: {timeout: 1h}", "train.yaml has no workerPoolSpecs"),
        ("workerPoolSpecs: [1]", "train.yaml has no workerPoolSpecs"),
        ("workerPoolSpec: []", "train.yaml has workerPoolSpec, which is not a field of a job; did you mean workerPoolSpecs?"),
        ("workerPoolSpecs: {machineSpec: {preemptible: true}}", "machineSpec has preemptible, which is not a field of a job; write `scheduling: {strategy: SPOT}` beside workerPoolSpecs."),
        ("scheduling: {provisioning_model: SPOT}", "train.yaml: scheduling has provisioningModel, which is not a field of a job; write `scheduling: {strategy: SPOT}` beside workerPoolSpecs."),
        ("spot: true", "train.yaml has spot, which is not a field of a job; write `scheduling: {strategy: SPOT}` beside workerPoolSpecs."),
        ("maxRunDuration: 1h", "train.yaml has maxRunDuration, which is not a field of a job; write `scheduling: {timeout: 3600s}` beside workerPoolSpecs."),
        ("workerPoolSpecs: {machineType: x}", "workerPoolSpecs has machineType, which belongs in machineSpec: write `machineSpec: {machineType: …}`."),
        ("workerPoolSpecs: {containerSpec: {scheduling: {}}}", "containerSpec has scheduling, which belongs beside workerPoolSpecs."),
        ("timeout: 1h", "train.yaml has timeout, which belongs in scheduling: write `scheduling: {timeout: …}`."),
        ("workerPoolSpecs: {diskSpec: {bootDiskSize: 1}}", "diskSpec has bootDiskSize, which is not a field of a job; did you mean bootDiskSizeGb?"),
        ("workerPoolSpecs: {machineSpecs: {}}", "workerPoolSpecs has machineSpecs, which is not a field of a job; did you mean machineSpec?"),
        ("workerPoolSpecs: {machineSpec: {}}", "workerPoolSpecs names no image: set containerSpec.imageUri"),
        ("workerPoolSpecs: {containerSpec: text}", "workerPoolSpecs: containerSpec is not a mapping"),
        ("workerPoolSpecs: true", "train.yaml has no workerPoolSpecs"),
        ("workerPoolSpecs: {containerSpec: {imageUri: a, env: true}}", "env is a list of"),
        ("workerPoolSpecs: {containerSpec: {imageUri: a}, replicaCount: x}", "replicaCount is 'x', which is not a whole number"),
        ("workerPoolSpecs: {containerSpec: {imageUri: a}, machineSpec: {acceleratorCount: [1]}}", "acceleratorCount is '[1]', which"),
        ("workerPoolSpecs: {containerSpec: {imageUri: a}, diskSpec: {bootDiskSizeGb: .nan}}", "bootDiskSizeGb is 'nan', which"),
    ],
)  # fmt: skip
def test_an_invalid_job_is_reported_in_one_sentence(write: Writer, text: str, sentence: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        job_files.read(write("train.yaml", text) / "train.yaml")
    assert sentence in problem.value.message


def test_a_key_without_a_value_is_ignored(write: Writer) -> None:
    text = "baseOutputDirectory:\nlabels:\nworkerPoolSpecs: {containerSpec: {imageUri: a, env: }, machineSpec: }\n"
    read = job_files.read(write("train.yaml", text) / "train.yaml")
    assert read == {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {"imageUri": "a"}}]}}


def test_a_missing_file_is_reported_in_one_sentence(write: Writer) -> None:
    with pytest.raises(UsageProblem, match="cannot be read: No such file"):
        job_files.read(write("other.yaml", "") / "train.yaml")


def test_anything_but_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train.yaml")
    with pytest.raises(UsageProblem, match="it is not a regular file"):
        job_files.read(tmp_path / "train.yaml")


def job(*env: tuple[str, str], image: str = "image") -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in env]
    return {"jobSpec": {"workerPoolSpecs": [{"containerSpec": {"imageUri": image, "env": entries}}]}}


@pytest.mark.parametrize("name", ["WANDB_API_KEY", "wandb_api_key", "KAGGLE_TOKEN", "DB_PASSWORD"])
def test_a_key_in_the_file_is_warned_of_without_showing_it(name: str) -> None:
    (warning,) = job_files.warnings(job((name, "wandb_v1_abcdef"), ("SEED", "1"), ("KEYBOARD", "qwerty")))
    assert warning.startswith(f"{name} is in the file")
    assert "wandb_v1" not in warning


def test_a_secret_that_was_not_replaced_is_not_to_be_written_into_the_file() -> None:
    with pytest.raises(UsageProblem, match=r"submit it by the build that replaces it .* or leave it out and let the"):
        job_files.refuse_left_open(job(("WANDB_API_KEY", "$WANDB_API_KEY")), "train.yaml")
    with pytest.raises(UsageProblem, match=r"write its value, or leave it out\.$"):
        job_files.refuse_left_open(job(("SEED", "$SEED")), "train.yaml")


@pytest.mark.parametrize("image", ["a-docker.pkg.dev/PROJECT_ID/x/train:latest", "IMAGE", "gcr.io/p/My-App@sha256:0"])
def test_a_placeholder_in_an_images_address_is_refused(image: str) -> None:
    with pytest.raises(UsageProblem, match="have lower-case letters before the tag"):
        job_files.refuse_left_open(job(image=image), "train.yaml")


@pytest.mark.parametrize("image", ["a-docker.pkg.dev/p/x/train:V2", "p/x/train", "localhost:5000/train:A@sha256:0"])
def test_a_tag_may_have_capitals(image: str) -> None:
    job_files.refuse_left_open(job(image=image), "train.yaml")


@pytest.mark.parametrize("value", ["$WANDB_API_KEY", "${WANDB_API_KEY}"])
def test_an_empty_variable_is_refused(value: str) -> None:
    with pytest.raises(UsageProblem, match=r"train\.yaml: env WANDB_API_KEY is .* not replaced"):
        job_files.refuse_left_open(job(("WANDB_API_KEY", value)), "train.yaml")
    with pytest.raises(UsageProblem, match="imageUri is"):
        job_files.refuse_left_open(job(image=f"images/train:{value}"), "train.yaml")
    job_files.refuse_left_open(job(("PRICE", "10$ for all")), "train.yaml")


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_every_field_that_google_documents_is_one_of_a_job(version: str) -> None:
    schemas = discovery.document("aiplatform", version).schemas
    prefix = f"GoogleCloudAiplatform{version.capitalize()}"

    def filled(name: str, parts: dict[str, str], **more: Any) -> dict[str, Any]:
        """A value of every field of a message; those of its parts are filled, too."""
        fields = dict.fromkeys(schemas[prefix + name]["properties"], "1")
        return fields | {field: filled(part, {}) for field, part in parts.items()} | more

    pool_parts = {"machineSpec": "MachineSpec", "diskSpec": "DiskSpec", "pythonPackageSpec": "PythonPackageSpec"}
    container = filled("ContainerSpec", {}, env=[])
    pool = filled("WorkerPoolSpec", pool_parts, containerSpec=container)
    spec_parts = {"scheduling": "Scheduling", "baseOutputDirectory": "GcsDestination"}
    spec = filled("CustomJobSpec", spec_parts, workerPoolSpecs=[pool])
    assert job_files.job_of({"displayName": "a", "jobSpec": spec}, "train.yaml")["jobSpec"].keys() == spec.keys()
