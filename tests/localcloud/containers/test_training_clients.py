"""gcloud and google-cloud-aiplatform, unchanged, with jobs that train in containers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.containers.gcloud import environment
from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
REGION = "--region=europe-west1"
Gcloud = Callable[..., subprocess.CompletedProcess[str]]
# The two forms of a job's file that teams write, spelled as on gcloud's own pages.
AS_A_LIST = f"""
workerPoolSpecs:
- machineSpec:
    machineType: n1-highmem-2
  replicaCount: 1
  containerSpec:
    imageUri: {SMALL}
    command: [sh, -c]
    args: ["echo epoch 1; echo epoch 2"]
"""
AS_A_MAPPING = f"""
workerPoolSpecs:
  machineSpec:
    machineType: n1-standard-4
  replicaCount: 1
  containerSpec:
    imageUri: {SMALL}
    command: [sh, -c]
    args: ["echo epoch 1; echo epoch 2"]
"""
SUBMITS = """
import sys
from google.auth.credentials import Credentials
from google.cloud import aiplatform

class Token(Credentials):
    def __init__(self, token):
        super().__init__()
        self.token = token
    def refresh(self, request):
        pass

project, image, account, transport = sys.argv[1:]
aiplatform.init(project=project, location="europe-west1", credentials=Token(sys.stdin.read()), api_transport=transport,
                staging_bucket="gs://client-staging")
container = {"image_uri": image, "command": ["sh", "-c"], "args": ["echo $AIP_MODEL_DIR"]}
pool = {"machine_spec": {"machine_type": "n1-standard-4"}, "replica_count": 1, "container_spec": container}
job = aiplatform.CustomJob(display_name=transport, worker_pool_specs=[pool], labels={"team": "cards"})
job.run(service_account=account)
print("=", job.state.name, job.error.code if job.error else 0)
pipeline = aiplatform.CustomContainerTrainingJob(
    display_name="pipe", container_uri=image, command=["true"], model_serving_container_image_uri=image)
model = pipeline.run(model_display_name="m", service_account=account, machine_type="n1-standard-4")
print("=", pipeline.state.name, model.version_id, model.versioned_resource_name.rpartition("@")[2])
again = aiplatform.Model.upload(display_name="m", serving_container_image_uri=image, parent_model=model.resource_name)
print("=", [one.version_id for one in again.versioning_registry.list_versions()])
endpoint = aiplatform.Endpoint.create(display_name="e")
print("=", endpoint.display_name, [one.display_name for one in aiplatform.Endpoint.list()])
board = aiplatform.Tensorboard.create(display_name="board")
print("=", board.display_name, len(aiplatform.CustomJob.list(filter=f'display_name="{transport}"')))
experiment = aiplatform.TensorboardExperiment.create("e", tensorboard_name=board.resource_name)
run = aiplatform.TensorboardRun.create("r", tensorboard_experiment_name=experiment.resource_name)
run.create_tensorboard_time_series("loss")
for step in (1, 2):
    run.write_tensorboard_scalar_data({"loss": 1 / step}, step=step)
found = run.read_time_series_data()["loss"].values
print("=", [(point.step, point.scalar.value) for point in found])
endpoint.delete(); board.delete(); model.delete()
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], state: Path) -> Iterator[Serving]:
    with serving(state, "storage", "iam", "aiplatform", "logging", "cloudresourcemanager") as cloud:
        cloud("POST", "storage/v1/b", {"name": "client-staging"}, project=PROJECT)
        yield cloud


@pytest.fixture
def env(cloud: Serving, state: Path, tmp_path: Path) -> Mapping[str, str]:
    return environment(cloud, state, tmp_path)


@pytest.fixture
def gcloud(env: Mapping[str, str], tmp_path: Path) -> Gcloud:
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not on this machine")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "ai", *arguments],
            capture_output=True,
            text=True,
            env=dict(env),
            cwd=tmp_path,
            check=False,
            timeout=180,
        )

    return run


@pytest.mark.parametrize("config", [AS_A_LIST, AS_A_MAPPING], ids=["list", "mapping"])
def test_gcloud_submits_a_job_and_shows_how_it_trains(
    cloud: Serving, gcloud: Gcloud, tmp_path: Path, config: str
) -> None:
    (tmp_path / "job.yaml").write_text(config)
    account = cloud.account("gcloud-train").partition(":")[2]
    result = gcloud(
        "custom-jobs", "create", REGION, "--display-name=train", "--config=job.yaml", f"--service-account={account}"
    )
    assert result.returncode == 0, result.stderr
    name = gcloud(
        "custom-jobs", "list", REGION, "--format=value(name)", "--sort-by=~createTime", "--limit=1"
    ).stdout.strip()
    identity = name.rpartition("/")[2]
    cloud.settled()
    described = json.loads(gcloud("custom-jobs", "describe", identity, REGION, "--format=json").stdout)
    assert described["state"] == "JOB_STATE_SUCCEEDED", described
    assert described["jobSpec"]["serviceAccount"] == account
    streamed = gcloud("custom-jobs", "stream-logs", identity, REGION, "--polling-interval=1")
    assert streamed.returncode == 0, streamed.stderr
    lines = (streamed.stdout + streamed.stderr).splitlines()
    assert [line.split()[-2:] for line in lines if "epoch" in line] == [["epoch", "1"], ["epoch", "2"]]
    assert any("Job completed successfully." in line for line in lines)


