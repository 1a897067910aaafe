"""Cloud Run's v1 API, as gcloud uses it: the same services and jobs under Knative's names."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, OWNER, PROJECT, Sender, sender

HOST = "/europe-west1-run"
SERVICES = f"{HOST}/apis/serving.knative.dev/v1/namespaces/{PROJECT}/services"
JOBS = f"{HOST}/apis/run.googleapis.com/v1/namespaces/{PROJECT}/jobs"
EXECUTIONS = f"{HOST}/apis/run.googleapis.com/v1/namespaces/{NUMBER}/executions"
V2 = f"/run/v2/projects/{PROJECT}/locations/europe-west1"
# As gcloud 528 sends it, empty things included.
BODY: Any = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {
        "name": "api",
        "namespace": PROJECT,
        "annotations": {"run.googleapis.com/client-name": "gcloud"},
        "labels": {"client.knative.dev/nonce": "abc"},
    },
    "spec": {
        "template": {
            "metadata": {
                "annotations": {
                    "autoscaling.knative.dev/maxScale": "3",
                    "run.googleapis.com/startup-cpu-boost": "True",
                    "mine": "kept",
                },
                "labels": {"client.knative.dev/nonce": "abc"},
            },
            "spec": {
                "containerConcurrency": 20,
                "timeoutSeconds": 60,
                "nodeSelector": {},
                "containers": [
                    {
                        "name": "",
                        "image": "docker.io/library/api:1",
                        "env": [
                            {"name": "A", "value": "b"},
                            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "2"}}},
                        ],
                        "resources": {"limits": {"memory": "1Gi"}, "requests": {}},
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }
                ],
                "volumes": [
                    {
                        "name": "data",
                        "csi": {
                            "driver": "gcsfuse.run.googleapis.com",
                            "readOnly": True,
                            "volumeAttributes": {"bucketName": "cats"},
                        },
                    }
                ],
            },
        }
    },
    "status": {"address": {}},
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "run", "secretmanager", "iam")
    secrets = f"/secretmanager/v1/projects/{PROJECT}/secrets"
    call("POST", f"{secrets}?secretId=key", {"replication": {"automatic": {}}})
    for _ in range(2):
        call("POST", f"{secrets}/key:addVersion", {"payload": {"data": "eA=="}})
    call.grant("roles/secretmanager.secretAccessor", f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com")
    return call


def settled(call: Sender) -> None:
    asyncio.run(call.cloud.jobs.settled())


def test_gclouds_request_reaches_v2_and_is_returned_unchanged(call: Sender) -> None:
    created = call("POST", SERVICES, BODY)
    assert created["status"]["conditions"][0]["status"] == "Unknown"
    settled(call)
    stored = call("GET", f"{V2}/services/api")["template"]
    assert stored["scaling"] == {"maxInstanceCount": 3}
    assert (stored["timeout"], stored["maxInstanceRequestConcurrency"]) == ("60s", 20)
    assert stored["containers"][0]["resources"]["startupCpuBoost"] is True
    assert stored["containers"][0]["env"][1]["valueSource"] == {"secretKeyRef": {"secret": "key", "version": "2"}}
    assert stored["volumes"] == [{"name": "data", "gcs": {"bucket": "cats", "readOnly": True}}]
    found = call("GET", f"{SERVICES}/api")
    assert found["metadata"]["namespace"] == NUMBER
    assert found["metadata"]["labels"]["cloud.googleapis.com/location"] == "europe-west1"
    assert found["metadata"]["annotations"]["serving.knative.dev/creator"] == OWNER.partition(":")[2]
    template = found["spec"]["template"]
    assert template["metadata"]["annotations"]["autoscaling.knative.dev/maxScale"] == "3"
    assert template["metadata"]["annotations"]["mine"] == "kept"
    sent = BODY["spec"]["template"]["spec"]
    assert template["spec"]["volumes"] == sent["volumes"]
    assert template["spec"]["containers"][0]["env"] == sent["containers"][0]["env"]
    status = found["status"]
    assert [one["status"] for one in status["conditions"]] == ["True", "True", "True"]
    assert status["observedGeneration"] == found["metadata"]["generation"] == 1
    assert status["traffic"] == [
        {"latestRevision": True, "revisionName": status["latestReadyRevisionName"], "percent": 100}
    ]
    assert json.loads(found["metadata"]["annotations"]["run.googleapis.com/urls"])[1] == status["url"]


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "{", '{"": 1}', '{"": [1]}', "[" * 5000])
def test_json_in_annotations_is_checked(call: Sender, text: str) -> None:
    body = json.loads(json.dumps(BODY))
    body["spec"]["template"]["metadata"]["annotations"]["run.googleapis.com/container-dependencies"] = text
    assert "must be a JSON object of lists of names" in call.refused("POST", SERVICES, body)


def test_what_was_read_can_be_written_back_and_an_old_copy_cannot(call: Sender) -> None:
    call("POST", SERVICES, BODY)
    settled(call)
    first = call("GET", f"{SERVICES}/api")
    again = call("PUT", f"{SERVICES}/api", first)
    settled(call)
    assert again["status"]["latestCreatedRevisionName"] == first["status"]["latestCreatedRevisionName"]
    first["metadata"]["resourceVersion"] = "older"
    assert "read it again" in call.refused("PUT", f"{SERVICES}/api", first, 409)
    first["metadata"].pop("resourceVersion")
    first["spec"]["template"]["spec"]["timeoutSeconds"] = 61
    name = first["spec"]["template"]["metadata"]["name"] = "api-00009-abc"
    traffic = [
        {"revisionName": first["status"]["latestReadyRevisionName"], "percent": 100},
        {"revisionName": name, "tag": "t"},
    ]
    first["spec"]["traffic"] = traffic
    call("PUT", f"{SERVICES}/api", first)
    settled(call)
    status = call("GET", f"{SERVICES}/api")["status"]
    assert [one["revisionName"] for one in status["traffic"]] == [one["revisionName"] for one in traffic]
    assert call("GET", f"{SERVICES.replace('services', 'revisions')}/{name}")["spec"]["timeoutSeconds"] == 61


def test_lists_are_of_a_region_or_of_all_and_by_label(call: Sender) -> None:
    call("POST", SERVICES, BODY)
    settled(call)
    assert [one["metadata"]["name"] for one in call("GET", SERVICES)["items"]] == ["api"]
    everywhere = f"/run/v1/projects/{PROJECT}/locations/-/services"
    assert [one["metadata"]["name"] for one in call("GET", everywhere)["items"]] == ["api"]
    elsewhere = SERVICES.replace("europe-west1", "us-central1")
    assert call("GET", elsewhere)["items"] == []
    revisions = SERVICES.replace("/services", "/revisions")
    assert len(call("GET", f"{revisions}?labelSelector=serving.knative.dev/service%20=%20api")["items"]) == 1
    assert call("GET", f"{revisions}?labelSelector=serving.knative.dev/service%20=%20other")["items"] == []
    assert call("GET", f"{revisions}?labelSelector=serving.knative.dev/service%20!=%20other&limit=1")["items"]
    assert "is not valid" in call.refused("GET", f"{revisions}?labelSelector=a%20b")


def test_a_dry_run_stores_nothing_and_a_delete_returns_a_status(call: Sender) -> None:
    call("POST", f"{SERVICES}?dryRun=all", BODY)
    assert call("GET", SERVICES)["items"] == []
    call("POST", SERVICES, BODY)
    settled(call)
    call("PUT", f"{SERVICES}/api?dryRun=all", {**BODY, "metadata": {"name": "api", "labels": {"a": "b"}}})
    assert "a" not in call("GET", f"{SERVICES}/api")["metadata"]["labels"]
    assert call("DELETE", f"{SERVICES}/api")["status"] == "Success"
    assert "does not exist" in call.refused("GET", f"{SERVICES}/api", None, 404)


def test_a_v1_refusal_names_the_v1_resource(call: Sender) -> None:
    call.grant("roles/run.viewer", "user:eve@example.com")
    message = call.as_("user:eve@example.com").refused("POST", SERVICES, BODY, 403)
    assert message.startswith(f"Permission 'run.services.create' denied on resource 'namespaces/{PROJECT}/services'")


def test_a_job_and_its_execution_have_v1s_form(call: Sender) -> None:
    spec = {
        "taskCount": 2,
        "template": {
            "spec": {"maxRetries": 0, "timeoutSeconds": "60", "containers": [{"image": "docker.io/library/train:1"}]}
        },
    }
    body = {"metadata": {"name": "train"}, "spec": {"template": {"spec": spec}}}
    created = call("POST", JOBS, body)
    assert created["status"]["conditions"][0]["status"] == "True"
    inner = created["spec"]["template"]["spec"]
    assert (inner["taskCount"], inner["template"]["spec"]["timeoutSeconds"]) == (2, "60")
    assert inner["template"]["spec"]["maxRetries"] == 0
    execution = call(
        "POST", f"{JOBS}/train:run", {"overrides": {"containerOverrides": [{"args": ["x"]}], "timeoutSeconds": 30}}
    )
    name = execution["metadata"]["name"]
    assert execution["spec"]["template"]["spec"]["timeoutSeconds"] == "30"
    settled(call)
    found = call("GET", f"{EXECUTIONS}/{name}")
    assert (found["status"]["failedCount"], found["status"]["conditions"][0]["status"]) == (2, "False")
    assert found["metadata"]["labels"]["run.googleapis.com/job"] == "train"
    assert len(call("GET", EXECUTIONS.replace("executions", "tasks"))["items"]) == 2
    read = call("GET", f"{JOBS}/train")
    assert read["status"]["latestCreatedExecution"]["name"] == name
    call("PUT", f"{JOBS}/train", read)
    assert "has ended" in call.refused("POST", f"{EXECUTIONS}/{name}:cancel", {})
    call("DELETE", f"{JOBS}/train")
    assert call("GET", JOBS)["items"] == []
