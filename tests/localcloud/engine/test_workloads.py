"""Workloads without containers: the command that replaces them, its identity, how many run at once, and what ends them."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from localcloud.containers.leftovers import Leftovers
from localcloud.containers.workload import RuntimeProblem, Workload
from localcloud.engine.image_names import qualified
from localcloud.engine.orders import NoRoom, Order
from localcloud.engine.workload_settings import WorkloadSettings, read
from localcloud.engine.workloads import kept
from localcloud.errors import CloudError

from tests.localcloud.inside import NUMBER, PROJECT
from tests.localcloud.serving import Serving, serving

IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/train"
ASKS = """
import json, os, urllib.request
def asked(path):
    headers = {"Metadata-Flavor": "Google"}
    where = f"http://{os.environ['GCE_METADATA_HOST']}/computeMetadata/v1/{path}"
    return urllib.request.urlopen(urllib.request.Request(where, headers=headers)).read().decode()
account = "instance/service-accounts/default"
print(json.dumps({
    "email": asked(f"{account}/email"), "project": asked("project/project-id"), "number": asked("project/numeric-project-id"),
    "region": asked("instance/region"), "universe": asked("universe/universe-domain"),
    "all": json.loads(asked(f"{account}/?recursive=true")), "token": json.loads(asked(f"{account}/token")),
    "given": os.environ["GIVEN"], "cloud": os.environ["GOOGLE_CLOUD_PROJECT"],
}))
"""
WAITS = "import sys; print('up', flush=True); sys.stdin.read(); import time; time.sleep(600)"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path / "state", "storage") as cloud:
        cloud.cloud.workloads.settings.forced = "process"
        yield cloud


def order(cloud: Serving, *command: str) -> Order:
    workload = Workload("train", f"{IMAGE}:v1", env={"GIVEN": "its own"})
    place = f"projects/{PROJECT}/locations/europe-west1"
    return Order(
        cloud.account("train"), PROJECT, "europe-west1", f"{place}/customJobs/7", workload, "jobs", command, Path("/")
    )


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("backend", "docker.io/library/backend"),
        ("python:3.11", "docker.io/library/python:3.11"),
        ("team/api:1", "docker.io/team/api:1"),
        ("localhost/api", "localhost/api"),
        ("localhost:5000/api", "localhost:5000/api"),
        ("ghcr.io/team/api", "ghcr.io/team/api"),
    ],
)
def test_an_image_without_a_registry_is_one_of_docker_hub(written: str, whole: str) -> None:
    assert qualified(written) == whole


def test_a_command_replaces_a_container_with_the_same_environment_and_identity(cloud: Serving) -> None:
    lines: list[str] = []
    ordered = order(cloud, sys.executable, "-c", ASKS)
    running = cloud.cloud.workloads.start(ordered, lambda _, line: lines.append(line))
    assert running.kind == "process"
    ended = running.wait(30)
    assert ended is not None
    assert ended.code == 0, lines
    output = json.loads(lines[-1])
    token = output.pop("token")
    assert output == {
        "email": ordered.email,
        "project": PROJECT,
        "number": NUMBER,
        "region": f"projects/{NUMBER}/regions/europe-west1",
        "universe": "googleapis.com",
        "all": {"aliases": ["default"], "email": ordered.email, "scopes": output["all"]["scopes"]},
        "given": "its own",
        "cloud": PROJECT,
    }
    principal = cloud.cloud.tokens.principal({"authorization": f"Bearer {token['access_token']}"}, 0)
    assert principal == ordered.principal
    with pytest.raises(CloudError):
        cloud.cloud.tokens.principal(
            {"authorization": f"Bearer {token['access_token']}"}, cloud.cloud.clock.seconds() + token["expires_in"] + 1
        )


def test_its_metadata_server_answers_nobody_else_and_ends_with_it(cloud: Serving) -> None:
    lines: list[str] = []
    script = "import os, time; print(os.environ['GCE_METADATA_HOST'], flush=True); time.sleep(600)"
    running = cloud.cloud.workloads.start(
        order(cloud, sys.executable, "-c", script), lambda _, line: lines.append(line)
    )
    cloud.cloud.workloads.settings.limits["jobs"] = 1
    with pytest.raises(NoRoom, match="1 jobs are running already"):
        cloud.cloud.workloads.start(order(cloud, sys.executable, "-c", "pass"), lambda *_: None)
    while not lines:
        running.wait(0.05)
    host, port = lines[0].split(":")
    connection = HTTPConnection(host, int(port))
    connection.request("GET", "/computeMetadata/v1/project/project-id", headers={"Metadata-Flavor": "Google"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    # This process is the same user's, but no workload: it learns nothing of the workload's identity.
    assert (answer.status, text) == (403, "This metadata server answers only the workload that it belongs to.\n")
    running.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)
    assert not cloud.cloud.workloads.running()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Metadata-Flavor": "Google", "X-Forwarded-For": "1.2.3.4"},
        {"Metadata-Flavor": "Google", "Host": "rebound.example.com"},
        {"Metadata-Flavor": "Google", "Origin": "https://evil.example.com"},
    ],
)
def test_its_metadata_server_requires_googles_header_and_refuses_forwarded_requests(
    cloud: Serving, headers: dict[str, str]
) -> None:
    script = (
        "import os, sys, json, urllib.request, urllib.error\n"
        "where = f\"http://{os.environ['GCE_METADATA_HOST']}/computeMetadata/v1/project/project-id\"\n"
        "try: urllib.request.urlopen(urllib.request.Request(where, headers=json.loads(sys.argv[1])))\n"
        "except urllib.error.HTTPError as refused: print(refused.code, refused.headers['Metadata-Flavor'])\n"
    )
    lines: list[str] = []
    ordered = order(cloud, sys.executable, "-c", script, json.dumps(headers))
    cloud.cloud.workloads.start(ordered, lambda _, line: lines.append(line)).wait(30)
    assert lines == ["403 Google"]


def test_an_environment_that_no_program_can_receive_is_refused(cloud: Serving) -> None:
    with pytest.raises(RuntimeProblem, match="null character"):
        cloud.cloud.workloads.start(order(cloud, sys.executable, "-c", "pass", "a\x00b"), lambda *_: None)
    assert not cloud.cloud.workloads.running()


def test_where_nothing_can_run_it_says_so(cloud: Serving) -> None:
    with pytest.raises(RuntimeProblem, match=r"train:v1 does not run \(simulated\)"):
        cloud.cloud.workloads.start(order(cloud), lambda *_: None)


def test_settings_are_kept_and_invalid_ones_change_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "state") as server:
        settings = {"limits": {"jobs": 2}, "standIns": {IMAGE: {"command": ["python", "t.py"], "folder": "/src"}}}
        server.cloud.workloads.tell(settings)
    stored = read(tmp_path / "state")
    assert (stored.limits["jobs"], stored.stand_ins[IMAGE]) == (2, (("python", "t.py"), Path("/src")))
    for wrong in (
        {"limits": {"jobs": 0}},
        {"limits": {"cars": 1}},
        {"standIns": {"a": {"command": "python"}}},
        {"standIns": {"a": {"command": ["x"], "folder": "here"}}},
        {"runtime": "vm"},
    ):
        with pytest.raises(CloudError):
            stored.tell(wrong)
    assert stored.limits["jobs"] == 2
    stored.tell({"standIns": {IMAGE: None}})
    assert not stored.stand_ins


def test_a_projects_commands_replace_the_former_ones_and_apply_by_name_or_image(tmp_path: Path) -> None:
    settings = read(tmp_path)
    service = f"projects/{PROJECT}/locations/europe-west1/services/api"
    command = {"command": ["python", "api.py"], "folder": "/src"}
    settings.tell({"projects": {PROJECT: {service: command, IMAGE: command}, "other": {"x": command}}})
    api = ("python", "api.py"), Path("/src")
    assert settings.stand_in("any/image:1", f"{service}/revisions/api-00001") == api
    assert settings.stand_in("any/image:1", f"{service}-2/revisions/api-2-00001") is None
    assert settings.stand_in(f"{IMAGE}:v9", "projects/p/locations/l/customJobs/1") == api
    settings.tell({"projects": {PROJECT: {}}})
    assert (settings.stand_in(IMAGE, service), settings.stand_in("x", "")) == (None, api)
    for wrong in ({"projects": {PROJECT: {IMAGE: {"command": [], "folder": "/"}}}}, {"projects": []}):
        with pytest.raises((CloudError, AttributeError)):
            settings.tell(wrong)


def test_damaged_settings_fall_back_to_defaults(tmp_path: Path) -> None:
    (tmp_path / "workload-settings.json").write_text("{")
    assert read(tmp_path) == WorkloadSettings()


def test_a_process_that_outlived_its_cloud_is_ended_and_no_other(tmp_path: Path) -> None:
    left = [
        subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, start_new_session=True) for _ in "ab"
    ]
    leftovers = Leftovers(tmp_path)
    leftovers.note(left[0].pid)
    record = json.loads((tmp_path / "workloads.json").read_text())
    # The second record has the number of a process of long ago, as is possible after a reboot.
    record["processes"][str(left[1].pid)] = "1"
    (tmp_path / "workloads.json").write_text(json.dumps(record))
    try:
        assert Leftovers(tmp_path).sweep() == 1
        assert left[0].wait(10) == -9
        assert left[1].poll() is None
        assert not leftovers.there
    finally:
        left[1].kill()
        left[1].wait()
        for one in left:
            assert one.stdin is not None
            one.stdin.close()


TRAINS = """
import json, os, sys
print(json.dumps({"severity": "notice", "message": "epoch 1", "loss": 0.5}))
print(f"writes to {os.environ['AIP_MODEL_DIR']} as task {json.loads(os.environ['CLUSTER_SPEC'])['task']['type']}")
print("no GPU", file=sys.stderr)
"""


def test_a_training_job_runs_as_the_command_that_replaces_its_image(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "aiplatform", "logging") as cloud:
        command = [sys.executable, "-c", f"{TRAINS}print(sys.argv[1:])"]
        cloud.cloud.workloads.tell(
            {"runtime": "process", "standIns": {IMAGE: {"command": command, "folder": str(tmp_path)}}}
        )
        pool = {
            "machineSpec": {"machineType": "n1-standard-4"},
            "containerSpec": {"imageUri": f"{IMAGE}:v7", "args": ["--fast"]},
        }
        spec = {"workerPoolSpecs": [pool], "baseOutputDirectory": {"outputUriPrefix": "gs://models/run"}}
        place = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1/customJobs"
        created = cloud("POST", place, {"displayName": "train", "jobSpec": spec, "labels": {"team": "cards"}})
        cloud.settled()
        job = cloud("GET", f"aiplatform/v1/{created['name']}")
        request = {
            "resourceNames": [f"projects/{PROJECT}"],
            "filter": "resource.type=ml_job",
            "orderBy": "timestamp asc",
        }
        entries = cloud("POST", "logging/v2/entries:list", request)["entries"]
        used = cloud.write(lambda: list(cloud.cloud.usage.rows("account")))
    assert job["state"] == "JOB_STATE_SUCCEEDED", entries
    own = [one for one in entries if one["resource"]["labels"]["task_name"] == "workerpool0-0"]
    messages = {one["jsonPayload"]["message"]: (one["severity"], one["jsonPayload"].get("loss")) for one in own}
    assert messages == {
        "epoch 1": ("NOTICE", 0.5),
        "writes to gs://models/run/model/ as task workerpool0": ("INFO", None),
        "['--fast']": ("INFO", None),
        "no GPU": ("ERROR", None),
    }
    system = [one["jsonPayload"]["message"] for one in entries if one not in own]
    assert "Vertex AI is setting up this job (process, on this machine)." in system
    assert "A process that stands in for a container has no /gcs; use gs:// paths." in system
    (row,) = [one for one in used if one["sku"]["id"] == "vertex.training.n1-standard-4"]
    assert row["labels"] == [{"key": "team", "value": "cards"}]
    assert row["service"]["description"] == "Vertex AI"


SERVES = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def answer(self, said):
        data = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"predictions": [2 * one for one in asked["instances"]]})

HTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()
"""


