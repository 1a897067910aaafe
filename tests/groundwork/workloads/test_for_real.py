"""A team's work with the commands alone, in real containers: built, deployed, called, broken, rolled back; trained, cancelled, timed out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit
from groundwork.google.operations import finish

from tests.groundwork.workloads.conftest import FILE, prepared
from tests.local_project import running
from tests.localcloud.containers import images
from tests.localcloud.containers.conftest import SMALL, python, store
from tests.small_clone import SmallClone, make_clone
from tests.workflows.files import steps

__all__ = ["python", "store"]
pytestmark = pytest.mark.slow
DOCKERFILE = f'FROM {images.PYTHON}\nCOPY main.py .\nCMD ["python", "main.py"]\n'
APP = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = b"VERSION " + self.path.encode()
        self.send_response(200 if self.path != "/lost" else 404)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    do_POST = do_GET
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""


MORE = """
github: {repository: team/project, owner_id: "1234567"}
builds:
  api: {}
training:
  train: {timeout_minutes: 5}
"""


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A local cloud that uses the tests' own containers."""
    with running(tmp_path_factory.mktemp("cloud")) as checkout:
        yield checkout


@pytest.fixture(scope="module")
def clone(cloud: Checkout, tmp_path_factory: pytest.TempPathFactory) -> SmallClone:
    """A project whose identities may do what the environment file says."""
    clone = prepared(make_clone(tmp_path_factory.mktemp("for-real"), cloud, [], FILE))
    granted(clone)
    return clone


def granted(clone: SmallClone) -> None:
    """What the modules grant: the build pushes and logs, training writes models, and the service may be called by bob."""
    cloud, project = clone.cloud(), clone.project
    build, train = (
        f"serviceAccount:groundwork-{name}@{project}.iam.gserviceaccount.com" for name in ("build", "train")
    )
    path = f"v1/projects/{project}:getIamPolicy"
    policy = cloud.request("POST", "cloudresourcemanager", path, json={})
    policy["bindings"] += [
        {"role": "roles/artifactregistry.writer", "members": [build]},
        {"role": "roles/artifactregistry.reader", "members": [train]},
        {"role": "roles/logging.logWriter", "members": [build, train]},
        {"role": "roles/storage.objectAdmin", "members": [build, train]},
        *({"role": f"roles/run.{role}", "members": ["user:bob@example.com"]} for role in ("invoker", "viewer")),
        {"role": "roles/run.viewer", "members": ["user:eve@example.com"]},
    ]
    cloud.request("POST", "cloudresourcemanager", path.replace("get", "set"), json={"policy": policy})
    for name in ("data", "models", "sources", "staging"):
        cloud.request(
            "POST",
            "storage",
            "v1/b",
            params={"project": project},
            json={"name": f"{project}-{name}", "location": "europe-west1"},
        )