TUNED = f"""
studySpec:
  metrics:
  - metricId: accuracy
    goal: MAXIMIZE
  parameters:
  - parameterId: size
    discreteValueSpec:
      values: [4, 8]
  algorithm: GRID_SEARCH
trialJobSpec:
  workerPoolSpecs:
  - machineSpec:
      machineType: n1-standard-4
    replicaCount: 1
    containerSpec:
      imageUri: {SMALL}
      command: [sh, -c]
      args: ['echo given $0; echo "{{\\"accuracy\\": \\"${{0#--size=}}\\"}}" > $CLOUD_ML_HP_METRIC_FILE']
"""


def test_gcloud_tunes_parameters_and_shows_all_trials_in_one_log(
    cloud: Serving, gcloud: Gcloud, tmp_path: Path
) -> None:
    (tmp_path / "tune.yaml").write_text(TUNED)
    counts = ("--max-trial-count=2", "--parallel-trial-count=1")
    made = gcloud("hp-tuning-jobs", "create", REGION, "--display-name=tune", "--config=tune.yaml", *counts)
    assert made.returncode == 0, made.stderr
    cloud.settled()
    identity = gcloud("hp-tuning-jobs", "list", REGION, "--format=value(name)").stdout.strip().rpartition("/")[2]
    described = json.loads(gcloud("hp-tuning-jobs", "describe", identity, REGION, "--format=json").stdout)
    assert described["state"] == "JOB_STATE_SUCCEEDED", described
    assert [one["finalMeasurement"]["metrics"][0]["value"] for one in described["trials"]] == [4, 8]
    shown = gcloud("hp-tuning-jobs", "stream-logs", identity, REGION, "--polling-interval=1")
    lines = (shown.stdout + shown.stderr).splitlines()
    assert [line.split()[-1] for line in lines if "given" in line] == ["--size=4", "--size=8"]


def test_gcloud_reports_a_gpu_without_quota(gcloud: Gcloud) -> None:
    pool = (
        f"machine-type=n1-standard-4,accelerator-type=NVIDIA_TESLA_T4,accelerator-count=1,container-image-uri={SMALL}"
    )
    refused = gcloud("custom-jobs", "create", REGION, "--display-name=gpu", f"--worker-pool-spec={pool}")
    assert refused.returncode == 1
    assert "RESOURCE_EXHAUSTED" in refused.stderr
    assert "custom_model_training_nvidia_t4_gpus" in refused.stderr


def test_gcloud_keeps_models_endpoints_and_boards(gcloud: Gcloud) -> None:
    for arguments in (
        ("models", "upload", "--display-name=m", f"--container-image-uri={SMALL}"),
        ("endpoints", "create", "--display-name=e"),
        ("tensorboards", "create", "--display-name=b"),
    ):
        result = gcloud(*arguments, REGION)
        assert result.returncode == 0, result.stderr
    for kind, name in (("models", "m"), ("endpoints", "e"), ("tensorboards", "b")):
        listed = gcloud(kind, "list", REGION, "--format=value(displayName,name)")
        assert listed.stdout.split()[0] == name, listed.stderr
        deleted = gcloud(kind, "delete", listed.stdout.split()[1].rpartition("/")[2], REGION)
        assert deleted.returncode == 0, deleted.stderr


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_googles_client_submits_waits_and_keeps_what_was_made(
    cloud: Serving, env: Mapping[str, str], transport: str
) -> None:
    account = cloud.account(f"client-{transport}").partition(":")[2]
    result = subprocess.run(
        [sys.executable, "-c", SUBMITS, PROJECT, SMALL, account, transport],
        input=cloud.cloud.tokens.token(OWNER), capture_output=True, text=True,
        env=dict(env), check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert [line[2:] for line in result.stdout.splitlines() if line.startswith("= ")] == [
        "JOB_STATE_SUCCEEDED 0",
        "PIPELINE_STATE_SUCCEEDED 1 1",
        "['1', '2']",
        "e ['e']",
        "board 1",
        "[(1, 1.0), (2, 0.5)]",
    ]
