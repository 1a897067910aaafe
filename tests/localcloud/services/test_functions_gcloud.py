"""gcloud, unchanged, with functions and triggers: the result of each command is read back by another one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.containers.gcloud import environment
from tests.localcloud.inside import NUMBER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
APIS = (
    "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "eventarc", "iam", "logging", "pubsub", "run",
    "serviceusage", "storage",
)  # fmt: skip
PLACE = ("--region=europe-west1", "--gen2")
DEFAULT = f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"
Gcloud = Callable[..., Any]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Serving]:
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on this machine")
    with serving(tmp_path / "state", *APIS) as cloud:
        cloud.control("workloads", {"runtime": "simulated"})
        cloud("POST", "storage/v1/b", {"name": "uploads", "location": "europe-west1"}, project=PROJECT)
        cloud.grant("roles/eventarc.eventReceiver", DEFAULT)
        storage = f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
        cloud.grant("roles/pubsub.publisher", storage)
        yield cloud


@pytest.fixture
def gcloud(cloud: Serving, tmp_path: Path) -> Gcloud:
    """Runs a command; returns what it prints as JSON."""
    env = environment(cloud, tmp_path / "state", tmp_path)

    def run(*arguments: str) -> Any:
        command = ["gcloud", *arguments, "--format=json", "--quiet"]
        ended = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout or "null")

    return run


def test_a_function_is_deployed_listed_read_and_deleted(gcloud: Gcloud, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.py").write_text("def resize(event): ...\n")
    (source / "requirements.txt").write_text("functions-framework\n")
    deployed = gcloud(
        *("functions", "deploy", "resize", *PLACE, "--runtime=python312", f"--source={source}"),
        *("--entry-point=resize", "--trigger-bucket=uploads"),
    )
    assert deployed["state"] == "ACTIVE"
    assert "(simulated)" in deployed["stateMessages"][0]["message"]
    assert [one["name"] for one in gcloud("functions", "list")] == [deployed["name"]]
    (trigger,) = gcloud("eventarc", "triggers", "list", "--location=europe-west1")
    assert trigger["destination"] == {"cloudFunction": deployed["name"]}
    assert gcloud("functions", "logs", "read", "resize", *PLACE) == []
    gcloud("functions", "delete", "resize", *PLACE)
    assert gcloud("functions", "list") == []
