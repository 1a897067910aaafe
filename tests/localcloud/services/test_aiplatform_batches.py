"""Batch predictions of Vertex AI: what the model is sent, what is written to the bucket, and how a job ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from localcloud.engine.logs import topic
from localcloud.errors import CloudError
from localcloud.services.aiplatform import addresses, instances

from tests.localcloud.inside import NUMBER, OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/serve"
PLACE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1"
# Echoes instances and parameters; refuses batches with the instance "bad", never answers one with "slow", and answers "long" at length.
SERVES = """
import json, os, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def answer(self, status, said):
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "slow" in asked["instances"]:
            print("asked", flush=True)
            time.sleep(600)
        if "long" in asked["instances"]:
            self.send_response(200)
            self.send_header("Content-Length", str(65 << 20))
            return self.end_headers()
        if "bad" in asked["instances"]:
            return self.answer(422, {"detail": "bad"})
        self.answer(200, {"predictions": [[one, asked.get("parameters")] for one in asked["instances"]]})

HTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("batches")
    with serving(folder / "state", "aiplatform", "storage", "iam", "logging") as found:
        command = {"command": [sys.executable, "-c", SERVES], "folder": str(folder)}
        found.cloud.workloads.tell({"runtime": "process", "standIns": {IMAGE: command}})
        found("POST", "storage/v1/b", {"name": "team-data"}, project=PROJECT)
        yield found


@pytest.fixture(scope="module")
def model(cloud: Serving) -> str:
    sent = {"displayName": "echo", "containerSpec": {"imageUri": f"{IMAGE}:v1"}}
    name: str = cloud("POST", f"{PLACE}/models:upload", {"model": sent})["response"]["model"]
    return name


def put(cloud: Serving, name: str, text: str) -> None:
    cloud("POST", "upload/storage/v1/b/team-data/o", text.encode(), uploadType="media", name=name)


