"""Hyperparameter tuning on Vertex AI: the parameters of trials, what their programs are given and report, and how a job ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.logs import topic
from localcloud.errors import CloudError
from localcloud.services.aiplatform import quotas, studies, trials

from tests.localcloud.inside import NUMBER, PROJECT
from tests.localcloud.serving import Serving, serving

IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/tune"
PLACE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1"
# Reports its size twice, as cloudml-hypertune does. It fails for --kind=bad, reports nothing for "silent", and hangs for "slow".
TRAINS = """
import json, os, sys, time
given = dict(one[2:].split("=", 1) for one in sys.argv[1:])
trial = os.environ["CLOUD_ML_TRIAL_ID"]
task = json.loads(os.environ["CLUSTER_SPEC"])["task"]["trial"]
print(f"trial {trial}, task {task}, {given}, model {os.environ.get('AIP_MODEL_DIR', '')}", flush=True)
if given.get("kind") == "slow":
    time.sleep(600)
if given.get("kind") == "bad":
    sys.exit(3)
if given.get("kind") != "silent":
    with open(os.environ["CLOUD_ML_HP_METRIC_FILE"], "w") as file:
        for step, value in ((1, "9.5"), (2, given["size"]), (3, "nan")):
            line = {"global_step": str(step), "timestamp": 1.5, "trial": trial, "accuracy": value, "checkpoint_path": ""}
            file.write(json.dumps(line) + chr(10))
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("tuning")
    with serving(folder / "state", "aiplatform", "logging") as found:
        command = {"command": [sys.executable, "-c", TRAINS], "folder": str(folder)}
        found.cloud.workloads.tell({"runtime": "process", "standIns": {IMAGE: command}})
        yield found


def discrete(identity: str, *values: float) -> dict[str, Any]:
    return {"parameterId": identity, "discreteValueSpec": {"values": list(values)}}


def categorical(identity: str, *values: str) -> dict[str, Any]:
    return {"parameterId": identity, "categoricalValueSpec": {"values": list(values)}}


def study(*parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    metrics = [{"metricId": "accuracy", "goal": "MAXIMIZE"}]
    return {"metrics": metrics, "parameters": list(parameters), "algorithm": "GRID_SEARCH", **more}


def tuning(studied: dict[str, Any], trials: int = 2, parallel: int = 1, **more: Any) -> dict[str, Any]:
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "containerSpec": {"imageUri": f"{IMAGE}:v1"}}
    spec = {"workerPoolSpecs": [pool], "baseOutputDirectory": {"outputUriPrefix": "gs://models/tune"}}
    body = {"displayName": "tune", "maxTrialCount": trials, "parallelTrialCount": parallel}
    return {**body, "studySpec": studied, "trialJobSpec": spec, **more}


def done(cloud: Serving, body: dict[str, Any]) -> dict[str, Any]:
    name = cloud("POST", f"{PLACE}/hyperparameterTuningJobs", body)["name"]
    cloud.settled()
    ended: dict[str, Any] = cloud("GET", f"aiplatform/v1/{name}")
    return ended


def entries(cloud: Serving, name: str) -> list[dict[str, Any]]:
    text = f'resource.type="ml_job" AND resource.labels.job_id="{name.rpartition("/")[2]}"'
    asked = {"resourceNames": [f"projects/{PROJECT}"], "filter": text, "orderBy": "timestamp asc", "pageSize": 1000}
    found: list[dict[str, Any]] = cloud("POST", "logging/v2/entries:list", asked).get("entries", [])
    return found


