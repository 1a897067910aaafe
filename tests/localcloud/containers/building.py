"""A cloud in which builds run in containers, a builder's account, and builds of it: what the tests of real builds share."""

from __future__ import annotations

import io
import re
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

BASE = f"cloudbuild/v1/projects/{PROJECT}/locations/europe-west1"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/app"
DOCKER = "gcr.io/cloud-builders/docker"
LOGGED = {"options": {"logging": "CLOUD_LOGGING_ONLY"}}
DOCKERFILE = (
    f'FROM {SMALL}\nARG WHO=nobody\nRUN echo slow layer >/slow\nCOPY . /app\nRUN echo $WHO >/who\nCMD ["cat", "/who"]\n'
)


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    apis = ("storage", "secretmanager", "iam", "artifactregistry", "cloudbuild", "logging")
    with serving(tmp_path_factory.mktemp("state"), *apis) as cloud:
        cloud("POST", "storage/v1/b", {"name": "build-sources"}, project=PROJECT)
        place = f"artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
        cloud("POST", place, {"format": "DOCKER"}, repositoryId="images")
        yield cloud


@pytest.fixture(scope="module")
def account(cloud: Serving) -> str:
    """A builder that may read the sources and push."""
    service_account = cloud.account("builder")
    for role in ("roles/storage.objectAdmin", "roles/artifactregistry.writer", "roles/logging.logWriter"):
        cloud.grant(role, service_account)
    return f"projects/{PROJECT}/serviceAccounts/{service_account.partition(':')[2]}"


@pytest.fixture
def submit(cloud: Serving, account: str) -> Callable[..., dict[str, Any]]:
    def submitted(steps: list[dict[str, Any]], files: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"steps": steps, "serviceAccount": account, **LOGGED, **more}
        if files is not None:
            cloud("POST", "upload/storage/v1/b/build-sources/o", archive(files), uploadType="media", name="x.tgz")
            body["source"] = {"storageSource": {"bucket": "build-sources", "object": "x.tgz"}}
        return finished(cloud, cloud("POST", f"{BASE}/builds", body)["metadata"]["build"]["name"])

    return submitted


def finished(cloud: Serving, name: str) -> dict[str, Any]:
    """A finished build. Asking for it without a pause would take the processor that it needs."""
    deadline, pause = time.monotonic() + 120, threading.Event()
    while time.monotonic() < deadline:
        build: dict[str, Any] = cloud("GET", f"cloudbuild/v1/{name}")
        if build.get("finishTime"):
            return build
        pause.wait(0.02)
    raise AssertionError(build)


def log(cloud: Serving, build: Mapping[str, Any]) -> list[str]:
    """The lines of a build, without the number of the step and the time that BuildKit puts before each."""
    query = f'resource.type="build" AND resource.labels.build_id="{build["id"]}"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query, "pageSize": 1000}
    entries = cloud("POST", "logging/v2/entries:list", body)["entries"]
    return [re.sub(r"^#\d+ (\d[\d.]* )?", "", entry["textPayload"]) for entry in entries]


def archive(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()
