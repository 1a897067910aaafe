"""The whole loop: a pushed commit triggers a build with cached layers, the image is pushed and deployed, and the service answers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from google.cloud.devtools import cloudbuild_v1
from google.oauth2.credentials import Credentials

from tests.localcloud.containers.building import finished, log
from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
PLACE = f"projects/{PROJECT}/locations/europe-west1"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/api"
MEMBER = "user:alice@example.com"
URL = "https://github.com/team/api.git"
DOCKERFILE = """FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY main.py .
CMD exec uvicorn main:app --host 0.0.0.0 --port $PORT
"""
APP = """import os
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def said():
    return {"said": "%s", "revision": os.environ["K_REVISION"]}
"""
STEPS: list[dict[str, Any]] = [
    {
        "name": "gcr.io/cloud-builders/docker",
        "entrypoint": "bash",
        "args": ["-c", f"docker pull {IMAGE}:latest || exit 0"],
    },
    {
        "name": "gcr.io/cloud-builders/docker",
        "args": ["build", "--cache-from", f"{IMAGE}:latest", "-t", f"{IMAGE}:$COMMIT_SHA", "-t", f"{IMAGE}:latest", "."],
    },
    {"name": "gcr.io/cloud-builders/docker", "args": ["push", "--all-tags", IMAGE]},
    {
        "name": "gcr.io/google.com/cloudsdktool/cloud-sdk",
        "entrypoint": "gcloud",
        "args": [
            "run", "deploy", "api", f"--image={IMAGE}:$COMMIT_SHA", "--region=europe-west1", "--quiet",
            f"--service-account=serving@{PROJECT}.iam.gserviceaccount.com",
        ],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    apis = ("run", "iam", "artifactregistry", "cloudbuild", "logging", "storage")
    with serving(tmp_path_factory.mktemp("state"), *apis) as cloud:
        place = f"artifactregistry/v1/{PLACE}/repositories"
        cloud("POST", place, {"format": "DOCKER"}, repositoryId="images")
        builder, serves = cloud.account("builder"), cloud.account("serving")
        for role in ("roles/artifactregistry.writer", "roles/run.developer", "roles/logging.logWriter"):
            cloud.grant(role, builder)
        acting = [{"role": "roles/iam.serviceAccountUser", "members": [builder]}]
        email = serves.partition(":")[2]
        cloud(
            "POST",
            f"iam/v1/projects/{PROJECT}/serviceAccounts/{email}:setIamPolicy",
            {"policy": {"bindings": acting}},
        )
        cloud.grant("roles/run.invoker", MEMBER)
        yield cloud


@pytest.fixture(scope="module")
def repository(cloud: Serving, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The team's clone, connected, with a trigger on its main branch."""
    folder = tmp_path_factory.mktemp("api")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "requirements.txt").write_text("fastapi\nuvicorn\n")
    connections = f"cloudbuild/v2/{PLACE}/connections"
    cloud("POST", connections, {"githubConfig": {}}, connectionId="hub")
    _commit(folder, APP % "nothing yet")
    cloud.control("repositories", {"repository": URL, "folder": str(folder)})
    cloud("POST", f"{connections}/hub/repositories", {"remoteUri": URL}, repositoryId="api")
    trigger = {
        "name": "api",
        "repositoryEventConfig": {
            "repository": f"{PLACE}/connections/hub/repositories/api",
            "push": {"branch": "^main$"},
        },
        "build": {"steps": STEPS, "images": [f"{IMAGE}:$COMMIT_SHA"], "options": {"logging": "CLOUD_LOGGING_ONLY"}},
        "serviceAccount": f"projects/{PROJECT}/serviceAccounts/builder@{PROJECT}.iam.gserviceaccount.com",
    }
    cloud("POST", f"cloudbuild/v1/{PLACE}/triggers", trigger)
    return folder


def build_of_commit(cloud: Serving, repository: Path, text: str) -> dict[str, Any]:
    """The finished build of a commit."""
    _commit(repository, text)
    (push,) = cloud.control("pushes", {})["pushes"]
    return finished(cloud, push["triggers"][0]["build"])


def fetch(service: dict[str, Any], token: str = "") -> tuple[int, str]:
    address = service["annotations"]["local-cloud/address"].removeprefix("http://")
    with closing(HTTPConnection(address, timeout=60)) as connection:
        connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_commit_becomes_a_revision_and_a_broken_one_takes_no_traffic(cloud: Serving, repository: Path) -> None:
    first = build_of_commit(cloud, repository, APP % "one")
    lines = log(cloud, first)
    if any("No matching distribution" in line for line in lines):
        pytest.skip("no package registry is in reach of a build")
    assert first["status"] == "SUCCESS", "\n".join(lines)
    assert [one["name"] for one in first["results"]["images"]] == [f"{IMAGE}:{first['substitutions']['COMMIT_SHA']}"]
    path = f"run/v2/{PLACE}/services/api"
    service = cloud("GET", path)
    assert fetch(service)[0] == 403
    now = int(cloud.cloud.clock.seconds())
    token = cloud.cloud.tokens.identity(MEMBER, service["uri"], now)
    assert fetch(service, token)[0] == 200
    assert '"said":"one"' in fetch(service, token)[1]
    earlier = service["latestReadyRevision"].rpartition("/")[2]

    second = build_of_commit(cloud, repository, APP % "two")
    lines = log(cloud, second)
    assert second["status"] == "SUCCESS", "\n".join(lines)
    install = max(at for at, line in enumerate(lines) if "RUN pip install" in line)
    assert any(word in line for word in ("Using cache", "CACHED") for line in lines[install + 1 : install + 3]), lines
    service = cloud("GET", path)
    assert '"said":"two"' in fetch(service, token)[1]
    assert service["latestReadyRevision"].rpartition("/")[2] != earlier

    traffic = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": earlier, "percent": 100}]
    cloud("PATCH", path, {"traffic": traffic}, updateMask="traffic")
    assert '"said":"one"' in fetch(cloud("GET", path), token)[1]
    latest = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    cloud("PATCH", path, {"traffic": latest}, updateMask="traffic")

    broken = build_of_commit(cloud, repository, "raise SystemExit('no app here')\n")
    lines = log(cloud, broken)
    assert broken["status"] == "FAILURE", lines
    assert any("failed to start and listen on the port" in line for line in lines), lines
    assert '"said":"two"' in fetch(cloud("GET", path), token)[1]


def test_googles_client_runs_the_trigger(cloud: Serving, repository: Path) -> None:
    client = cloudbuild_v1.CloudBuildClient(
        credentials=Credentials(cloud.cloud.tokens.token(OWNER)),
        transport="rest",
        client_options={"api_endpoint": f"http://127.0.0.1:{cloud.port}/cloudbuild"},
    )
    commit = _commit(repository, APP % "three")
    name = f"{PLACE}/triggers/api"
    operation = client.run_build_trigger(
        request={"name": name, "project_id": PROJECT, "trigger_id": "api", "source": {"branch_name": "main"}}
    )
    assert operation.result(timeout=120).substitutions["COMMIT_SHA"] == commit


def _git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    result = subprocess.run(
        ["git", *settings, "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env=env
    )
    return result.stdout.strip()


def _commit(folder: Path, text: str) -> str:
    (folder / "main.py").write_text(text)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", "change")
    return _git(folder, "rev-parse", "HEAD")