def test_each_trial_gets_its_parameters_and_its_last_number_counts(cloud: Serving) -> None:
    ended = done(cloud, tuning(study(discrete("size", 32, 64.5)), 5, labels={"team": "cards"}))
    assert ended["state"] == "JOB_STATE_SUCCEEDED", ended
    first, second = ended["trials"]  # the grid has no more
    assert (first["id"], first["state"]) == ("1", "SUCCEEDED")
    assert first["parameters"] == [{"parameterId": "size", "value": 32}]
    assert first["finalMeasurement"] == {"stepCount": "2", "metrics": [{"metricId": "accuracy", "value": 32}]}
    assert second["finalMeasurement"]["metrics"][0]["value"] == 64.5
    assert ended["startTime"] <= first["startTime"] <= first["endTime"] <= ended["endTime"]
    assert first["customJob"].startswith(f"projects/{NUMBER}/locations/europe-west1/customJobs/")
    trial_job = cloud("GET", f"aiplatform/v1/{first['customJob']}")
    assert trial_job["jobSpec"]["workerPoolSpecs"][0]["containerSpec"]["args"] == ["--size=32"]
    said = {one["jsonPayload"]["message"]: one["labels"] for one in entries(cloud, ended["name"])}
    line = "trial 2, task 2, {'size': '64.5'}, model gs://models/tune/2/model/"
    assert said[line]["ml.googleapis.com/trial_id"] == "2"
    used = cloud.write(lambda: list(cloud.cloud.usage.rows("account")))
    (row,) = [one for one in used if one["sku"]["id"] == "vertex.training.n1-standard-4" and one["labels"]]
    assert row["labels"] == [{"key": "team", "value": "cards"}]
    cloud("DELETE", f"aiplatform/v1/{ended['name']}")
    assert first["customJob"] not in str(cloud("GET", f"{PLACE}/customJobs"))


def test_the_best_number_counts_if_the_study_says_so(cloud: Serving) -> None:
    best = study(discrete("size", 1), measurementSelectionType="BEST_MEASUREMENT")
    (trial,) = done(cloud, tuning(best))["trials"]
    assert trial["finalMeasurement"] == {"stepCount": "1", "metrics": [{"metricId": "accuracy", "value": 9.5}]}


def test_a_few_failed_trials_are_tolerated_and_too_many_end_the_job(cloud: Serving) -> None:
    kinds = study(categorical("kind", "bad", "silent", "good"), discrete("size", 1))
    tolerated = done(cloud, tuning(kinds, 3))
    assert tolerated["state"] == "JOB_STATE_SUCCEEDED"
    assert [one["state"] for one in tolerated["trials"]] == ["INFEASIBLE", "INFEASIBLE", "SUCCEEDED"]
    assert "exited with a non-zero status of 3" in tolerated["trials"][0]["infeasibleReason"]
    assert tolerated["trials"][1]["infeasibleReason"] == "The trial did not report a number for each metric (accuracy)."
    failed = done(cloud, tuning(study(categorical("kind", "bad", "slow", "good")), 3, 2, maxFailedTrialCount=1))
    assert failed["state"] == "JOB_STATE_FAILED"
    assert failed["error"]["message"].startswith("1 trials failed. Trial 1: The replica workerpool0-0 exited")
    assert [one["state"] for one in failed["trials"]] == ["INFEASIBLE", "INFEASIBLE"]
    assert not cloud.cloud.workloads.running()


def test_cancelling_a_job_cancels_its_trials_and_begins_no_other(cloud: Serving) -> None:
    body = tuning(study(categorical("kind", "slow"), discrete("size", 1, 2, 3)), 3, 2)
    name = cloud("POST", f"{PLACE}/hyperparameterTuningJobs", body)["name"]
    project = f"projects/{PROJECT}"
    cloud.until(lambda: sum(NEEDLE in str(one) for one in cloud.cloud.logs.read(project)) >= 1, topic(project))
    running = cloud("GET", f"aiplatform/v1/{name}")
    assert running["state"] == "JOB_STATE_RUNNING"
    assert "ACTIVE" in [one["state"] for one in running["trials"]]
    with pytest.raises(AssertionError, match="cancel it first"):
        cloud("DELETE", f"aiplatform/v1/{name}")
    cloud("POST", f"aiplatform/v1/{name}:cancel", {})
    cloud.settled()
    ended = cloud("GET", f"aiplatform/v1/{name}")
    assert (ended["state"], ended["error"]["message"]) == ("JOB_STATE_CANCELLED", "CANCELED")
    assert len(ended["trials"]) == 2
    assert cloud("POST", f"aiplatform/v1/{name}:cancel", {}) == {}


NEEDLE = "'kind': 'slow', 'size'"


