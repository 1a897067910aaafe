"""A machine's settings one by one: attached disks, interfaces, scheduling, and changes that need it stopped."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

ZONE = f"/compute/v1/projects/{PROJECT}/zones/europe-west1-b"
VM = f"{ZONE}/instances/vm"
IMAGE = "projects/debian-cloud/global/images/family/debian-12"
NIC = "networkInterface=nic0"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "compute")
    machine(call, "vm", networkInterfaces=[{"network": "global/networks/default"}])
    return call


def machine(call: Sender, name: str, status: int = 200, **more: Any) -> Any:
    body = {
        "name": name,
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": IMAGE, "labels": {"a": "b"}}}],
        "networkInterfaces": [{}],
    }
    return call("POST", f"{ZONE}/instances", body | more, status)


def read(call: Sender, name: str = "vm") -> Any:
    return call("GET", f"{ZONE}/instances/{name}")


def stopped(call: Sender) -> None:
    call("POST", f"{VM}/stop")
    asyncio.run(call.cloud.jobs.settled())


def test_a_new_machine_has_every_field_that_clients_read(call: Sender) -> None:
    machine(call, "bare", serviceAccounts=[{"email": "default", "scopes": ["x"]}])
    created = read(call, "bare")
    assert created["metadata"]["fingerprint"]
    assert created["tags"]["fingerprint"]
    assert created["shieldedInstanceConfig"]["enableVtpm"] is True
    assert created["scheduling"]["provisioningModel"] == "STANDARD"
    assert created["serviceAccounts"][0]["email"].endswith("-compute@developer.gserviceaccount.com")
    interface = created["networkInterfaces"][0]
    assert interface["fingerprint"]
    assert interface["network"].endswith("/global/networks/default")
    assert interface["subnetwork"].endswith("/regions/europe-west1/subnetworks/default")
    disk = call("GET", f"{ZONE}/disks/bare")
    assert (disk["labels"], disk["architecture"]) == ({"a": "b"}, "X86_64")


def test_a_spot_machine_is_neither_moved_nor_started_again(call: Sender) -> None:
    machine(call, "spot", scheduling={"provisioningModel": "SPOT", "onHostMaintenance": "", "nodeAffinities": [None]})
    found = read(call, "spot")["scheduling"]
    assert (found["onHostMaintenance"], found["automaticRestart"], found["preemptible"]) == ("TERMINATE", False, True)
    call("POST", f"{ZONE}/instances/spot/setScheduling", {"onHostMaintenance": "MIGRATE", "automaticRestart": True})
    assert read(call, "spot")["scheduling"]["provisioningModel"] == "STANDARD"


def test_a_machine_with_a_gpu_is_not_moved_while_it_runs(call: Sender) -> None:
    gpu = {
        "guestAccelerators": [
            {"acceleratorType": "zones/europe-west1-b/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 1}
        ]
    }
    assert "live migration" in str(machine(call, "gpu", 400, **gpu))
    machine(call, "gpu", **gpu, scheduling={"onHostMaintenance": "TERMINATE"})


def test_disks_come_and_go(call: Sender) -> None:
    call("POST", f"{ZONE}/disks", {"name": "data", "sizeGb": "20"})
    call("POST", f"{VM}/attachDisk", {"source": "zones/europe-west1-b/disks/data", "deviceName": "data"})
    assert [one["deviceName"] for one in read(call)["disks"]] == ["persistent-disk-0", "data"]
    machine(call, "other")
    attached = {"source": "zones/europe-west1-b/disks/data"}
    assert "already being used" in call.refused("POST", f"{ZONE}/instances/other/attachDisk", attached)
    call("POST", f"{VM}/setDiskAutoDelete?deviceName=data&autoDelete=true")
    assert read(call)["disks"][1]["autoDelete"] is True
    call("POST", f"{VM}/detachDisk?deviceName=data")
    assert "users" not in call("GET", f"{ZONE}/disks/data")
    assert "No attached disk" in call.refused("POST", f"{VM}/detachDisk?deviceName=data")
    assert "stop it first" in call.refused("POST", f"{VM}/detachDisk?deviceName=persistent-disk-0")


def test_a_scratch_disk_exists_only_in_its_machine(call: Sender) -> None:
    boot = {"boot": True, "initializeParams": {"sourceImage": IMAGE}}
    machine(call, "fast", disks=[boot, {"type": "SCRATCH", "interface": "NVME", "initializeParams": {"diskType": "x"}}])
    scratch = read(call, "fast")["disks"][1]
    assert (scratch["deviceName"], scratch["diskSizeGb"], "source" in scratch) == ("local-ssd-1", "375", False)
    call("DELETE", f"{ZONE}/instances/fast")
    assert "users" not in call("GET", f"{ZONE}/disks/fast")


def test_the_way_in_from_outside_comes_and_goes(call: Sender) -> None:
    call("POST", f"{VM}/addAccessConfig?{NIC}", {"type": "ONE_TO_ONE_NAT", "networkTier": "STANDARD"})
    outside = read(call)["networkInterfaces"][0]["accessConfigs"][0]
    assert (outside["networkTier"], outside["natIP"][:10]) == ("STANDARD", "203.0.113.")
    assert "At most one" in call.refused("POST", f"{VM}/addAccessConfig?{NIC}", {})
    call("POST", f"{VM}/deleteAccessConfig?{NIC}&accessConfig=external-nat")
    assert "accessConfigs" not in read(call)["networkInterfaces"][0]
    call.refused("POST", f"{VM}/deleteAccessConfig?{NIC}&accessConfig=external-nat")
    call.refused("POST", f"{VM}/addAccessConfig?networkInterface=nic7", {})


def test_an_interface_moves_to_another_network_only_while_the_machine_does_not_run(call: Sender) -> None:
    mark = read(call)["networkInterfaces"][0]["fingerprint"]
    ranges = {"aliasIpRanges": [{"ipCidrRange": "/24"}]}
    call("PATCH", f"{VM}/updateNetworkInterface?{NIC}", ranges | {"fingerprint": mark})
    assert read(call)["networkInterfaces"][0]["aliasIpRanges"] == [{"ipCidrRange": "/24"}]
    call("PATCH", f"{VM}/updateNetworkInterface?{NIC}", ranges | {"fingerprint": mark}, 412)
    call("POST", f"/compute/v1/projects/{PROJECT}/global/networks", {"name": "other"})
    moved = {"network": "global/networks/other"}
    assert "stop it first" in call.refused("PATCH", f"{VM}/updateNetworkInterface?{NIC}", moved)
    stopped(call)
    call("PATCH", f"{VM}/updateNetworkInterface?{NIC}", moved)
    found = read(call)["networkInterfaces"][0]
    assert (found["network"].rpartition("/")[2], "subnetwork" in found) == ("other", False)


@pytest.mark.parametrize(
    ("method", "verb", "body", "field"),
    [
        ("POST", "setMinCpuPlatform", {"minCpuPlatform": "Intel Skylake"}, "minCpuPlatform"),
        ("PATCH", "updateDisplayDevice", {"enableDisplay": True}, "displayDevice"),
        ("PATCH", "updateShieldedInstanceConfig", {"enableSecureBoot": True}, "shieldedInstanceConfig"),
    ],
)
def test_settings_that_need_a_stopped_machine(call: Sender, method: str, verb: str, body: Any, field: str) -> None:
    assert "stop it first" in call.refused(method, f"{VM}/{verb}", body)
    stopped(call)
    call(method, f"{VM}/{verb}", body)
    found = read(call)[field]
    assert found == body.get(field) or found.items() >= body.items()


def test_a_machine_that_was_read_can_be_sent_back_whole(call: Sender) -> None:
    call("PUT", VM, read(call) | {"description": "another", "canIpForward": True})
    found = read(call)
    assert (found["description"], found["canIpForward"], found["status"]) == ("another", True, "RUNNING")
    assert found["disks"][0]["source"] == call("GET", f"{ZONE}/disks/vm")["selfLink"]
    old = found | {"description": "yet another"}
    call("POST", f"{VM}/setDeletionProtection")
    call("PUT", VM, old, 412)
