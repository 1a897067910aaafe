"""gcloud, unchanged, with running services and jobs: the result of each command is read back by another one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.containers.gcloud import environment
from tests.localcloud.containers.images import PYTHON
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
REGION = "--region=europe-west1"
SERVE = (
    "import http.server as h, os; print('answering', os.environ.get('SAID', 'nothing'), flush=True);"
    " h.HTTPServer(('0.0.0.0', int(os.environ['PORT'])), h.SimpleHTTPRequestHandler).serve_forever()"
)
Gcloud = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def cloud(python: str, state: Path) -> Iterator[Serving]:
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on this machine")
    with serving(state, "run", "iam", "logging", "serviceusage", "cloudscheduler") as cloud:
        yield cloud


@pytest.fixture
def gcloud(cloud: Serving, state: Path, tmp_path: Path) -> Gcloud:
    env = environment(cloud, state, tmp_path)

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            ["gcloud", *arguments], capture_output=True, text=True, env=env, cwd=tmp_path, check=False, timeout=180
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result

    return run


def described(gcloud: Gcloud, name: str) -> Any:
    return json.loads(gcloud("run", "services", "describe", name, REGION, "--format=json").stdout)


def test_a_service_is_deployed_changed_rolled_back_read_and_deleted(gcloud: Gcloud, tmp_path: Path) -> None:
    deploy = ("run", "deploy", "api", f"--image={PYTHON}", REGION, "--command=python,-c", f"--args=^@^{SERVE}")
    result = gcloud(*deploy, "--allow-unauthenticated", "--memory=1Gi", "--max-instances=3")
    assert "has been deployed and is serving 100 percent of traffic" in result.stderr
    first = described(gcloud, "api")
    urls = json.loads(first["metadata"]["annotations"]["run.googleapis.com/urls"])
    assert first["status"]["url"] in urls
    assert f"Service URL: {urls[0]}\n" in result.stderr
    container = first["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"cpu": "1000m", "memory": "1Gi"}
    gcloud("run", "services", "update", "api", REGION, "--update-env-vars=SAID=second", "--no-traffic", "--tag=next")
    second = described(gcloud, "api")
    targets = second["status"]["traffic"]
    assert [one.get("percent", 0) for one in targets] == [100, 0]
    assert targets[1]["url"].startswith("https://next---")
    assert targets[0]["revisionName"] == first["status"]["latestReadyRevisionName"]
    gcloud("run", "services", "update-traffic", "api", REGION, "--to-latest")
    third = described(gcloud, "api")
    assert third["status"]["traffic"][0]["revisionName"] == second["status"]["latestReadyRevisionName"]
    former = first["status"]["latestReadyRevisionName"]
    gcloud("run", "services", "update-traffic", "api", REGION, f"--to-revisions={former}=100")
    assert described(gcloud, "api")["status"]["traffic"][0]["revisionName"] == former
    listed = gcloud("run", "revisions", "list", "--service=api", REGION, "--format=value(metadata.name)").stdout.split()
    assert len(listed) == 2
    assert "api" in gcloud("run", "services", "list", "--format=value(metadata.name)").stdout.split()
    logs = gcloud("run", "services", "logs", "read", "api", REGION, "--limit=50").stdout
    assert "answering second" in logs
    policy = json.loads(gcloud("run", "services", "get-iam-policy", "api", REGION, "--format=json").stdout)
    assert policy["bindings"] == [{"members": ["allUsers"], "role": "roles/run.invoker"}]
    gcloud(
        "run",
        "services",
        "add-iam-policy-binding",
        "api",
        REGION,
        "--member=user:ann@example.com",
        "--role=roles/run.invoker",
    )
    (tmp_path / "service.yaml").write_text(
        gcloud("run", "services", "describe", "api", REGION, "--format=export").stdout
    )
    gcloud("run", "services", "replace", "service.yaml", REGION)
    gcloud("run", "services", "delete", "api", REGION)
    assert gcloud("run", "services", "list", REGION, "--format=value(metadata.name)").stdout.split() == []


def test_a_deployment_that_fails_says_why(gcloud: Gcloud) -> None:
    deploy = (
        "run",
        "deploy",
        "broken",
        f"--image={PYTHON}",
        REGION,
        "--command=python,-c",
        "--args=^@^raise SystemExit(4)",
    )
    result = gcloud(*deploy, "--no-allow-unauthenticated", code=1)
    assert "failed to start and listen on the port" in result.stderr
    assert "Container called exit(4)" in result.stderr


def test_a_job_is_made_executed_read_and_deleted(gcloud: Gcloud) -> None:
    script = "import os; print('task', os.environ['CLOUD_RUN_TASK_INDEX'], os.environ.get('WHICH', ''), flush=True)"
    make = ("run", "jobs", "create", "train", f"--image={PYTHON}", REGION, "--command=python,-c", f"--args=^@^{script}")
    gcloud(*make, "--tasks=2", "--max-retries=1", "--task-timeout=5m")
    result = gcloud("run", "jobs", "execute", "train", REGION, "--wait", "--update-env-vars=WHICH=one")
    assert "has successfully completed" in result.stderr
    listed = json.loads(gcloud("run", "jobs", "executions", "list", "--job=train", REGION, "--format=json").stdout)
    assert [one["status"]["succeededCount"] for one in listed] == [2]
    execution = listed[0]["metadata"]["name"]
    gcloud("run", "jobs", "executions", "describe", execution, REGION)
    tasks = gcloud(
        "run",
        "jobs",
        "executions",
        "tasks",
        "list",
        f"--execution={execution}",
        REGION,
        "--format=value(metadata.name)",
    ).stdout.split()
    assert len(tasks) == 2
    assert "task 1 one" in gcloud("run", "jobs", "logs", "read", "train", REGION).stdout
    gcloud("run", "jobs", "update", "train", REGION, "--tasks=1")
    assert "train" in gcloud("run", "jobs", "list", "--format=value(metadata.name)").stdout
    gcloud("run", "jobs", "delete", "train", REGION)
    assert gcloud("run", "jobs", "list", REGION, "--format=value(metadata.name)").stdout.split() == []