def text(cloud: Serving, address: str) -> list[str]:
    """The lines of an object."""
    path = f"/storage/v1/b/team-data/o/{quote(address.removeprefix('gs://team-data/'), safe='')}?alt=media"
    with closing(HTTPConnection("127.0.0.1", cloud.port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {cloud.cloud.tokens.token(OWNER)}"})
        return connection.getresponse().read().decode().splitlines()


def job(model: str, *uris: str, form: str = "jsonl", **more: Any) -> dict[str, Any]:
    return {
        "displayName": "predict",
        "model": model,
        "inputConfig": {"instancesFormat": form, "gcsSource": {"uris": list(uris)}},
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://team-data/out/"},
        },
        "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}},
        **more,
    }


def done(cloud: Serving, body: dict[str, Any]) -> dict[str, Any]:
    name = cloud("POST", f"{PLACE}/batchPredictionJobs", body)["name"]
    cloud.settled()
    ended: dict[str, Any] = cloud("GET", f"aiplatform/v1/{name}")
    return ended


def lines(cloud: Serving, job: dict[str, Any], what: str) -> list[str]:
    return text(cloud, f"{job['outputInfo']['gcsOutputDirectory']}/prediction.{what}-00000-of-00001")


def test_predictions_and_errors_are_written_beside_each_other(cloud: Serving, model: str) -> None:
    put(cloud, "in/one.jsonl", '[1, 2]\n{"a": 3}\n\n"bad"\n')
    put(cloud, "in/two.jsonl", '"x"\n')
    body = job(model, "gs://team-data/in/*.jsonl", modelParameters={"k": 5}, labels={"team": "cards"})
    ended = done(cloud, {**body, "manualBatchTuningParameters": {"batchSize": 2}})
    assert ended["state"] == "JOB_STATE_SUCCEEDED", ended
    assert (ended["model"], ended["modelVersionId"]) == (model, "1")
    assert ended["completionStats"] == {"successfulCount": "2", "failedCount": "2"}
    assert ended["outputInfo"]["gcsOutputDirectory"].startswith("gs://team-data/out/prediction-echo-20")
    assert [json.loads(one) for one in lines(cloud, ended, "results")] == [
        {"instance": [1, 2], "prediction": [[1, 2], {"k": 5}]},
        {"instance": {"a": 3}, "prediction": [{"a": 3}, {"k": 5}]},
    ]
    (error,) = lines(cloud, ended, "errors_stats")
    assert error.startswith("('Post request fails. Cannot get predictions. Error: Exceeded retries: Non-OK result 422 ")
    assert error.endswith("s.', 2)")
    used = cloud.write(lambda: list(cloud.cloud.usage.rows("account")))
    (row,) = [one for one in used if one["sku"]["id"] == "vertex.batch.n1-standard-2"]
    assert row["labels"] == [{"key": "team", "value": "cards"}]
    assert not cloud.cloud.workloads.running()
    cloud("DELETE", f"aiplatform/v1/{ended['name']}")


def test_no_model_fills_the_memory_of_the_local_cloud(cloud: Serving, model: str) -> None:
    put(cloud, "in/long.jsonl", '"long"\n')
    ended = done(cloud, job(model, "gs://team-data/in/long.jsonl"))
    (error,) = lines(cloud, ended, "errors_stats")
    assert "its response has more than 64 MiB" in error


def test_rows_of_csv_are_sent_as_lists_and_named_by_their_key(cloud: Serving, model: str) -> None:
    put(cloud, "rows.csv", '"id","size","kind"\n7,1.5,"cat"\n8,2,"dog, big"\n')
    ended = done(cloud, job(model, "gs://team-data/rows.csv", form="csv", instanceConfig={"keyField": "id"}))
    assert [json.loads(one) for one in lines(cloud, ended, "results")] == [
        {"key": 7, "prediction": [[1.5, "cat"], None]},
        {"key": 8, "prediction": [[2, "dog, big"], None]},
    ]
    assert lines(cloud, ended, "errors_stats") == []


def test_listed_files_are_sent_as_base64(cloud: Serving, model: str) -> None:
    put(cloud, "a.png", "pixels")
    put(cloud, "list.txt", "gs://team-data/a.png\n")
    ended = done(cloud, job(model, "gs://team-data/list.txt", form="file-list"))
    assert json.loads(lines(cloud, ended, "results")[0])["instance"] == {"b64": "cGl4ZWxz"}


def test_what_cannot_be_read_fails_the_job_with_its_reason(cloud: Serving, model: str) -> None:
    put(cloud, "broken.jsonl", "{\n")
    put(cloud, "broken.csv", '"a"\ncat\n')
    for uri, form, says in (
        ("gs://team-data/none/*", "jsonl", "gs://team-data/none/* matches no object."),
        ("gs://team-data/none", "jsonl", "No such object: team-data/none"),
        ("gs://team-data/broken.jsonl", "jsonl", "gs://team-data/broken.jsonl, line 1, is not JSON"),
        ("gs://team-data/broken.csv", "csv", "is not CSV with all text in double quotes"),
    ):
        ended = done(cloud, job(model, uri, form=form))
        assert (ended["state"], says in ended["error"]["message"]) == ("JOB_STATE_FAILED", True), ended["error"]


def test_a_job_can_be_cancelled_while_its_model_predicts(cloud: Serving, model: str) -> None:
    put(cloud, "slow.jsonl", '"slow"\n')
    name = cloud("POST", f"{PLACE}/batchPredictionJobs", job(model, "gs://team-data/slow.jsonl"))["name"]
    project = f"projects/{PROJECT}"
    cloud.until(lambda: any("asked" in str(one) for one in cloud.cloud.logs.read(project)), topic(project))
    cloud("POST", f"aiplatform/v1/{name}:cancel", {})
    cloud.settled()
    ended = cloud("GET", f"aiplatform/v1/{name}")
    assert (ended["state"], ended["error"]["message"]) == ("JOB_STATE_CANCELLED", "CANCELED")
    assert not cloud.cloud.workloads.running()


def test_without_anything_that_runs_the_model_the_job_says_simulated(cloud: Serving) -> None:
    sent = {"displayName": "other", "containerSpec": {"imageUri": "docker.io/library/other:1"}}
    other = cloud("POST", f"{PLACE}/models:upload", {"model": sent})["response"]["model"]
    ended = done(cloud, job(other, "gs://team-data/in/one.jsonl"))
    assert ended["state"] == "JOB_STATE_FAILED"
    assert ended["error"]["message"].startswith("Nothing ran (simulated)")


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"model": ""}, 400, "exactly one of model and unmanaged_container_model"),
        ({"model": f"projects/{NUMBER}/locations/europe-west1/models/9"}, 404, "does not exist"),
        ({"inputConfig": {"instancesFormat": "xml"}}, 400, "'xml' is not one of jsonl, csv, file-list"),
        ({"inputConfig": {"instancesFormat": "bigquery", "bigquerySource": {}}}, 501, "not of bigquerySource"),
        ({"inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["x"]}}}, 400, "gs://BUCKET/OBJECT"),
        ({"outputConfig": {"predictionsFormat": "csv"}}, 400, "'csv' is not jsonl"),
        ({"dedicatedResources": {}}, 400, "dedicated_resources is required"),
        ({"instanceConfig": {"instanceType": "array"}}, 400, "included_fields is required"),
        ({"generateExplanation": True}, 501, "without generateExplanation"),
        ({"serviceAccount": "nobody@elsewhere.iam.gserviceaccount.com"}, 403, "permission to act as"),
    ],
)
def test_what_cannot_be_predicted_is_refused(
    cloud: Serving, model: str, changed: dict[str, Any], code: int, says: str
) -> None:
    with pytest.raises(AssertionError) as seen:
        cloud("POST", f"{PLACE}/batchPredictionJobs", {**job(model, "gs://team-data/in/one.jsonl"), **changed})
    error = seen.value.args[0]["error"]
    assert error["code"] == code, error
    assert says in error["message"]


def test_fields_of_objects_are_chosen_and_ordered_as_the_job_says() -> None:
    record = {"a": 1, "b": 2, "id": 3}
    array = instances.conversion({"instanceType": "array", "includedFields": ["b", "a"]}, "jsonl")
    assert array.instance(record, "line 1") == instances.PredictionInstance([2, 1], {"instance": [2, 1]})
    fewer = instances.conversion({"excludedFields": ["id"]}, "jsonl")
    assert fewer.instance(record, "line 1") == instances.PredictionInstance({"a": 1, "b": 2}, {"instance": record})
    with pytest.raises(CloudError, match="line 1 has no field 'c'"):
        instances.conversion({"includedFields": ["c"]}, "jsonl").instance(record, "line 1")


def test_many_wildcards_take_no_longer() -> None:
    assert addresses.matcher("*a" * 12 + "b").fullmatch("a" * 400) is None
    assert addresses.matcher("in/**.js?n").fullmatch("in/x/y.json") is not None
    assert addresses.matcher("in/*.json").fullmatch("in/x/y.json") is None
