"""Training on Vertex AI in real containers: a job's environment, permissions and results, and how it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud.containers import detection
from localcloud.containers.client import CommandLineRuntime as Engine
from localcloud.engine.logs import topic
from localcloud.server import launcher

from tests.cloud_client import Client
from tests.localcloud.containers.conftest import SMALL, python, store
from tests.localcloud.inside import NUMBER, PROJECT
from tests.localcloud.services.test_aiplatform_pipelines import compiled
from tests.localcloud.serving import Serving, serving

__all__ = ["python", "store"]
pytestmark = pytest.mark.slow
PLACE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1"
ENDLESS = "trap 'exit 1' TERM; echo up; sleep 600 & wait"
# Multiplies by the factor that training stored in the bucket, which it reads as its own account.
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import Request, urlopen
import ssl

def fetched(address, **headers):
    return urlopen(Request(address, headers=headers)).read()

identity = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/service-accounts/default/token"
token = json.loads(fetched(identity, **{"Metadata-Flavor": "Google"}))["access_token"]
bucket, _, folder = os.environ["AIP_STORAGE_URI"].removeprefix("gs://").partition("/")
weights = f"https://storage.googleapis.com/{bucket}/{folder}/w"
factor = int(fetched(weights, Authorization="Bearer " + token))

class Handler(BaseHTTPRequestHandler):
    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer({"healthy": self.path == os.environ["AIP_HEALTH_ROUTE"]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"predictions": [factor * one for one in asked["instances"]]})

HTTPServer(("0.0.0.0", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()
"""
OVER = {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"}


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), "aiplatform", "storage", "iam", "logging") as cloud:
        for bucket in ("data", "models", "private"):
            cloud("POST", "storage/v1/b", {"name": f"team-{bucket}"}, project=PROJECT)
        cloud("POST", "upload/storage/v1/b/team-data/o", b"a,b\n", uploadType="media", name="raw/rows.csv")
        yield cloud


def shell(script: str, **more: Any) -> dict[str, Any]:
    container = {"imageUri": SMALL, "command": ["sh", "-c"], "args": [script]}
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": 1, "containerSpec": container}
    return {"displayName": "train", "jobSpec": {"workerPoolSpecs": [pool], **more}}


def trainer(cloud: Serving, name: str) -> str:
    account = cloud.account(name)
    for bucket, role in (("data", "objectViewer"), ("models", "objectAdmin")):
        path = f"storage/v1/b/team-{bucket}/iam"
        policy = cloud("GET", path)
        policy.setdefault("bindings", []).append({"role": f"roles/storage.{role}", "members": [account]})
        cloud("PUT", path, policy)
    return account.partition(":")[2]


def until(cloud: Serving, name: str, *states: str) -> dict[str, Any]:
    """The job once it is in one of the states, or has ended. Each change of a job's state is logged."""
    stored = name.replace(NUMBER, PROJECT)
    reached = {*states, *OVER}
    cloud.until(
        lambda: (cloud.cloud.store.get("aiplatform", stored) or {})["state"] in reached, topic(f"projects/{PROJECT}")
    )
    result: dict[str, Any] = cloud("GET", f"aiplatform/v1/{name}")
    return result


def log_lines(cloud: Serving, name: str, task: str = "workerpool0-0") -> list[str]:
    text = f'resource.type="ml_job" AND resource.labels.job_id="{name.rpartition("/")[2]}"'
    request = {"resourceNames": [f"projects/{PROJECT}"], "filter": text, "orderBy": "timestamp asc", "pageSize": 1000}
    entries = cloud("POST", "logging/v2/entries:list", request).get("entries", [])
    return [one["jsonPayload"]["message"] for one in entries if one["resource"]["labels"]["task_name"] == task]


def test_a_job_reads_its_data_and_leaves_its_model_in_the_bucket(cloud: Serving) -> None:
    script = (
        "echo model dir $AIP_MODEL_DIR; cat /gcs/team-data/raw/rows.csv; mkdir -p /gcs/team-models/run/model; "
        "echo weights > /gcs/team-models/run/model/model.pt; ls /gcs/team-private | wc -l"
    )
    output = {"outputUriPrefix": "gs://team-models/run"}
    body = shell(script, serviceAccount=trainer(cloud, "trainer"), baseOutputDirectory=output)
    created = cloud("POST", f"{PLACE}/customJobs", body)
    assert created["name"].startswith(f"projects/{NUMBER}/locations/europe-west1/customJobs/")
    assert created["state"] == "JOB_STATE_PENDING"
    job = until(cloud, created["name"])
    lines = log_lines(cloud, created["name"])
    assert job["state"] == "JOB_STATE_SUCCEEDED", (job, lines, log_lines(cloud, created["name"], "service"))
    assert lines == ["model dir gs://team-models/run/model/", "a,b", "0"]
    listed = cloud("GET", "storage/v1/b/team-models/o", prefix="run/model/")
    assert [one["name"] for one in listed["items"]] == ["run/model/model.pt"]