def built(clone: SmallClone, folder: Path, version: str, app: str = APP) -> str:
    """The image of a version, built from a folder by `builds submit`."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "main.py").write_text(app.replace("VERSION", version))
    result = clone("builds", "submit", str(folder), "--image", "api")
    assert result.code == Exit.OK, result.err
    return result.text.splitlines()[0]


def serving(clone: SmallClone, name: str, image: str) -> None:
    """A service that answers with an image, as the module makes it."""
    account = f"groundwork-train@{clone.project}.iam.gserviceaccount.com"
    body = {"template": {"containers": [{"image": image}], "serviceAccount": account}}
    place = f"v2/projects/{clone.project}/locations/europe-west1/services"
    cloud = clone.cloud()
    operation = cloud.request("POST", "run", place, params={"serviceId": name}, json=body)
    finish(cloud, "run", "v2", operation, f"make {name}")


def test_a_service_is_built_deployed_called_broken_and_rolled_back(clone: SmallClone, tmp_path: Path) -> None:
    first = built(clone, tmp_path / "app", "one")
    assert re.fullmatch(
        rf"europe-west1-docker\.pkg\.dev/{clone.project}/images/api(:\S+)?@sha256:[0-9a-f]{{64}}", first
    )
    serving(clone, "api", first)
    called = clone("services", "call", "api", "/predict?x=1")
    assert (called.code, called.out, called.err) == (Exit.OK, b"one /predict?x=1", "200 OK\n")

    second = built(clone, tmp_path / "app", "two")
    assert clone("services", "deploy", "api", second).code == Exit.OK
    assert clone("services", "call", "api", "/", "--data", '{"a": 1}', "--as", "bob@example.com").out == b"two /"
    lost = clone("services", "call", "api", "/lost")
    assert (lost.code, lost.out) == (Exit.FAILED, b"two /lost")
    eve = clone("services", "call", "api", "--as", "eve@example.com")
    assert eve.code == Exit.PERMISSION
    assert "groundwork access explain eve@example.com call service/api --env local" in eve.err

    broken = built(clone, tmp_path / "app", "three", "import fastapi\n")
    refused = clone("services", "deploy", "api", broken)
    assert refused.code == Exit.FAILED
    assert "likely cause: the image lacks the Python package fastapi" in refused.err
    assert "traffic is unchanged: " in refused.err
    assert clone("services", "call", "api").out == b"two /"

    result = clone("services", "rollback", "api")
    assert result.code == Exit.OK, result.err
    assert clone("services", "call", "api").out == b"one /"
    (listed,) = json.loads(clone("services", "list", "--json").text)["services"]
    assert [share["percent"] for share in listed["traffic"]] == [100]
    assert listed["runs_as"] in ("podman", "docker")
    assert clone("services", "logs", "api").text
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", clone("services", "open", "api", "--no-browser").text)


def test_builds_are_listed_with_who_started_them_and_a_failed_one_is_explained(
    clone: SmallClone, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {SMALL}\nRUN cat /nowhere\n")
    result = clone("builds", "submit", str(folder), "--image", "broken")
    assert result.code == Exit.FAILED
    assert ": failure after " in result.err
    newest, *_ = json.loads(clone("builds", "list", "--json").text)["builds"]
    assert (newest["status"], newest["submitter"]) == ("FAILURE", "owner_example_com")
    log = clone("builds", "logs", newest["id"][:8])
    assert "/nowhere" in log.text
    assert clone("builds", "logs").text == log.text
    full = f"projects/{clone.project}/locations/europe-west1/builds/{newest['id']}"
    assert clone("builds", "logs", full).text == log.text
    (one,) = (line for line in clone("builds", "logs", "nobody").err.splitlines() if line.startswith("Error"))
    assert "has the name or ID nobody" in one


def job(clone: SmallClone, tmp_path: Path, script: str) -> str:
    """The file of a job that runs a script of the shell."""
    file = tmp_path / "train.yaml"
    pool = {
        "machineSpec": {"machineType": "n1-standard-4"},
        "containerSpec": {"imageUri": SMALL, "command": ["sh", "-c"], "args": [script]},
    }
    file.write_text(json.dumps({"workerPoolSpecs": pool}))
    return str(file)


def test_a_job_leaves_its_model_where_it_is_listed(clone: SmallClone, tmp_path: Path) -> None:
    script = "echo training; to=/gcs/${AIP_MODEL_DIR#gs://}; mkdir -p $to; echo weights > $to/model.pt"
    result = clone("jobs", "submit", job(clone, tmp_path, script), "--timeout", "10m")
    assert result.code == Exit.OK, result.err
    assert (
        "at most $0.04: $0.26 an hour for 1 n1-standard-4, stopped after 10 min at the latest (the local cloud bills nothing)"
        in result.err
    )
    assert "training" in result.err
    assert re.search(rf"8 B  gs://{clone.project}-models/jobs/train-[0-9-]+/model/model\.pt\n", result.text)
    (found,) = json.loads(clone("jobs", "list", "--json").text)["jobs"]
    assert (found["state"], found["submitter"]) == ("succeeded", "owner_example_com")
    (artifact,) = json.loads(clone("jobs", "artifacts", "train", "--json").text)["artifacts"]
    assert (artifact["folder"], artifact["bytes"]) == ("model", 8)


def test_a_job_that_fails_exits_with_1_and_one_that_runs_is_cancelled(clone: SmallClone, tmp_path: Path) -> None:
    failed = clone("jobs", "submit", job(clone, tmp_path, "echo lost; exit 3"), "--display-name", "failing")
    assert failed.code == Exit.FAILED
    assert "failed after" in failed.err
    result = clone(
        "jobs", "submit", job(clone, tmp_path, "echo up; sleep 600"), "--display-name", "endless", "--detach", "--json"
    )
    number = json.loads(result.text)["job"]["id"]
    ended = clone("jobs", "cancel", number)
    assert ended.code == Exit.OK, ended.err
    logs = clone("jobs", "logs", "endless")
    assert logs.code == Exit.OK
    assert json.loads(clone("jobs", "list", "--json").text)["jobs"][0]["state"] == "cancelled"
    assert "there is nothing to cancel" in clone("jobs", "cancel", number).text


def test_a_cloud_run_job_is_run_now_with_other_arguments_and_cancelled(clone: SmallClone) -> None:
    account = f"groundwork-train@{clone.project}.iam.gserviceaccount.com"
    container = {"image": SMALL, "command": ["sh", "-c"], "args": ["echo drift; exit 1"]}
    task = {"containers": [container], "serviceAccount": account, "maxRetries": 0, "timeout": "600s"}
    place = f"v2/projects/{clone.project}/locations/europe-west1/jobs"
    cloud = clone.cloud()
    operation = cloud.request("POST", "run", place, params={"jobId": "drift"}, json={"template": {"template": task}})
    finish(cloud, "run", "v2", operation, "make drift")
    failed = clone("jobs", "submit", "drift")
    assert failed.code == Exit.FAILED
    assert (
        "drift: at most $0.01: $0.07 an hour for 1 task with 1 vCPU and 0.5 GiB, stopped after 10 min at the latest"
        in failed.err
    )
    assert " drift\n" in failed.err
    assert "failed after" in failed.err
    result = clone("jobs", "submit", "drift", "--", "echo $COLOUR sky")
    assert result.code == Exit.OK, result.err
    endless = clone("jobs", "submit", "drift", "--detach", "--json", "--", "sleep 600")
    run = json.loads(endless.text)["job"]["id"]
    ended = clone("jobs", "cancel", run)
    assert ended.code == Exit.OK, ended.err
    assert clone("jobs", "logs", run).code == Exit.OK  # until it has ended
    states = {
        job["id"]: job["state"]
        for job in json.loads(clone("jobs", "list", "--json").text)["jobs"]
        if job["sort"] == "run"
    }
    assert (states[run], sorted(states.values())) == ("cancelled", ["cancelled", "failed", "succeeded"])
    refused = clone("jobs", "submit", "drift", "--gpu", "NVIDIA_L4")
    assert (refused.code, "leave out --gpu" in refused.err) == (Exit.USAGE, True)


def test_the_scripts_of_the_workflows_build_and_train_by_the_names_of_the_file(cloud: Checkout, tmp_path: Path) -> None:
    clone = prepared(make_clone(tmp_path / "clone", cloud, [], FILE + MORE))
    granted(clone)
    (clone.root / ".venv").symlink_to(Path(sys.executable).parents[1])
    (clone.root / "Dockerfile").write_text(f"FROM {SMALL}\n")
    variables = {**os.environ, "GROUNDWORK_ENV": "local", "GITHUB_SHA": "c" * 40, "BUILD": "api", "TRAINING": "train"}
    for file in ("deploy.yml", "model.yml", "train.yml"):
        (script,) = [step.run for step in steps(file) if ".venv/bin/groundwork" in step.run]
        result = subprocess.run(
            ["bash", "-euc", script], cwd=clone.root, env=variables, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
    (image,) = {image["name"] for image in json.loads(clone("images", "list", "--json").text)["images"]}
    assert image == f"europe-west1-docker.pkg.dev/{clone.project}/images/api"
    path = f"v1/projects/{clone.project}/locations/europe-west1/customJobs"
    (found,) = clone.cloud().pages("aiplatform", path, "customJobs")
    assert (found["displayName"], found["labels"]["commit"], found["jobSpec"]["scheduling"]) == (
        "train",
        "c" * 40,
        {"timeout": "300s"},
    )
    clone("jobs", "cancel", "train")
