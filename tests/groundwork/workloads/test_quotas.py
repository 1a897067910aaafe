"""GPU quota before a job is submitted: none in a new project, and granted quota counts per region."""

from __future__ import annotations

from groundwork.errors import Exit
from groundwork.google import local
from groundwork.workloads import gpus, quotas
from groundwork.workloads.project import Project
from localcloud.server import launcher
from localcloud.spec.discovery import document

from tests.groundwork.workloads.conftest import Writer
from tests.small_clone import SmallClone

T4 = "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus"
JOB = "workerPoolSpecs: {machineSpec: {machineType: n1-standard-4, acceleratorType: NVIDIA_TESLA_T4}, containerSpec: {imageUri: x}}"


def grant(clone: SmallClone, region: str, number: int) -> None:
    body = {"project": clone.project, "metric": T4, "region": region, "limit": number}
    launcher.control(launcher.start(clone.checkout.local_state), "POST", "/_local/quotas", body)


def looked_up(project: Project, region: str) -> list[int | None]:
    spec = {
        "workerPoolSpecs": [
            {"machineSpec": {"acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 2}, "replicaCount": "2"}
        ]
    }
    found = quotas.of_job(project, spec, region)
    assert [(one.metric, one.wanted) for one in found] == [(T4, 4)]
    assert [one.why for one in found] == [""]
    return [one.granted for one in found]


def test_a_new_project_has_no_gpus_and_a_grant_is_for_a_region(clone: SmallClone, project: Project) -> None:
    assert looked_up(project, "europe-west1") == [0]
    grant(clone, "europe-west4", 8)
    assert looked_up(project, "europe-west4") == [8]
    assert looked_up(project, "europe-west1") == [0]


def test_a_job_without_gpus_asks_for_no_quota(project: Project) -> None:
    assert (
        quotas.of_job(project, {"workerPoolSpecs": [{"machineSpec": {"machineType": "n1-standard-4"}}]}, "europe-west1")
        == []
    )


def test_a_job_beyond_the_quota_is_refused_before_it_is_sent(clone: SmallClone, write: Writer) -> None:
    file = str(write("train.yaml", JOB) / "train.yaml")
    result = clone("jobs", "submit", file)
    assert result.code == Exit.REFUSED
    assert "GPU quota: 0 of custom_model_training_nvidia_t4_gpus in europe-west1, and the job needs 1" in result.err
    assert "ask Google for more in the console" in result.err


def test_vertex_itself_refuses_in_googles_words(clone: SmallClone) -> None:
    pool = {
        "machineSpec": {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1},
        "containerSpec": {"imageUri": "x"},
        "replicaCount": "1",
    }
    body = {"displayName": "train", "jobSpec": {"workerPoolSpecs": [pool]}}
    base = (
        f"{local.start(clone.checkout).base}/aiplatform/v1/projects/{clone.project}/locations/europe-west1/customJobs"
    )
    with local.session(clone.checkout, str(clone.cloud().login)) as session:
        answer = session.post(base, json=body, headers={"Authorization": f"Bearer {clone.cloud().login}"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")


def test_the_gpus_are_those_that_googles_document_names() -> None:
    machine = document("aiplatform", "v1").schemas["GoogleCloudAiplatformV1MachineSpec"]
    assert {gpus.NONE, *gpus.names()} == set(machine["properties"]["acceleratorType"]["enum"])