def test_code_finds_buckets_that_no_argument_names(cloud: Serving) -> None:
    body = shell(
        "d=/gcs/team-; cat ${d}data/raw/rows.csv; test -e ${d}private || echo hidden",
        serviceAccount=trainer(cloud, "code"),
    )
    created = cloud("POST", f"{PLACE}/customJobs", body)
    until(cloud, created["name"])
    assert log_lines(cloud, created["name"]) == ["a,b", "hidden"]


def test_replicas_find_each_other_at_the_given_addresses(cloud: Serving, python: str) -> None:
    chief = (
        "import json, os, socket\n"
        "cluster = json.loads(os.environ['CLUSTER_SPEC'])\n"
        "host, port = cluster['cluster']['workerpool0'][0].split(':')\n"
        "with socket.create_server((host, int(port))) as server:\n"
        "    peer, _ = server.accept()\n"
        "    print('heard', peer.recv(100).decode())\n"
    )
    worker = (
        "import json, os, signal, socket, time, urllib.request\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
        "cluster = json.loads(os.environ['CLUSTER_SPEC'])\n"
        "asked = urllib.request.Request('http://' + os.environ['GCE_METADATA_HOST']\n"
        "    + '/computeMetadata/v1/instance/service-accounts/default/email', headers={'Metadata-Flavor': 'Google'})\n"
        "who = urllib.request.urlopen(asked).read().decode()\n"
        "host, port = cluster['cluster']['workerpool0'][0].split(':')\n"
        "for _ in range(600):\n"
        "    try: peer = socket.create_connection((host, int(port)))\n"
        "    except OSError: time.sleep(0.1)\n"
        "    else: break\n"
        "peer.sendall(f\"{cluster['task']['type']} {cluster['task']['index']} {who}\".encode())\n"
        "time.sleep(600)\n"
    )
    account = trainer(cloud, "replicas")
    machine = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1"}
    pools = [
        {**machine, "containerSpec": {"imageUri": python, "command": ["python", "-c", program]}}
        for program in (chief, worker)
    ]
    body = {"displayName": "two", "jobSpec": {"workerPoolSpecs": pools, "serviceAccount": account}}
    created = cloud("POST", f"{PLACE}/customJobs", body)
    job = until(cloud, created["name"])
    assert log_lines(cloud, created["name"]) == [f"heard workerpool1 0 {account}"], log_lines(
        cloud, created["name"], "workerpool1-0"
    )
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    cloud.settled()
    client = cloud.cloud.workloads.client
    assert client is not None
    assert not list(client.found())


def test_its_account_may_not_write_what_it_may_only_read(cloud: Serving) -> None:
    account = trainer(cloud, "reader")
    created = cloud("POST", f"{PLACE}/customJobs", shell("echo x > /gcs/team-data/mine", serviceAccount=account))
    job = until(cloud, created["name"])
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["message"].startswith("The job's output could not be saved: /gcs/team-data/mine")
    assert f"{account} does not have storage.objects.create access" in job["error"]["message"]


def test_a_program_that_fails_fails_the_job_with_its_code(cloud: Serving) -> None:
    created = cloud("POST", f"{PLACE}/customJobs", shell("echo no such data >&2; exit 3"))
    job = until(cloud, created["name"])
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"]["code"] == 3
    assert job["error"]["message"].startswith("The replica workerpool0-0 exited with a non-zero status of 3. To find")
    assert log_lines(cloud, created["name"]) == ["no such data"]


def test_a_trial_in_a_container_reports_its_metric_to_the_given_file(cloud: Serving) -> None:
    script = 'echo "{\\"accuracy\\": \\"${0#--size=}\\"}" > $CLOUD_ML_HP_METRIC_FILE; echo $CLOUD_ML_HP_METRIC_FILE'
    study = {
        "metrics": [{"metricId": "accuracy", "goal": "MAXIMIZE"}],
        "parameters": [{"parameterId": "size", "discreteValueSpec": {"values": [4, 8]}}],
        "algorithm": "GRID_SEARCH",
    }
    body = {"displayName": "tune", "maxTrialCount": 2, "parallelTrialCount": 2, "studySpec": study}
    created = cloud("POST", f"{PLACE}/hyperparameterTuningJobs", {**body, "trialJobSpec": shell(script)["jobSpec"]})
    job = until(cloud, created["name"])
    assert job["state"] == "JOB_STATE_SUCCEEDED", job
    assert [one["finalMeasurement"]["metrics"][0]["value"] for one in job["trials"]] == [4, 8]
    assert log_lines(cloud, created["name"]) == ["/var/hypertune/output.metrics"] * 2


