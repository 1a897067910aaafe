"""Jobs as Vertex AI and Cloud Run list them, and what is shown and asked before one is submitted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from groundwork.errors import Exit

from tests.groundwork.at_google import Google
from tests.groundwork.workloads.conftest import Writer

VERTEX = "europe-west1-aiplatform.googleapis.com/v1/projects/{}/locations/europe-west1/customJobs"
RUNS = "run.googleapis.com/v2/projects/{}/locations/europe-west1/jobs"
QUOTA = (
    "serviceusage.googleapis.com/v1beta1/projects/{}/services/aiplatform.googleapis.com/consumerQuotaMetrics/"
    "aiplatform.googleapis.com%2Fcustom_model_training_nvidia_t4_gpus"
)
JOB = """
workerPoolSpecs:
  machineSpec: {machineType: n1-standard-4, acceleratorType: NVIDIA_TESLA_T4, acceleratorCount: 1}
  containerSpec: {imageUri: europe-west1-docker.pkg.dev/p/images/train:latest}
scheduling: {timeout: 7200s}
serviceAccount: train@p.iam.gserviceaccount.com
baseOutputDirectory: {outputUriPrefix: gs://p-models/run-1}
"""


def trained(state: str, **more: Any) -> dict[str, Any]:
    spec = {"workerPoolSpecs": [{"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "1"}]}
    return {
        "name": "projects/7/locations/europe-west1/customJobs/123", "displayName": "train", "state": f"JOB_STATE_{state}",
        "createTime": "2026-11-28T10:00:00.5Z", "labels": {"member": "alice_example_com"}, "jobSpec": spec, **more,
    }  # fmt: skip


def executed(state: str, **more: Any) -> dict[str, Any]:
    place = "projects/p/locations/europe-west1/jobs/drift"
    return {
        "name": f"{place}/executions/drift-abc12", "job": place, "createTime": "2026-11-28T11:00:00Z", "creator": "bob@example.com",
        "startTime": "2026-11-28T11:00:05Z", "conditions": [{"type": "Completed", "state": f"CONDITION_{state}"}],
        "template": {"containers": [{"resources": {"limits": {"cpu": "1", "memory": "2Gi"}}}]}, **more,
    }  # fmt: skip


def say(google: Google, *jobs: dict[str, Any], runs: tuple[dict[str, Any], ...] = ()) -> None:
    google.log_in()
    project = google.clone.project
    google.proxy.scripted[f"GET {VERTEX.format(project)}"] = (200, {"customJobs": list(jobs)})
    google.proxy.scripted[f"GET {RUNS.format(project)}/-/executions"] = (200, {"executions": list(runs)})


def test_both_kinds_of_job_are_one_list_with_owner_and_cost(google: Google) -> None:
    trained_job = trained("SUCCEEDED", startTime="2026-11-28T10:05:00Z", endTime="2026-11-28T12:05:00Z")
    say(google, trained_job, runs=(executed("SUCCEEDED", completionTime="2026-11-28T11:10:05Z"),))
    result = google.clone("jobs", "list", "--env", "dev")
    assert result.code == Exit.OK, result.err
    first, second = [line.split() for line in result.text.splitlines()[1:]]
    assert first == [
        "drift",
        "drift-abc12",
        "run",
        "succeeded",
        "2026-11-28",
        "11:00",
        "10",
        "min",
        "$0.01",
        "bob@example.com",
    ]
    # 2 h of 0.24035805 and of a 100 GB disk.
    assert second == [
        "train",
        "123",
        "training",
        "succeeded",
        "2026-11-28",
        "10:00",
        "2",
        "h",
        "$0.53",
        "alice@example.com",
    ]


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (executed("PENDING", runningCount=1), "running"),
        (executed("FAILED", failedCount=1), "failed"),
        (executed("FAILED", cancelledCount=1), "cancelled"),
        ({**executed("PENDING"), "startTime": ""}, "pending"),
        (trained("RUNNING"), "running"),
        (trained("PARTIALLY_SUCCEEDED"), "partially_succeeded"),
    ],
)
def test_states_have_one_set_of_words(google: Google, body: dict[str, Any], state: str) -> None:
    say(google, *([body] if "displayName" in body else []), runs=() if "displayName" in body else (body,))
    (found,) = json.loads(google.clone("jobs", "list", "--env", "dev", "--json").text)["jobs"]
    assert found["state"] == state


def test_a_job_that_its_schedule_started_says_so(google: Google) -> None:
    say(google, runs=(executed("SUCCEEDED", creator=google.environment.scheduler),))
    assert google.clone("jobs", "list", "--env", "dev").text.split()[-1] == "schedule"


def test_a_disabled_api_has_no_jobs(google: Google) -> None:
    say(google)
    off = {
        "error": {
            "code": 403,
            "status": "PERMISSION_DENIED",
            "message": "off",
            "details": [{"reason": "SERVICE_DISABLED"}],
        }
    }
    google.proxy.scripted[f"GET {VERTEX.format(google.clone.project)}"] = (403, off)
    result = google.clone("jobs", "list", "--env", "dev")
    assert (result.code, "No job has been submitted in" in result.text) == (Exit.OK, True)


def quota(google: Google, *buckets: dict[str, Any]) -> None:
    body = {"consumerQuotaLimits": [{"quotaBuckets": list(buckets)}]}
    google.proxy.scripted[f"GET {QUOTA.format(google.clone.project)}"] = (200, body)


def submit(google: Google, write: Writer, *arguments: str) -> Any:
    return google.clone("jobs", "submit", str(write("train.yaml", JOB) / "train.yaml"), "--env", "dev", *arguments)


def test_maximum_cost_and_quota_are_shown_before_the_question(google: Google, write: Writer) -> None:
    say(google)
    quota(google, {"effectiveLimit": "0"}, {"effectiveLimit": "2", "dimensions": {"region": "europe-west1"}})
    result = submit(google, write)
    assert result.code == Exit.REFUSED
    # 0.24035805 + 0.4025 + the 730th of 100 times 0.17 an hour.
    assert (
        "at most $1.33: $0.67 an hour for 1 n1-standard-4 with 1 NVIDIA_TESLA_T4, stopped after 2 h at the latest"
        in result.err
    )
    assert "GPU quota: 2 of custom_model_training_nvidia_t4_gpus in europe-west1, and the job needs 1" in result.err
    assert "There is no terminal to answer this at" in result.err
    assert not [call for call in google.proxy.answered if call.startswith("POST europe-west1-aiplatform")]


def test_gpus_that_are_not_granted_are_refused_before_google_does(google: Google, write: Writer) -> None:
    say(google)
    quota(google, {"effectiveLimit": "1"}, {"dimensions": {"region": "europe-west1"}})
    result = submit(google, write, "--yes")
    assert result.code == Exit.REFUSED
    assert (
        "The GPU quota is too low: GPU quota: 0 of custom_model_training_nvidia_t4_gpus in europe-west1" in result.err
    )


def test_a_quota_that_cannot_be_looked_up_is_called_unknown(google: Google, write: Writer) -> None:
    say(google)
    google.proxy.scripted[f"GET {QUOTA.format(google.clone.project)}"] = (
        403,
        {"error": {"code": 403, "message": "no serviceusage.quotas.get"}},
    )
    result = submit(google, write)
    assert "GPU quota: unknown (no serviceusage.quotas.get); Google refuses the job if" in result.err


def test_what_would_be_sent_has_owner_end_identity_and_place(google: Google, write: Writer) -> None:
    say(google)
    quota(google, {"effectiveLimit": "-1"})
    result = submit(
        google,
        write,
        "--dry-run",
        "--timeout",
        "90m",
        "--label",
        "run=7",
        "--machine-type",
        "n1-highmem-2",
        "--",
        "--epochs",
        "3",
    )
    assert result.code == Exit.OK, result.err
    body = json.loads(result.text)
    assert body["displayName"] == "train"
    assert body["labels"] == {"component": "training", "run": "7", "member": "owner_example_com"}
    assert body["jobSpec"] == {
        "workerPoolSpecs": [
            {
                "machineSpec": {
                    "machineType": "n1-highmem-2",
                    "acceleratorType": "NVIDIA_TESLA_T4",
                    "acceleratorCount": 1,
                },
                "replicaCount": "1",
                "containerSpec": {
                    "imageUri": "europe-west1-docker.pkg.dev/p/images/train:latest",
                    "args": ["--epochs", "3"],
                },
            }
        ],
        "scheduling": {"timeout": "5400s"},
        "serviceAccount": "train@p.iam.gserviceaccount.com",
        "baseOutputDirectory": {"outputUriPrefix": "gs://p-models/run-1"},
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--timeout", "soon"], "'soon' is not a time: write it as 90m, 2h or 1d."),
        (["--timeout", "9" * 400 + "h"], "is longer than a year, which no job may take"),
        (["--gpu", "NVIDIA_L4:x"], "'NVIDIA_L4:x' is not a GPU"),
        (["--gpu", "FOO"], "FOO is not a GPU of Vertex AI: allowed are NVIDIA_A100_80GB, "),
        (["--gpu", "nvidia_tesla_t5"], "did you mean NVIDIA_TESLA_T4? Allowed are"),
        (["--gpu", "NVIDIA_L4"], "n1-standard-4 cannot have a NVIDIA_L4: it comes with g2-standard machines"),
        (["--gpu", "NVIDIA_TESLA_T4", "--machine-type", "e2-standard-4"], "it comes with n1 machines"),
        (["--set-env", "A"], "--set-env 'A' is not NAME=VALUE"),
        (["--identity", "nobody"], "There is no identity nobody"),
    ],
)
def test_wrong_options_are_reported_in_one_sentence(
    google: Google, write: Writer, arguments: list[str], sentence: str
) -> None:
    say(google)
    result = submit(google, write, *arguments)
    assert (result.code, sentence in result.err) == (Exit.USAGE, True), result.err


def test_a_name_that_is_neither_file_nor_job_is_refused_with_the_existing_ones(google: Google) -> None:
    say(google)
    project = google.clone.project
    google.proxy.scripted[f"GET {RUNS.format(project)}/drfit"] = (
        404,
        {"error": {"code": 404, "status": "NOT_FOUND", "message": ""}},
    )
    google.proxy.scripted[f"GET {RUNS.format(project)}"] = (
        200,
        {"jobs": [{"name": f"projects/{project}/locations/europe-west1/jobs/drift"}]},
    )
    for more in ([], ["--label", "commit=1"]):
        result = google.clone("jobs", "submit", "drfit", "--env", "dev", *more)
        assert result.code == Exit.USAGE
        assert "drfit is neither a file nor a job of" in result.err
        assert "did you mean drift?" in result.err