def test_a_deployed_model_is_started_again_when_a_request_finds_it_gone(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "aiplatform", "logging") as cloud:
        command = {"command": [sys.executable, "-c", SERVES], "folder": str(tmp_path)}
        cloud.cloud.workloads.tell({"runtime": "process", "standIns": {IMAGE: command}})
        place = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1"
        model = {"displayName": "m", "containerSpec": {"imageUri": f"{IMAGE}:v1"}}
        created = cloud("POST", f"{place}/models:upload", {"model": model})["response"]["model"]
        cloud("POST", f"{place}/endpoints", {"displayName": "api"}, endpointId="api")
        machine = {"machineSpec": {"machineType": "n1-standard-2"}}
        deployed = {"deployedModel": {"model": created, "dedicatedResources": machine}, "trafficSplit": {"0": 100}}
        operation = cloud("POST", f"{place}/endpoints/api:deployModel", deployed)
        cloud.settled()
        assert "response" in cloud("GET", f"aiplatform/v1/{operation['name']}")
        (running,) = cloud.cloud.workloads.running()
        assert running.kind == "process"
        request = {"instances": [1, 2]}
        assert cloud("POST", f"{place}/endpoints/api:predict", request)["predictions"] == [2, 4]
        running.stop()
        assert cloud("POST", f"{place}/endpoints/api:predict", request)["predictions"] == [2, 4]
        assert [one.name for one in cloud.cloud.workloads.running()] != [running.name]


def test_a_workload_that_starts_after_repeated_cancellation_is_ended() -> None:
    may_start, stopped = threading.Event(), threading.Event()

    def start() -> str:
        may_start.wait(30)
        return "a container"

    async def cancelled_twice() -> None:
        owner = asyncio.create_task(kept(start, lambda _: stopped.set()))
        for _ in range(2):
            await asyncio.sleep(0)
            owner.cancel()
        with pytest.raises(asyncio.CancelledError):
            await owner
        assert not stopped.is_set()
        may_start.set()
        assert await asyncio.to_thread(stopped.wait, 30)

    asyncio.run(cancelled_twice())