def test_a_pipelines_task_leaves_files_for_the_next_one(cloud: Serving) -> None:
    data, number = "{{$.outputs.artifacts['data'].path}}", "{{$.outputs.parameters['n'].output_file}}"
    made = {"parameters": {"n": {"parameterType": "NUMBER_INTEGER"}}, "artifacts": {"data": {}}}
    taken = {
        "parameters": {"n": {"taskOutputParameter": {"producerTask": "prep", "outputParameterKey": "n"}}},
        "artifacts": {"data": {"taskOutputArtifact": {"producerTask": "prep", "outputArtifactKey": "data"}}},
    }

    def runs(script: str) -> dict[str, Any]:
        return {"container": {"image": SMALL, "command": ["sh", "-c"], "args": [script]}}

    write = f"d={data}; mkdir -p ${{d%/*}}; echo rows > $d; echo 3 > {number}"
    read = "cat {{$.inputs.artifacts['data'].path}}; echo {{$.inputs.parameters['n']}} of them"
    spec = compiled(prep={"executor": runs(write), "makes": made}, train={"executor": runs(read), "inputs": taken})
    config = {"gcsOutputDirectory": "gs://team-models/runs"}
    body = {"pipelineSpec": spec, "runtimeConfig": config, "serviceAccount": trainer(cloud, "tasks")}
    created = cloud("POST", f"{PLACE}/pipelineJobs", body)
    cloud.settled()
    run = cloud("GET", f"aiplatform/v1/{created['name']}")
    assert run["state"] == "PIPELINE_STATE_SUCCEEDED", run["error"]
    train = run["jobDetail"]["taskDetails"][1]["executorDetail"]["containerDetail"]["mainJob"]
    assert log_lines(cloud, train) == ["rows", "3 of them"]


def test_a_missing_image_fails_the_job(cloud: Serving) -> None:
    body = shell("true")
    body["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["imageUri"] = (
        f"europe-west1-docker.pkg.dev/{PROJECT}/images/train:1"
    )
    job = until(cloud, cloud("POST", f"{PLACE}/customJobs", body)["name"])
    assert job["state"] == "JOB_STATE_FAILED"
    assert f"{PROJECT}/images/train:1 cannot be pulled as" in job["error"]["message"]


def test_a_running_job_is_cancelled_and_its_container_is_gone(cloud: Serving) -> None:
    created = cloud("POST", f"{PLACE}/customJobs", shell(ENDLESS))
    cloud.until(lambda: bool(cloud.cloud.workloads.running()), topic(f"projects/{PROJECT}"))
    assert cloud("POST", f"aiplatform/v1/{created['name']}:cancel", {}) == {}
    job = until(cloud, created["name"])
    assert (job["state"], job["error"]) == ("JOB_STATE_CANCELLED", {"code": 1, "message": "CANCELED"})
    client = cloud.cloud.workloads.client
    assert client is not None
    assert not list(client.found())


def test_a_job_ends_at_its_timeout(cloud: Serving) -> None:
    created = cloud("POST", f"{PLACE}/customJobs", shell(ENDLESS, scheduling={"timeout": "1s"}))
    job = until(cloud, created["name"])
    assert job["state"] == "JOB_STATE_CANCELLED"
    assert job["error"]["message"] == "The job ran for longer than its timeout of 1s and was cancelled."


def test_jobs_beyond_what_this_machine_carries_wait_their_turn(cloud: Serving) -> None:
    cloud.cloud.workloads.limits["jobs"] = 1
    try:
        names = [cloud("POST", f"{PLACE}/customJobs", shell(ENDLESS))["name"]]
        until(cloud, names[0], "JOB_STATE_RUNNING")
        names.append(cloud("POST", f"{PLACE}/customJobs", shell("echo mine"))["name"])
        assert until(cloud, names[1], "JOB_STATE_QUEUED")["state"] == "JOB_STATE_QUEUED"
        cloud("POST", f"aiplatform/v1/{names[0]}:cancel", {})
        assert until(cloud, names[1])["state"] == "JOB_STATE_SUCCEEDED"
    finally:
        cloud.cloud.workloads.limits["jobs"] = 4


