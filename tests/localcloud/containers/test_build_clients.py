"""gcloud and google-cloud-build, unchanged, with real builds: submit, list, describe, log, triggers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.cloud.devtools import cloudbuild_v1
from google.oauth2.credentials import Credentials

from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.containers.gcloud import environment
from tests.localcloud.inside import NUMBER, OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/app"
COMPUTE = f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"
Gcloud = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], state: Path) -> Iterator[Serving]:
    with serving(state, "storage", "iam", "artifactregistry", "cloudbuild", "logging", "serviceusage") as cloud:
        place = f"artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
        cloud("POST", place, {"format": "DOCKER"}, repositoryId="images")
        for role in ("roles/storage.objectAdmin", "roles/artifactregistry.writer"):
            cloud.grant(role, COMPUTE)
        yield cloud


@pytest.fixture
def gcloud(cloud: Serving, state: Path, tmp_path: Path) -> Gcloud:
    program = shutil.which("gcloud")
    if program is None:
        pytest.skip("gcloud is not on this machine")
    env = environment(cloud, state, tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, env=env, cwd=tmp_path, check=False, timeout=180
        )

    return run


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f'FROM {SMALL}\nCOPY . /app\nCMD ["cat", "/app/main.txt"]\n')
    (folder / "main.txt").write_text("hello\n")
    return folder


def test_gcloud_submits_a_folder_and_streams_its_log(gcloud: Gcloud, app: Path) -> None:
    result = gcloud("builds", "submit", str(app), "--tag", f"{IMAGE}:tagged", "--region=europe-west1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Successfully tagged" in result.stdout
    assert f"Pushing {IMAGE}:tagged" in result.stdout
    assert result.stdout.rstrip().endswith("SUCCESS")
    listed = gcloud("builds", "list", "--region=europe-west1", "--format=value(id,status)")
    identity, status = listed.stdout.splitlines()[0].split()
    assert status == "SUCCESS"
    described = json.loads(gcloud("builds", "describe", identity, "--region=europe-west1", "--format=json").stdout)
    assert described["results"]["images"][0]["name"] == f"{IMAGE}:tagged"
    logged = gcloud("builds", "log", identity, "--region=europe-west1")
    assert "Successfully tagged" in logged.stdout, logged.stderr
    images = gcloud(
        "artifacts", "docker", "images", "list", f"{IMAGE.rpartition('/')[0]}", "--include-tags", "--format=value(tags)"
    )
    assert "tagged" in images.stdout


def test_gcloud_submits_a_build_file_that_fails(gcloud: Gcloud, app: Path) -> None:
    (app / "cloudbuild.yaml").write_text(
        "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, -t, $_TAG, nowhere]\n"
        f"substitutions:\n  _TAG: {IMAGE}:never\noptions:\n  logging: CLOUD_LOGGING_ONLY\n"
    )
    result = gcloud("builds", "submit", str(app), f"--config={app / 'cloudbuild.yaml'}")
    assert result.returncode == 1
    assert 'completed with status "FAILURE"' in result.stderr, result.stderr
    identity = gcloud("builds", "list", "--format=value(id)", "--limit=1").stdout.strip()
    logged = gcloud("builds", "log", identity)
    assert "there is no Dockerfile at Dockerfile" in logged.stdout, logged.stdout + logged.stderr


def test_gcloud_makes_runs_and_deletes_triggers(gcloud: Gcloud, tmp_path: Path) -> None:
    (tmp_path / "inline.yaml").write_text(
        "steps:\n- name: gcr.io/cloud-builders/git\n  args: [--version]\noptions:\n  logging: CLOUD_LOGGING_ONLY\n"
    )
    result = gcloud(
        "builds",
        "triggers",
        "create",
        "manual",
        "--name=by-hand",
        "--inline-config=inline.yaml",
        "--region=europe-west1",
    )
    assert result.returncode == 0, result.stderr
    ran = gcloud(
        "builds", "triggers", "run", "by-hand", "--region=europe-west1", "--format=value(metadata.build.status)"
    )
    assert ran.returncode == 0, ran.stderr
    listed = gcloud("builds", "triggers", "list", "--region=europe-west1", "--format=value(name)")
    assert listed.stdout.split() == ["by-hand"]
    deleted = gcloud("builds", "triggers", "delete", "by-hand", "--region=europe-west1")
    assert deleted.returncode == 0, deleted.stderr
    connected = gcloud("builds", "connections", "create", "github", "hub", "--region=europe-west1")
    assert "PENDING_USER_OAUTH" in connected.stderr + connected.stdout or connected.returncode == 0, connected.stderr


def test_googles_client_builds_and_waits(cloud: Serving) -> None:
    client = cloudbuild_v1.CloudBuildClient(
        credentials=Credentials(cloud.cloud.tokens.token(OWNER)),
        transport="rest",
        client_options={"api_endpoint": f"http://127.0.0.1:{cloud.port}/cloudbuild"},
    )
    step = cloudbuild_v1.BuildStep(name=SMALL, args=["echo", "hello"])
    build = cloudbuild_v1.Build(
        steps=[step], options={"logging": cloudbuild_v1.BuildOptions.LoggingMode.CLOUD_LOGGING_ONLY}
    )
    operation = client.create_build(project_id=PROJECT, build=build)
    identity = operation.metadata.build.id
    response = operation.result(timeout=60)
    assert (response.id, response.status) == (identity, cloudbuild_v1.Build.Status.SUCCESS)
    trigger = client.create_build_trigger(
        project_id=PROJECT, trigger=cloudbuild_v1.BuildTrigger(name="client", build=build)
    )
    ran = client.run_build_trigger(project_id=PROJECT, trigger_id=trigger.id, source=cloudbuild_v1.RepoSource())
    assert ran.result(timeout=60).build_trigger_id == trigger.id
    found = list(client.list_builds(project_id=PROJECT, filter=f'trigger_id="{trigger.id}"'))
    assert len(found) == 1
    client.delete_build_trigger(project_id=PROJECT, trigger_id=trigger.id)
