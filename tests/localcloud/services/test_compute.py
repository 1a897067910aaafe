"""Compute Engine: machines with their disks, turned on and off by operations, and the catalogue they are made from."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

BASE = f"/compute/v1/projects/{PROJECT}"
ZONE = f"{BASE}/zones/europe-west1-b"
IMAGE = "projects/debian-cloud/global/images/family/debian-12"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "compute")


def machine(call: Sender, name: str = "vm", **more: Any) -> Any:
    body = {
        "name": name,
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE, "diskSizeGb": "20"}}],
        "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}],
        **more,
    }
    call("POST", f"{ZONE}/instances", body)
    return call("GET", f"{ZONE}/instances/{name}")


def turn(call: Sender, verb: str) -> list[str]:
    """The states of the machine and of the operation before and after the worker has run."""
    operation = call("POST", f"{ZONE}/instances/vm/{verb}")
    statuses = [call("GET", f"{ZONE}/instances/vm")["status"], operation["status"]]
    asyncio.run(call.cloud.jobs.settled())
    after = call("GET", f"{ZONE}/operations/{operation['name']}")
    return [*statuses, call("GET", f"{ZONE}/instances/vm")["status"], after["status"]]


def test_a_refusal_names_the_permission_and_the_resource(call: Sender) -> None:
    eve = call.as_("user:eve@example.com")
    project = f"projects/{PROJECT}"
    disk = f"{project}/zones/europe-west1-b/disks/data"
    for verb, path, body, permission, resource in (
        ("GET", f"{ZONE}/disks", None, "compute.disks.list", project),
        ("GET", f"{ZONE}/disks/data", None, "compute.disks.get", disk),
        ("POST", f"{ZONE}/disks", {"name": "data"}, "compute.disks.create", disk),
    ):
        error = eve(verb, path, body, 403)["error"]
        assert error["message"] == f"Required '{permission}' permission for '{resource}'"
        assert error["errors"][0]["reason"] == "forbidden"


def test_times_are_californias_and_an_operation_has_googles_form_of_name(call: Sender) -> None:
    operation = call("POST", f"{ZONE}/disks", {"name": "data"})
    assert re.fullmatch(r"operation-\d{13}-[0-9a-f]{13}-[0-9a-f]{8}-[0-9a-f]{8}", operation["name"])
    for moment in (
        operation["insertTime"],
        operation["endTime"],
        call("GET", f"{ZONE}/disks/data")["creationTimestamp"],
    ):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00", moment)


def test_a_nonexistent_zone_or_region_is_refused(call: Sender) -> None:
    for place in ("zones/europe-west1-z", "zones/mars-a", "regions/mars"):
        collection = "disks" if place.startswith("zones") else "addresses"
        for verb, body in (("GET", None), ("POST", {"name": "data"})):
            message = call.refused(verb, f"{BASE}/{place}/{collection}", body, 403)
            assert message == f"Permission denied on 'locations/{place.partition('/')[2]}' (or it may not exist)."


def test_a_machine_is_made_with_its_disk_and_addresses(call: Sender) -> None:
    created = machine(call, labels={"a": "b"})
    assert created["status"] == "RUNNING"
    assert created["machineType"].endswith(f"{PROJECT}/zones/europe-west1-b/machineTypes/e2-medium")
    assert created["networkInterfaces"][0]["networkIP"].startswith("10.")
    assert created["networkInterfaces"][0]["accessConfigs"][0]["natIP"].startswith("203.0.113.")
    disk = call("GET", f"{ZONE}/disks/vm")
    assert created["disks"][0]["source"] == disk["selfLink"]
    assert (disk["sizeGb"], disk["users"]) == ("20", [created["selfLink"]])
    assert "debian-12-bookworm" in disk["sourceImage"]
    assert "already being used" in call.refused("DELETE", f"{ZONE}/disks/vm")
    call("DELETE", f"{ZONE}/instances/vm")
    call.refused("GET", f"{ZONE}/disks/vm", status=404)


def test_a_boot_disk_is_as_large_as_its_image_however_that_is_named(call: Sender) -> None:
    views = "https://compute.googleapis.com/compute/v1/projects/debian-cloud/zones/-/imageFamilyViews/debian-12"
    machine(call, disks=[{"boot": True, "initializeParams": {"sourceImage": views}}])
    disk = call("GET", f"{ZONE}/disks/vm")
    assert (disk["sizeGb"], "images/debian-12-bookworm" in disk["sourceImage"]) == ("10", True)


@pytest.mark.parametrize("command", ["compute.ssh", "compute.scp", "beta.compute.ssh"])
def test_gcloud_does_not_wait_for_a_machine_in_which_nothing_runs(call: Sender, command: str) -> None:
    machine(call)
    agent = f"google-cloud-sdk gcloud/528.0.0 command/gcloud.{command} invocation-id/1"
    headers = {"authorization": call.bearer(), "user-agent": agent}
    refused = call.send("GET", f"{ZONE}/instances/vm", headers, b"", 400)
    assert "reaches no machine here: nothing runs in the local cloud's machines" in refused["error"]["message"]
    described = {**headers, "user-agent": agent.replace(command, "compute.instances.describe")}
    assert call.send("GET", f"{ZONE}/instances/vm", described, b"")["status"] == "RUNNING"


def test_a_disk_that_is_not_deleted_with_its_machine_is_free_again(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "data"})
    boot = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE}}
    machine(call, disks=[boot, {"source": "zones/europe-west1-b/disks/data"}])
    call("DELETE", f"{ZONE}/instances/vm")
    assert "users" not in call("GET", f"{ZONE}/disks/data")
    call("DELETE", f"{ZONE}/disks/data")


def test_stop_and_start_are_operations_of_the_zone_that_take_a_moment(call: Sender) -> None:
    machine(call)
    assert turn(call, "stop") == ["STOPPING", "RUNNING", "TERMINATED", "DONE"]
    assert turn(call, "start") == ["STAGING", "RUNNING", "RUNNING", "DONE"]
    assert turn(call, "suspend")[2] == "SUSPENDED"
    assert turn(call, "resume")[2] == "RUNNING"


def test_what_needs_a_stopped_machine_says_so(call: Sender) -> None:
    machine(call)
    body = {"machineType": "zones/europe-west1-b/machineTypes/n1-standard-8"}
    assert "stop it first" in call.refused("POST", f"{ZONE}/instances/vm/setMachineType", body)
    turn(call, "stop")
    call("POST", f"{ZONE}/instances/vm/setMachineType", body)
    call(
        "POST",
        f"{ZONE}/instances/vm/setServiceAccount",
        {"email": f"a@{PROJECT}.iam.gserviceaccount.com", "scopes": ["x"]},
    )
    instance = call("GET", f"{ZONE}/instances/vm")
    assert instance["machineType"].endswith("n1-standard-8")
    assert instance["serviceAccounts"][0]["scopes"] == ["x"]


def test_a_protected_machine_is_not_deleted(call: Sender) -> None:
    machine(call)
    call("POST", f"{ZONE}/instances/vm/setDeletionProtection?deletionProtection=true")
    assert "protected against deletion" in call.refused("DELETE", f"{ZONE}/instances/vm")
    call("POST", f"{ZONE}/instances/vm/setDeletionProtection?deletionProtection=false")
    call("DELETE", f"{ZONE}/instances/vm")


@pytest.mark.parametrize(
    "more",
    [
        {"machineType": "zones/europe-west1-b/machineTypes/e2-huge"},
        {"disks": []},
        {"networkInterfaces": []},
        {"name": "Not-Valid"},
        {"disks": [{"boot": True, "source": "zones/europe-west1-b/disks/none"}]},
    ],
)
def test_what_compute_would_refuse_is_refused(call: Sender, more: Any) -> None:
    body = {
        "name": "vm",
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "initializeParams": {"sourceImage": IMAGE}}],
        "networkInterfaces": [{}],
    }
    call("POST", f"{ZONE}/instances", body | more, 404 if "source" in str(more) else 400)


def test_a_disk_grows_and_never_shrinks(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "data", "sizeGb": "20", "type": "zones/europe-west1-b/diskTypes/pd-ssd"})
    call("POST", f"{ZONE}/disks/data/resize", {"sizeGb": "30"})
    assert call("GET", f"{ZONE}/disks/data")["sizeGb"] == "30"
    assert "larger than 30" in call.refused("POST", f"{ZONE}/disks/data/resize", {"sizeGb": "20"})
    assert "smaller than the image" in call.refused(
        "POST", f"{ZONE}/disks", {"name": "x", "sizeGb": "5", "sourceImage": IMAGE}
    )


def test_a_copy_of_a_disk_is_as_large_as_the_disk(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "data", "sizeGb": "20"})
    call("POST", f"{ZONE}/disks", {"name": "copy", "sourceDisk": "zones/europe-west1-b/disks/data"})
    copy = call("GET", f"{ZONE}/disks/copy")
    assert (copy["sizeGb"], copy["sourceDiskId"]) == ("20", call("GET", f"{ZONE}/disks/data")["id"])
    wrong = {"name": "x", "sizeGb": "15", "sourceDisk": "zones/europe-west1-b/disks/data"}
    assert "smaller than the source disk size (20 GB)" in call.refused("POST", f"{ZONE}/disks", wrong)
    missing = {"name": "x", "sourceDisk": "zones/europe-west1-b/disks/none"}
    assert "disks/none' was not found" in call.refused("POST", f"{ZONE}/disks", missing, 404)


def test_the_catalogue_is_listed_and_read(call: Sender) -> None:
    zones = {zone["name"] for zone in call("GET", f"{BASE}/zones")["items"]}
    assert {"europe-west1-b", "us-central1-f"} <= zones
    assert "europe-west1-a" not in zones
    assert call("GET", f"{BASE}/zones/europe-west1-b")["region"].endswith("/regions/europe-west1")
    region = call("GET", f"{BASE}/regions/europe-west1")
    assert region["quotas"]
    assert region["zones"][0].endswith("europe-west1-b")
    kinds = {kind["name"]: kind for kind in call("GET", f"{ZONE}/machineTypes")["items"]}
    assert (kinds["e2-standard-4"]["guestCpus"], kinds["e2-standard-4"]["memoryMb"]) == (4, 16384)
    assert call("GET", f"{ZONE}/machineTypes/n2-custom-6-8192")["guestCpus"] == 6
    call.refused("GET", f"{ZONE}/machineTypes/none", status=404)
    assert call("GET", f"{ZONE}/machineTypes?filter=name%3De2-micro")["items"][0]["isSharedCpu"] is True


def test_public_images_are_read_as_gcloud_does_and_own_ones_are_kept(call: Sender) -> None:
    stranger = call.as_("user:eve@example.com")
    family = "/compute/v1/projects/debian-cloud/global/images/family/debian-12"
    image = stranger("GET", family)
    assert image["family"] == "debian-12"
    assert stranger("GET", "/compute/v1/projects/debian-cloud/zones/-/imageFamilyViews/debian-12")["image"] == image
    assert image in stranger("GET", "/compute/v1/projects/debian-cloud/global/images")["items"]
    call("POST", f"{ZONE}/disks", {"name": "d"})
    call("POST", f"{BASE}/global/images", {"name": "mine", "sourceDisk": "zones/europe-west1-b/disks/d"})
    assert [one["name"] for one in call("GET", f"{BASE}/global/images")["items"]] == ["mine"]


def test_machines_of_all_zones_are_listed_as_gcloud_asks_for_them(call: Sender) -> None:
    machine(call)
    query = "includeAllScopes=True&maxResults=500&returnPartialSuccess=True"
    found = call("GET", f"{BASE}/aggregated/instances?{query}")["items"]
    assert [one["name"] for one in found["zones/europe-west1-b"]["instances"]] == ["vm"]
    call.refused("GET", f"{BASE}/aggregated/instances?returnAll=True")


def test_an_address_is_reserved_in_its_region(call: Sender) -> None:
    path = f"{BASE}/regions/europe-west1/addresses"
    operation = call("POST", path, {"name": "ip"})
    assert operation["region"].endswith("/regions/europe-west1")
    address = call("GET", f"{path}/ip")
    assert (address["status"], address["addressType"]) == ("RESERVED", "EXTERNAL")
    assert call("GET", f"{BASE}/regions/europe-west1/operations/{operation['name']}")["status"] == "DONE"
    call("DELETE", f"{path}/ip")


def test_machines_are_made_and_read_in_one_batch(call: Sender) -> None:
    boot = {"boot": True, "initializeParams": {"sourceImage": IMAGE}}
    body = {"machineType": "zones/europe-west1-b/machineTypes/e2-medium", "disks": [boot]}
    body["networkInterfaces"] = [{"network": "global/networks/default"}]
    requests = [
        f"POST {ZONE}/instances HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{json.dumps({**body, 'name': name})}"
        for name in ("one", "two")
    ]
    requests += [
        f"GET https://compute.googleapis.com{ZONE}/instances/{name} HTTP/1.1\r\n\r\n" for name in ("two", "none")
    ]
    text = "".join(
        f"--edge\r\nContent-Type: application/http\r\nContent-ID: <b+{at}>\r\n\r\n{one}\r\n"
        for at, one in enumerate(requests)
    )
    headers = {"authorization": call.bearer(), "content-type": "multipart/mixed; boundary=edge"}
    answer = call.reply("POST", "/batch/compute/v1", headers, f"{text}--edge--".encode())
    assert isinstance(answer.body, bytes)
    assert re.findall(rb"Content-ID: <response-b\+(\d)>\r\n\r\nHTTP/1.1 (\d+)", answer.body) == [
        (b"0", b"200"),
        (b"1", b"200"),
        (b"2", b"200"),
        (b"3", b"404"),
    ]
    assert call("GET", f"{ZONE}/instances/one")["name"] == "one"


def test_a_machine_cannot_use_a_disk_of_another_project_or_zone(call: Sender) -> None:
    boot = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE}}
    for place in ("projects/other-team/zones/europe-west1-b", f"projects/{PROJECT}/zones/europe-west1-c"):
        call.cloud.store.put("compute", f"{place}/disks/data", {"name": "data", "sizeGb": "10"})
        body = {
            "name": "vm",
            "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
            "disks": [boot, {"source": f"{place}/disks/data", "autoDelete": True}],
            "networkInterfaces": [{"network": "global/networks/default"}],
        }
        assert "must be in the project and zone" in call.refused("POST", f"{ZONE}/instances", body)


def test_a_machine_has_an_account_that_its_maker_may_act_as(call: Sender) -> None:
    call.grant("roles/compute.instanceAdmin.v1", "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    machine(dev)
    body = {
        "name": "two",
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "initializeParams": {"sourceImage": IMAGE}}],
        "networkInterfaces": [{"network": "global/networks/default"}],
    }
    for email in ("default", f"train@{PROJECT}.iam.gserviceaccount.com"):
        message = dev.refused("POST", f"{ZONE}/instances", {**body, "serviceAccounts": [{"email": email}]})
        assert "does not have access to service account" in message
    call.grant("roles/iam.serviceAccountUser", "user:dev@example.com")
    dev("POST", f"{ZONE}/instances", {**body, "serviceAccounts": [{"email": "default"}]})


def test_a_disk_is_copied_into_snapshots_and_images_and_back(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "d", "sizeGb": "20"})
    operation = call("POST", f"{ZONE}/disks/d/createSnapshot", {"name": "s", "labels": {"a": "b"}})
    assert operation["targetLink"].endswith(f"/projects/{PROJECT}/global/snapshots/s")
    made = call("GET", f"{BASE}/global/snapshots/s")
    assert (made["diskSizeGb"], made["status"], made["storageLocations"]) == ("20", "READY", ["eu"])
    assert made["sourceDisk"].endswith("/zones/europe-west1-b/disks/d")
    assert "already exists" in call.refused("POST", f"{ZONE}/disks/d/createSnapshot", {"name": "s"}, 409)
    call("POST", f"{BASE}/global/snapshots", {"name": "t", "sourceDisk": "zones/europe-west1-b/disks/d"})
    assert [one["name"] for one in call("GET", f"{BASE}/global/snapshots?filter=labels.a%3Db")["items"]] == ["s"]
    call("POST", f"{BASE}/global/snapshots/t/setLabels", {"labels": {"c": "d"}})
    assert call("GET", f"{BASE}/global/snapshots/t")["labels"] == {"c": "d"}
    call("POST", f"{ZONE}/disks", {"name": "copy", "sourceSnapshot": "global/snapshots/s"})
    copy = call("GET", f"{ZONE}/disks/copy")
    assert (copy["sizeGb"], copy["sourceSnapshotId"]) == ("20", made["id"])
    small = {"name": "small", "sourceSnapshot": "global/snapshots/s", "sizeGb": "10"}
    assert "smaller than the snapshot size (20 GB)" in call.refused("POST", f"{ZONE}/disks", small)
    call("POST", f"{BASE}/global/images", {"name": "i", "sourceSnapshot": "global/snapshots/s"})
    assert call("GET", f"{BASE}/global/images/i")["diskSizeGb"] == "20"
    for body in (
        {"sourceSnapshot": "global/snapshots/s", "diskSizeGb": "10"},
        {"sourceSnapshot": "global/snapshots/s", "sourceDisk": "zones/europe-west1-b/disks/d"},
    ):
        call.refused("POST", f"{BASE}/global/images", {"name": "j", **body})
    for path in (f"{BASE}/global/images", f"{ZONE}/disks"):
        call("POST", path, {"name": "none", "sourceSnapshot": "global/snapshots/none"}, 404)
    call("POST", f"{BASE}/global/snapshots", {"name": "none", "sourceDisk": "zones/europe-west1-b/disks/none"}, 404)
    call("POST", f"{BASE}/global/snapshots", {"name": "none"}, 400)
    call("DELETE", f"{BASE}/global/snapshots/s")
    assert call("GET", f"{ZONE}/disks/copy")["sizeGb"] == "20"


def test_a_copy_takes_the_right_to_use_what_is_copied_in_whatever_project(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "d", "sizeGb": "20"})
    call("POST", f"{BASE}/global/snapshots", {"name": "s", "sourceDisk": "zones/europe-west1-b/disks/d"})
    other = "projects/other-team"
    call.cloud.store.put(
        "cloudresourcemanager", other, {"projectId": "other-team", "projectNumber": "7", "state": "ACTIVE"}
    )
    for name in ("zones/europe-west1-b/disks/d", "global/snapshots/s", "global/images/i"):
        call.cloud.store.put(
            "compute", f"{other}/{name}", {"name": name[-1:], "id": "1", "sizeGb": "10", "diskSizeGb": "10"}
        )
    creates = ("compute.disks.create", "compute.snapshots.create", "compute.images.create")
    role = f"projects/{PROJECT}/roles/creates"
    call.cloud.store.put("iam", role, {"name": role, "includedPermissions": list(creates)})
    call.grant(role, "user:dev@example.com")
    call.grant("roles/compute.instanceAdmin.v1", "user:admin@example.com")
    dev, admin = call.as_("user:dev@example.com"), call.as_("user:admin@example.com")
    for path, field, name in (
        (f"{BASE}/global/snapshots", "sourceDisk", "zones/europe-west1-b/disks/d"),
        (f"{BASE}/global/images", "sourceDisk", "zones/europe-west1-b/disks/d"),
        (f"{BASE}/global/images", "sourceSnapshot", "global/snapshots/s"),
        (f"{ZONE}/disks", "sourceSnapshot", "global/snapshots/s"),
        (f"{ZONE}/disks", "sourceDisk", "zones/europe-west1-b/disks/d"),
        (f"{ZONE}/disks", "sourceImage", "global/images/i"),
    ):
        assert "compute." in dev.refused("POST", path, {"name": "mine", field: f"projects/{PROJECT}/{name}"}, 403)
        for one in (dev, admin):
            assert "compute." in one.refused("POST", path, {"name": "mine", field: f"{other}/{name}"}, 403)
    admin("POST", f"{ZONE}/disks", {"name": "mine", "sourceSnapshot": f"projects/{PROJECT}/global/snapshots/s"})