def test_a_pipelines_model_is_served_by_an_endpoint(cloud: Serving, python: str) -> None:
    account = trainer(cloud, "pipeline")
    serving_container = {
        "imageUri": python,
        "command": ["python", "-c", SERVER],
        "predictRoute": "/predict",
        "healthRoute": "/health",
        "ports": [{"containerPort": 8080}],
    }
    pipeline = {
        "displayName": "pipe",
        "trainingTaskDefinition": "gs://google-cloud-aiplatform/schema/trainingjob/definition/custom_task_1.0.0.yaml",
        "trainingTaskInputs": {
            "worker_pool_specs": shell("mkdir -p /gcs/team-models/pipe/model; echo 3 > /gcs/team-models/pipe/model/w")[
                "jobSpec"
            ]["workerPoolSpecs"],
            "base_output_directory": {"output_uri_prefix": "gs://team-models/pipe"},
            "service_account": account,
        },
        "modelToUpload": {"displayName": "multiplier", "containerSpec": serving_container},
    }
    created = cloud("POST", f"{PLACE}/trainingPipelines", pipeline)
    until(cloud, created["name"].replace("trainingPipelines", "customJobs"))
    job = cloud("GET", f"aiplatform/v1/{created['name']}")
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED", job
    model = cloud("GET", f"aiplatform/v1/{job['modelToUpload']['name']}")
    assert model["artifactUri"] == "gs://team-models/pipe/model"
    cloud("POST", f"{PLACE}/endpoints", {"displayName": "api"}, endpointId="api")
    deployed = {"model": model["name"], "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}}}
    body = {"deployedModel": deployed | {"serviceAccount": account}, "trafficSplit": {"0": 100}}
    operation = cloud("POST", f"{PLACE}/endpoints/api:deployModel", body)
    ended = cloud("POST", f"aiplatform/v1/{operation['name']}:wait", {"timeout": "60s"})
    assert "response" in ended, ended
    answer = cloud("POST", f"{PLACE}/endpoints/api:predict", {"instances": [1, 2]})
    assert answer["predictions"] == [3, 6]
    assert answer["modelDisplayName"] == "multiplier"
    assert cloud("POST", f"{PLACE}/endpoints/api:rawPredict", {"instances": [5]}) == {"predictions": [15]}
    identity = cloud("GET", f"{PLACE}/endpoints/api")["deployedModels"][0]["id"]
    cloud("POST", f"{PLACE}/endpoints/api:undeployModel", {"deployedModelId": identity})
    cloud("DELETE", f"{PLACE}/endpoints/api")
    used = usage(cloud)
    assert {"vertex.training.n1-standard-4", "vertex.prediction.n1-standard-2"} <= used


def usage(cloud: Serving) -> set[str]:
    return cloud.write(lambda: {one["sku"]["id"] for one in cloud.cloud.usage.rows("account")})


def test_a_cloud_that_is_killed_leaves_nothing_running(store: dict[str, str], tmp_path: Path) -> None:
    running = launcher.start(tmp_path / "state")
    client = Client(running, PROJECT)
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": PROJECT})
    client.enable("aiplatform")
    try:
        name = client.ok("POST", f"{PLACE}/customJobs", shell("echo up; sleep 600"))["name"]
        kind = detection.kind()
        assert kind is not None
        engine = Engine(kind, str(tmp_path / "state"))
        while [one.running for one in engine.found()] != [True]:
            assert client.ok("GET", f"aiplatform/v1/{name}")["state"] not in OVER
        status = client.control("GET", "workloads").body
        assert (status["kind"], status["running"][0]["how"]) == (kind.name, kind.name)
        assert status["running"][0]["memory"] > 0
        os.kill(running.pid, signal.SIGKILL)
        assert [one.running for one in engine.found()] == [True]
        restarted = Client(launcher.start(tmp_path / "state"), PROJECT)
        job = restarted.ok("GET", f"aiplatform/v1/{name}")
        assert job["state"] == "JOB_STATE_FAILED"
        assert "was stopped while it was working on this" in job["error"]["message"]
        while list(engine.found()):
            assert restarted.control("GET", "health").status == 200
        name = restarted.ok("POST", f"{PLACE}/customJobs", shell("echo up; sleep 600"))["name"]
        while not list(engine.found()):
            assert restarted.ok("GET", f"aiplatform/v1/{name}")["state"] not in OVER
        assert restarted.control("POST", "reset").status == 200
        assert not list(engine.found())
    finally:
        launcher.stop(tmp_path / "state")
