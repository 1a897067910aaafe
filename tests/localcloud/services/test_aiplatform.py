"""Vertex AI's resources without any container: what is checked, stored and refused, and the state of simulated jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services import aiplatform, iam, serviceusage, storage
from localcloud.services.aiplatform import machines, quotas

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

HERE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1"
NAMED = f"projects/{NUMBER}/locations/europe-west1"
ACCOUNT = f"train@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, aiplatform.SERVICE, iam.SERVICE, serviceusage.SERVICE, storage.SERVICE)
    cloud.cloud.store.put("iam", f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}", {"email": ACCOUNT, "uniqueId": "1"})
    return cloud


def pool(**machine: Any) -> dict[str, Any]:
    return {
        "machineSpec": {"machineType": "n1-standard-4", **machine},
        "replicaCount": "1",
        "containerSpec": {"imageUri": f"europe-west1-docker.pkg.dev/{PROJECT}/images/train:1"},
    }


def job(*pools: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"displayName": "train", "jobSpec": {"workerPoolSpecs": list(pools) or [pool()], **more}}


def test_a_job_is_stored_with_defaults_and_named_by_the_projects_number(cloud: Inside) -> None:
    created = cloud.ok("POST", f"{HERE}/customJobs", job(serviceAccount=ACCOUNT))
    assert created["name"].startswith(f"{NAMED}/customJobs/")
    assert created["name"].rpartition("/")[2].isdecimal()
    assert created["state"] == "JOB_STATE_PENDING"
    (pool_spec,) = created["jobSpec"]["workerPoolSpecs"]
    assert pool_spec["diskSpec"] == {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100}
    assert created["jobSpec"]["serviceAccount"] == ACCOUNT


def test_jobs_are_accepted_in_the_spellings_of_all_clients(cloud: Inside) -> None:
    spec = {
        "worker_pool_specs": [
            {
                "machine_spec": {"machine_type": "n1-highmem-2"},
                "replica_count": "1",
                "containerSpec": {"image_uri": "docker.io/library/python:3.11-slim", "args": ["--epochs=3"]},
            }
        ]
    }
    created = cloud.ok("POST", f"{HERE}/customJobs", {"display_name": "mixed", "jobSpec": spec})
    assert created["jobSpec"]["workerPoolSpecs"][0]["machineSpec"] == {"machineType": "n1-highmem-2"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**job(), "displayName": ""}, "The display name is required"),
        (job(pool(machineType="e2-micro")), 'Machine type "e2-micro" is not supported'),
        (job({**pool(), "replicaCount": "2"}), "exactly 1 replica"),
        (job(pool(), {**pool(), "replicaCount": str(10**12)}), "replica_count may be at most 1000"),
        (job({**pool(), "containerSpec": {}}), "exactly one of container_spec and python_package_spec"),
        (job(pool(acceleratorType="NVIDIA_TESLA_T4")), "accelerator_type and accelerator_count"),
        (
            job(pool(machineType="e2-standard-4", acceleratorType="NVIDIA_TESLA_T4", acceleratorCount=1)),
            "not supported",
        ),
        (job(baseOutputDirectory={"outputUriPrefix": "/tmp"}), "must begin with gs://"),
        ({**job(), "labels": {"Owner": "a"}}, "The label Owner=a is not valid"),
        ({"displayName": "none", "jobSpec": {}}, "At least one worker pool"),
    ],
)
def test_invalid_requests_are_refused(cloud: Inside, body: dict[str, Any], says: str) -> None:
    response = cloud("POST", f"{HERE}/customJobs", body)
    assert response.status == 400, response.body
    assert says in response.message


def test_submitting_a_job_needs_permission_to_act_as_its_account(cloud: Inside) -> None:
    alice = cloud.as_("user:alice@example.com")
    cloud.grant("roles/aiplatform.user", alice.principal)
    response = alice("POST", f"{HERE}/customJobs", job(serviceAccount=ACCOUNT))
    assert response.status == 403
    assert response.message.startswith(f"You do not have permission to act as service_account: {ACCOUNT}.")
    cloud.grant("roles/iam.serviceAccountUser", alice.principal)
    assert alice("POST", f"{HERE}/customJobs", job(serviceAccount=ACCOUNT)).status == 200


def test_a_gpu_that_is_not_granted_is_refused_in_googles_words(cloud: Inside) -> None:
    response = cloud("POST", f"{HERE}/customJobs", job(pool(acceleratorType="NVIDIA_TESLA_T4", acceleratorCount=1)))
    assert (response.status, response.body["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert response.message == (
        "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus"
    )


@pytest.mark.parametrize("gpu", machines.gpus())
def test_every_gpu_has_a_metric(gpu: str) -> None:
    assert quotas.metric(gpu).startswith("aiplatform.googleapis.com/custom_model_training_nvidia_")


def test_numbers_of_googles_python_client_are_its_names(cloud: Inside) -> None:
    from google.cloud.aiplatform_v1 import AcceleratorType, Scheduling, StudySpec

    numbers = aiplatform.SERVICE.enum_numbers
    for field, enum in (
        ("MachineSpec.acceleratorType", AcceleratorType),
        ("Scheduling.strategy", Scheduling.Strategy),
        ("StudySpec.algorithm", StudySpec.Algorithm),
    ):
        assert numbers[f"GoogleCloudAiplatformV1{field}"] == {one.value: one.name for one in enum}
    response = cloud("POST", f"{HERE}/customJobs", job(pool(acceleratorType=5, acceleratorCount=1)))
    assert "custom_model_training_nvidia_t4_gpus" in response.message


def test_a_granted_gpu_is_available_while_it_is_free(cloud: Inside) -> None:
    settings = {"project": PROJECT, "metric": quotas.metric("NVIDIA_TESLA_T4"), "region": "europe-west1", "limit": 1}
    assert cloud("POST", "_local/quotas", settings, x_local_control="key").status == 200
    body = job(pool(acceleratorType="NVIDIA_TESLA_T4", acceleratorCount=1))
    first = cloud.ok("POST", f"{HERE}/customJobs", body)
    assert cloud("POST", f"{HERE}/customJobs", body).status == 429
    cloud.ok("POST", f"aiplatform/v1/{first['name']}:cancel", {})


def test_a_job_must_be_cancelled_before_it_can_be_deleted(cloud: Inside) -> None:
    name = cloud.ok("POST", f"{HERE}/customJobs", job())["name"]
    response = cloud("DELETE", f"aiplatform/v1/{name}")
    assert (response.status, response.body["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert cloud.ok("POST", f"aiplatform/v1/{name}:cancel", {}) == {}
    assert cloud.ok("GET", f"aiplatform/v1/{name}")["state"] in {"JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"}


def test_jobs_are_listed_by_state_and_name(cloud: Inside) -> None:
    for name in ("one", "two"):
        cloud.ok("POST", f"{HERE}/customJobs", {**job(), "displayName": name})
    path = f"{HERE}/customJobs?filter=displayName%3D%22two%22"
    assert [one["displayName"] for one in cloud.ok("GET", path)["customJobs"]] == ["two"]


def test_a_pipeline_in_the_python_clients_spelling_makes_its_job(cloud: Inside) -> None:
    inputs = {
        "worker_pool_specs": [
            {
                "replicaCount": 1,
                "machine_spec": {"machineType": "n1-standard-4"},
                "containerSpec": {"imageUri": "docker.io/library/python:3.11-slim"},
            }
        ],
        "base_output_directory": {"output_uri_prefix": "gs://models/run"},
        "service_account": ACCOUNT,
    }
    definition = "gs://google-cloud-aiplatform/schema/trainingjob/definition/custom_task_1.0.0.yaml"
    body = {"displayName": "pipe", "trainingTaskDefinition": definition, "trainingTaskInputs": inputs}
    created = cloud.ok("POST", f"{HERE}/trainingPipelines", body)
    assert created["state"].startswith("PIPELINE_STATE_")
    backing = cloud.ok("GET", f"aiplatform/v1/{created['name']}")["trainingTaskMetadata"]["backingCustomJob"]
    found = cloud.ok("GET", f"aiplatform/v1/{backing}")
    assert found["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": "gs://models/run"}
    assert found["jobSpec"]["serviceAccount"] == ACCOUNT
    cloud.ok("POST", f"aiplatform/v1/{created['name']}:cancel", {})


def finished(cloud: Inside, verb: str, path: str, body: Any = None) -> Any:
    """The response of an operation that is done, read as the Python client does."""
    operation = cloud.ok(verb, path, body)
    done = cloud.ok("GET", f"europe-west1-aiplatform/ui/{operation['name']}")
    assert done["done"]
    return done["response"]


def test_a_tensorboard_has_experiments_and_runs(cloud: Inside) -> None:
    created = cloud.ok("POST", f"{HERE}/tensorboards", {"displayName": "board"})
    assert created["metadata"]["@type"].endswith("aiplatform.v1.CreateTensorboardOperationMetadata")
    name = created["response"]["name"]
    assert name.startswith(f"{NAMED}/tensorboards/")
    cloud.ok("POST", f"aiplatform/v1/{name}/experiments?tensorboardExperimentId=e", {"displayName": "e"})
    run = {"tensorboardRunId": "r", "tensorboardRun": {"displayName": "r"}}
    cloud.ok("POST", f"aiplatform/v1/{name}/experiments/e/runs:batchCreate", {"requests": [run]})
    runs = cloud.ok("GET", f"aiplatform/v1/{name}/experiments/e/runs")["tensorboardRuns"]
    assert [one["name"] for one in runs] == [f"{name}/experiments/e/runs/r"]
    cloud.ok("DELETE", f"aiplatform/v1/{name}")
    assert cloud("GET", f"aiplatform/v1/{name}/experiments/e").status == 404


def board(cloud: Inside) -> str:
    """The path of a TensorBoard with an experiment e, its runs a and b, and a time series loss of each."""
    name: str = cloud.ok("POST", f"{HERE}/tensorboards", {"displayName": "board"})["response"]["name"]
    path = f"aiplatform/v1/{name}"
    cloud.ok("POST", f"{path}/experiments?tensorboardExperimentId=e", {"displayName": "e"})
    loss = {"displayName": "loss", "valueType": "SCALAR"}
    for run in ("a", "b"):
        cloud.ok("POST", f"{path}/experiments/e/runs?tensorboardRunId={run}", {"displayName": run})
    requests = [
        {
            "parent": f"{name}/experiments/e/runs/{run}",
            "tensorboardTimeSeriesId": "loss",
            "tensorboardTimeSeries": loss,
        }
        for run in ("a", "b")
    ]
    cloud.ok("POST", f"{path}/experiments/e:batchCreate", {"requests": requests})
    return path


def points(*steps: int) -> dict[str, Any]:
    wall = "2026-11-28T10:00:{:02d}Z"
    values = [{"step": str(one), "wallTime": wall.format(one), "scalar": {"value": 1 / (one + 1)}} for one in steps]
    return {"tensorboardTimeSeriesId": "loss", "valueType": "SCALAR", "values": values}


def steps_of(data: dict[str, Any]) -> list[int]:
    return [int(one["step"]) for one in data.get("values", [])]


def test_the_points_of_a_run_are_written_by_step_and_read_again(cloud: Inside) -> None:
    path = board(cloud)
    run = f"{path}/experiments/e/runs/a"
    cloud.ok("POST", f"{run}:write", {"tensorboardRun": "", "timeSeriesData": [points(2, 0, 10)]})
    other = {**points(2), "values": [{"step": "2", "wallTime": "2026-11-28T10:00:02Z", "scalar": {"value": 7}}]}
    cloud.ok("POST", f"{run}:write", {"timeSeriesData": [other]})
    found = cloud.ok("GET", f"{run}/timeSeries/loss:read")["timeSeriesData"]
    assert (steps_of(found), found["values"][1]["scalar"]) == ([0, 2, 10], {"value": 7})
    assert steps_of(cloud.ok("GET", f"{run}/timeSeries/loss:read?maxDataPoints=2")["timeSeriesData"]) == [2, 10]
    (listed,) = cloud.ok("GET", f"{run}/timeSeries")["tensorboardTimeSeries"]
    assert listed["metadata"] == {"maxStep": "10", "maxWallTime": "2026-11-28T10:00:10Z"}
    exported = cloud.ok("POST", f"{run}/timeSeries/loss:exportTensorboardTimeSeries", {"pageSize": 2})
    assert [one["step"] for one in exported["timeSeriesDataPoints"]] == ["0", "2"]
    more = {"pageSize": 2, "pageToken": exported["nextPageToken"]}
    rest = cloud.ok("POST", f"{run}/timeSeries/loss:exportTensorboardTimeSeries", more)
    assert [one["step"] for one in rest["timeSeriesDataPoints"]] == ["10"]


def test_several_runs_are_written_at_once_and_read_at_once_and_go_with_their_board(cloud: Inside) -> None:
    path = board(cloud)
    name = path.removeprefix("aiplatform/v1/")
    runs = [f"{name}/experiments/e/runs/{run}" for run in ("a", "b")]
    data = [{"tensorboardRun": run, "timeSeriesData": [points(at)]} for at, run in enumerate(runs)]
    cloud.ok("POST", f"{path}/experiments/e:write", {"writeRunDataRequests": data})
    query = "&".join(f"timeSeries={run}/timeSeries/loss" for run in runs)
    found = cloud.ok("GET", f"{path}:batchRead?{query}")["timeSeriesData"]
    assert [steps_of(one) for one in found] == [[0], [1]]
    assert int(cloud.ok("GET", f"{path}:readSize")["storageSizeByte"]) > 0
    cloud.ok("DELETE", path)
    assert cloud.cloud.store.sql("SELECT name FROM resources WHERE collection IN ('timeSeries', 'points')") == []


def test_the_bytes_of_blobs_are_read_apart_from_their_points(cloud: Inside) -> None:
    path = board(cloud)
    run = f"{path}/experiments/e/runs/a"
    series = {"displayName": "images", "valueType": "BLOB_SEQUENCE"}
    cloud.ok("POST", f"{run}/timeSeries?tensorboardTimeSeriesId=images", series)
    point = {"step": "1", "blobs": {"values": [{"data": "eA=="}, {"data": "eQ=="}]}}
    data = {"tensorboardTimeSeriesId": "images", "valueType": "BLOB_SEQUENCE", "values": [point]}
    cloud.ok("POST", f"{run}:write", {"timeSeriesData": [data]})
    (read,) = cloud.ok("GET", f"{run}/timeSeries/images:read")["timeSeriesData"]["values"]
    first, second = read["blobs"]["values"]
    assert set(first) == {"id"}
    url = f"{run}/timeSeries/images:readBlobData"
    (part,) = cloud.ok("GET", f"{url}?blobIds={second['id']}&blobIds={first['id']}")
    assert [one["data"] for one in part["blobs"]] == ["eQ==", "eA=="]
    assert cloud("GET", f"{url}?blobIds=none").status == 404
    assert cloud.ok("GET", f"{path}:readUsage") == {}


def test_points_that_fit_no_time_series_are_refused_and_none_of_them_is_kept(cloud: Inside) -> None:
    path = board(cloud)
    run = f"{path}/experiments/e/runs/a"
    for wrong, status in (
        ({**points(1), "tensorboardTimeSeriesId": "accuracy"}, 404),
        ({**points(1), "valueType": "TENSOR"}, 400),
        ({**points(1), "values": [{"step": "1"}]}, 400),
        ({**points(1), "values": [{"step": "-1", "scalar": {"value": 1}}]}, 400),
    ):
        assert cloud("POST", f"{run}:write", {"timeSeriesData": [points(5), wrong]}).status == status
    assert "values" not in cloud.ok("GET", f"{run}/timeSeries/loss:read")["timeSeriesData"]
    other = {"tensorboardRun": "projects/p/x", "timeSeriesData": []}
    assert cloud("POST", f"{path}/experiments/e:write", {"writeRunDataRequests": [other]}).status == 400
    assert cloud("POST", f"{run}/timeSeries", {"displayName": "x"}).status == 400
    assert cloud("POST", f"{run}/timeSeries", {"displayName": "x", "valueType": "SCALAR"}).status == 200
    reader = cloud.as_("user:eve@example.com")
    cloud.grant("roles/aiplatform.viewer", "user:eve@example.com")
    assert reader("GET", f"{run}/timeSeries/loss:read").status == 200
    assert reader("POST", f"{run}:write", {"timeSeriesData": [points(1)]}).status == 403


def test_the_default_metadata_store_is_created_on_request(cloud: Inside) -> None:
    assert cloud("GET", f"{HERE}/metadataStores/default").status == 404
    created = finished(cloud, "POST", f"{HERE}/metadataStores?metadataStoreId=default", {})
    assert created["name"] == f"{NAMED}/metadataStores/default"


def model(name: str = "m", **more: Any) -> dict[str, Any]:
    return {"displayName": name, "containerSpec": {"imageUri": "docker.io/library/python:3.11-slim"}, **more}


def test_a_model_has_versions_with_aliases(cloud: Inside) -> None:
    first = finished(cloud, "POST", f"{HERE}/models:upload", {"model": model(versionAliases=["default"])})
    assert first["modelVersionId"] == "1"
    second = {"model": model("m2", versionAliases=["best"]), "parentModel": first["model"]}
    assert finished(cloud, "POST", f"{HERE}/models:upload", second)["modelVersionId"] == "2"
    name = f"aiplatform/v1/{first['model']}"
    assert [cloud.ok("GET", name + end)["versionId"] for end in ("", "@1", "@best", "%402")] == ["1", "1", "2", "2"]
    cloud.ok("POST", f"{name}@2:mergeVersionAliases", {"versionAliases": ["default", "-best"]})
    assert cloud.ok("GET", name)["versionId"] == "2"
    assert [one["versionId"] for one in cloud.ok("GET", f"{name}:listVersions")["models"]] == ["1", "2"]
    assert cloud("DELETE", f"{name}@2:deleteVersion").status == 400
    cloud.ok("DELETE", f"{name}@1:deleteVersion")
    assert [one["displayName"] for one in cloud.ok("GET", f"{HERE}/models")["models"]] == ["m2"]
    cloud.ok("DELETE", name)
    assert cloud("GET", name).status == 404
    assert "models" not in cloud.ok("GET", f"{HERE}/models")


def test_models_are_listed_in_the_order_that_is_asked_for(cloud: Inside) -> None:
    for name in ("b", "c", "a"):
        cloud.ok("POST", f"{HERE}/models:upload", {"model": model(name)})

    def listed(order: str) -> list[str]:
        return [one["displayName"] for one in cloud.ok("GET", f"{HERE}/models?orderBy={order}")["models"]]

    assert listed("display_name") == ["a", "b", "c"]
    assert listed("create_time%20desc") == ["a", "c", "b"]
    assert cloud("GET", f"{HERE}/models?orderBy=colour").status == 400


def test_a_models_files_must_be_readable_by_vertex_ais_agent(cloud: Inside) -> None:
    response = cloud("POST", f"{HERE}/models:upload", {"model": model(artifactUri="gs://nobodys-bucket/model")})
    assert response.status == 400
    assert f"`service-{NUMBER}@gcp-sa-aiplatform.iam.gserviceaccount.com` does not have" in response.message
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "models"})
    cloud.ok("POST", f"{HERE}/models:upload", {"model": model(artifactUri="gs://models/model")})


def test_an_endpoint_serves_nothing_before_a_model_is_deployed(cloud: Inside) -> None:
    created = finished(cloud, "POST", f"{HERE}/endpoints", {"displayName": "api"})
    assert created["name"].rpartition("/")[2].isdecimal()
    named = finished(cloud, "POST", f"{HERE}/endpoints?endpointId=api", {"displayName": "api"})
    assert named["name"] == f"{NAMED}/endpoints/api"
    response = cloud("POST", f"{HERE}/endpoints/api:predict", {"instances": [1]})
    assert (response.status, response.body["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert "has no deployed model" in response.message
    cloud.ok("DELETE", f"{HERE}/endpoints/api")


def test_traffic_has_to_add_up(cloud: Inside) -> None:
    uploaded = finished(cloud, "POST", f"{HERE}/models:upload", {"model": model()})
    cloud.ok("POST", f"{HERE}/endpoints?endpointId=api", {"displayName": "api"})
    deployed = {"model": uploaded["model"], "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}}}
    body = {"deployedModel": deployed, "trafficSplit": {"0": 60}}
    response = cloud("POST", f"{HERE}/endpoints/api:deployModel", body)
    assert "must add up to 100" in response.message
    assert cloud("POST", f"{HERE}/endpoints/api:deployModel", {**body, "trafficSplit": {"9": 100}}).status == 400


@pytest.mark.parametrize("uri", ["gs://bucket/", "gs://bucket/..", "train.tar.gz", "/etc/passwd"])
def test_a_package_is_an_object(cloud: Inside, uri: str) -> None:
    program = {"executorImageUri": "train:1", "packageUris": [uri], "pythonModule": "train.task"}
    spec = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1", "pythonPackageSpec": program}
    assert "must be gs://BUCKET/OBJECT" in cloud("POST", f"{HERE}/customJobs", job(spec)).message


def test_deploying_a_model_of_another_project_takes_read_access_there(cloud: Inside) -> None:
    cloud.ok("POST", f"{HERE}/endpoints?endpointId=api", {"displayName": "api"})
    ours = finished(cloud, "POST", f"{HERE}/models:upload", {"model": model()})["model"].replace(NUMBER, PROJECT)
    store, name = cloud.cloud.store, ours.replace(PROJECT, "other-team")
    for (row,) in store.sql("SELECT name FROM resources WHERE service = 'aiplatform' AND name LIKE ?", f"{ours}%"):
        store.put("aiplatform", row.replace(PROJECT, "other-team"), store.get("aiplatform", row) or {})
    deployed = {"model": name, "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}}}
    body = {"deployedModel": deployed, "trafficSplit": {"0": 60}}
    response = cloud("POST", f"{HERE}/endpoints/api:deployModel", body)
    assert (response.status, "does not exist" in response.message) == (404, True)
    reader = {"bindings": [{"role": "roles/aiplatform.viewer", "members": ["user:owner@example.com"]}]}
    cloud.cloud.iam.write("cloudresourcemanager", "projects/other-team", reader)
    assert "must add up to 100" in cloud("POST", f"{HERE}/endpoints/api:deployModel", body).message


def test_unsupported_resources_are_empty_lists(cloud: Inside) -> None:
    assert cloud.ok("GET", f"{HERE}/dataLabelingJobs") == {}
