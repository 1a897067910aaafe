"""A cloud in which builds need no container, and builds in it, for the tests of Cloud Build."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.services import SERVICES

from tests.localcloud.inside import PROJECT, Inside, inside

BASE = f"cloudbuild/v1/projects/{PROJECT}"
REGION = f"{BASE}/locations/europe-west1"
EMAIL = f"builder@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
LOGGED = {"options": {"logging": "CLOUD_LOGGING_ONLY"}}
NOTHING: dict[str, Any] = {
    "steps": [{"name": "gcr.io/cloud-builders/docker", "entrypoint": "bash", "args": ["-c", "exit 0"]}],
    **LOGGED,
}


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path / "state", *SERVICES)
    cloud.cloud.workloads.settings.forced = "simulated"
    cloud.cloud.workloads.settings.stand_ins["gcr.io/cloud-builders/git"] = (("git",), tmp_path)
    cloud.ok("POST", f"iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    return cloud


def submitted(cloud: Inside, body: dict[str, Any], parent: str = BASE) -> dict[str, Any]:
    """A submitted build, in an event loop that ends before any work starts."""
    build: dict[str, Any] = cloud.ok("POST", f"{parent}/builds", body)["metadata"]["build"]
    return build


def built(cloud: Inside, body: dict[str, Any], target: str = f"{BASE}/builds") -> dict[str, Any]:
    """A finished build."""

    async def until_over() -> Any:
        response = await cloud.sent("POST", target, [json.dumps(body).encode()], {})
        await cloud.cloud.jobs.settled()
        return response

    response = asyncio.run(until_over())
    assert response.status == 200, response.body
    result: dict[str, Any] = cloud.ok("GET", f"cloudbuild/v1/{response.body['metadata']['build']['name']}")
    return result
