"""What the report says of things as Google lists them: machines, jobs, services, alerts, images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.report import workloads
from groundwork.report.contents import image_row
from groundwork.resources.inventory import Inventory
from groundwork.resources.item import Item

VERTEX = "projects/p/locations/europe-west1"


def inventory(*items: tuple[str, str, Mapping[str, Any]], **unknown: str) -> Inventory:
    return Inventory(
        tuple(Item(*one) for one in items), {name.replace("_", " "): why for name, why in unknown.items()}, 1
    )


def test_machine_types_of_machines_jobs_and_services() -> None:
    job = {
        "displayName": "train",
        "state": "JOB_STATE_SUCCEEDED",
        "createTime": "2026-11-27T10:11:12Z",
        "jobSpec": {
            "workerPoolSpecs": [
                {"replicaCount": "2", "machineSpec": {"machineType": "n1-standard-4", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1}}
            ]
        },
    }  # fmt: skip
    found = inventory(
        ("instance", "projects/p/zones/z/instances/box", {"machineType": "…/zones/europe-west1-b/machineTypes/n1-standard-1", "zone": "…/zones/europe-west1-b"}),
        ("Vertex custom job", f"{VERTEX}/customJobs/7", job),
        ("Run service", f"{VERTEX}/services/api", {"template": {"containers": [{"resources": {"limits": {"memory": "1Gi", "cpu": "2"}}}, {}]}}),
    )  # fmt: skip
    section = workloads.machines(found)
    assert [row[1:3] for row in section.rows] == [
        ("box", "n1-standard-1"),
        ("train", "2 of n1-standard-4 with 1 NVIDIA_TESLA_T4"),
        ("api", "cpu 2, memory 1Gi"),
        ("api", "the default size"),
    ]
    assert section.rows[0][3] == "europe-west1-b"
    assert section.notes == ("There is no Workbench instance.",)
    assert workloads.training(found).rows == (("Vertex custom job", "train", "2026-11-27 10:11", "succeeded"),)


def test_the_newest_job_comes_first() -> None:
    days = ("26", "28", "27")
    jobs = [
        ("Vertex custom job", f"{VERTEX}/customJobs/{day}", {"createTime": f"2026-11-{day}T10:11:12Z"}) for day in days
    ]
    assert [row[2][8:10] for row in workloads.training(inventory(*jobs)).rows] == ["28", "27", "26"]


def test_a_deployed_service_comes_with_the_command_that_calls_it() -> None:
    found = inventory(("Run service", f"{VERTEX}/services/api", {"uri": "https://api-x.run.app"}))
    (row,) = workloads.deployed(found).rows
    assert (
        row[3]
        == 'echo "Authorization: Bearer $(gcloud auth print-identity-token)" | curl --header @- https://api-x.run.app'
    )
    public = inventory(
        ("Run service", f"{VERTEX}/services/api", {"uri": "https://api-x.run.app", "invokerIamDisabled": True})
    )
    assert workloads.deployed(public).rows[0][3] == "curl https://api-x.run.app"


def test_what_could_not_be_listed_is_not_reported_as_empty() -> None:
    section = workloads.monitoring(inventory(alert_policy="403 PERMISSION_DENIED"))
    assert section.unread == {"alert policy": "403 PERMISSION_DENIED"}
    assert section.notes == ("There is no uptime check, no dashboard and no notification channel.",)
    dark = workloads.training(inventory(enabled_APIs="403"))
    assert dark.unread
    assert not dark.notes


def test_an_image_has_its_name_tags_and_size() -> None:
    image = {
        "name": f"{VERTEX}/repositories/images/dockerImages/train@sha256:0123456789abcdef",
        "tags": ["v1", "latest"],
        "imageSizeBytes": "1572864",
        "uploadTime": "2026-11-27T10:11:12.345Z",
    }
    assert image_row("images", image) == ("images", "train", "v1, latest", "1.5 MiB", "2026-11-27 10:11")
    assert image_row("images", {**image, "tags": ["afe6e0de" * 5]})[2] == "afe6e0de…"
    assert image_row("images", {**image, "tags": []})[2] == "untagged, sha256:0123456789ab"