def test_the_gpus_of_all_parallel_trials_must_be_granted(cloud: Serving) -> None:
    body = tuning(study(discrete("size", 1, 2)), 2, 2)
    machine = {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}
    body["trialJobSpec"]["workerPoolSpecs"][0]["machineSpec"] = machine
    told = {"project": PROJECT, "metric": quotas.metric("NVIDIA_TESLA_T4"), "region": "europe-west1", "limit": 1}
    cloud.control("quotas", told)
    with pytest.raises(AssertionError, match="custom_model_training_nvidia_t4_gpus"):
        cloud("POST", f"{PLACE}/hyperparameterTuningJobs", body)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"maxTrialCount": 0}, "max_trial_count must be from 1 to 1000"),
        ({"studySpec": study()}, "parameters: At least one is required"),
        ({"studySpec": study(discrete("a b", 1))}, "'a b' is not an ID"),
        ({"studySpec": study(discrete("a", 1), discrete("a", 2))}, "Their IDs must differ"),
        ({"studySpec": study(discrete("a", 2, 1))}, "a needs its values in increasing order"),
        ({"studySpec": study(categorical("a"))}, "a has no values"),
        ({"studySpec": study({"parameterId": "a"})}, "a needs exactly one value spec"),
        ({"studySpec": study(discrete("a", 1), metrics=[{"metricId": "m"}])}, "m needs the goal MAXIMIZE or MINIMIZE"),
        ({"studySpec": study({"parameterId": "a", "doubleValueSpec": {"maxValue": 1}})}, "a is DOUBLE"),
        ({"trialJobSpec": {}}, "At least one worker pool"),
    ],
)
def test_what_cannot_be_tuned_is_refused(cloud: Serving, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(AssertionError) as seen:
        cloud("POST", f"{PLACE}/hyperparameterTuningJobs", {**tuning(study(discrete("size", 1))), **changed})
    error = seen.value.args[0]["error"]
    assert (error["code"], says in error["message"]) == (400, True), error


def test_random_values_lie_within_their_range_and_are_the_same_when_asked_again() -> None:
    def number(identity: str, kind: str, low: float, high: float, scale: str = "") -> dict[str, Any]:
        spec = {"minValue": low, "maxValue": high}
        return {"parameterId": identity, f"{kind}ValueSpec": spec, **({"scaleType": scale} if scale else {})}

    inner = {"parameterSpec": number("momentum", "double", 0, 1), "parentCategoricalValues": {"values": ["sgd"]}}
    random = study(
        number("rate", "double", 1e-5, 1e-1, "UNIT_LOG_SCALE"),
        number("kept", "double", 0.5, 0.9, "UNIT_REVERSE_LOG_SCALE"),
        number("depth", "integer", 2, 4),
        {**categorical("optimizer", "sgd", "adam"), "conditionalParameterSpecs": [inner]},
        algorithm="RANDOM_SEARCH",
    )
    studies.check(random)
    depths = set()
    for trial in range(1, 60):
        found = studies.chosen(random, "job", trial) or []
        values = {one["parameterId"]: one["value"] for one in found}
        assert 1e-5 <= values["rate"] <= 1e-1
        assert 0.5 <= values["kept"] <= 0.9
        assert ("momentum" in values) == (values["optimizer"] == "sgd")
        assert found == studies.chosen(random, "job", trial)
        depths.add(values["depth"])
    assert depths == {2, 3, 4}
    with pytest.raises(CloudError, match="above 0 for a logarithmic scale"):
        studies.check(study(number("rate", "double", 0, 1, "UNIT_LOG_SCALE"), algorithm="RANDOM_SEARCH"))


def test_a_grid_has_every_combination_once_and_then_no_more() -> None:
    whole = {"parameterId": "n", "integerValueSpec": {"minValue": "1", "maxValue": "3"}}
    grid = study(whole, categorical("kind", "a", "b"))
    found = [studies.flags(studies.chosen(grid, "job", trial) or []) for trial in range(1, 8)]
    assert found[:3] == [["--n=1", "--kind=a"], ["--n=1", "--kind=b"], ["--n=2", "--kind=a"]]
    assert (len({tuple(one) for one in found[:6]}), found[6]) == (6, [])


def test_the_metrics_of_a_link_or_of_a_line_that_is_none_are_not_read(tmp_path: Path) -> None:
    place = trials.metrics_folder(tmp_path, contained=True)
    (tmp_path / "elsewhere").write_text('{"accuracy": "1"}\n')
    (place.source / "output.metrics").symlink_to(tmp_path / "elsewhere")
    assert trials.reported(place) == []
    (place.source / "output.metrics").unlink()
    (place.source / "output.metrics").write_text('[1]\n{\n{"accuracy": "x"}\n{"accuracy": 0.5, "global_step": "7"}\n')
    assert trials.reported(place) == [{"step": 7, "values": {"accuracy": 0.5}}]
