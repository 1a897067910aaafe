"""Machines that run: a limited run ends by itself, and what runs or lies on disks is metered."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender
from tests.localcloud.services.test_compute import ZONE, machine, turn

ELEVEN_HOURS, TWELVE_HOURS = 11, {"maxRunDuration": {"seconds": "43200"}, "instanceTerminationAction": "STOP"}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "compute", "logging")


def later(call: Sender, hours: float) -> None:
    call.later(hours=hours)
    with call.cloud.store.transaction():
        call.cloud.due.run()


def used(call: Sender) -> dict[str, float]:
    """Amounts in pricing units by SKU."""
    total: Counter[str] = Counter()
    for row in call.cloud.usage.rows("account"):
        if row["service"]["description"] == "Compute Engine":
            total[row["sku"]["id"]] += row["usage"]["amount_in_pricing_units"]
    return {name: round(amount, 3) for name, amount in total.items()}


def status(call: Sender) -> Any:
    return call("GET", f"{ZONE}/instances/vm")["status"]


def test_a_limited_run_ends_by_itself_and_begins_anew_at_the_next_start(call: Sender) -> None:
    begun = machine(call, scheduling=TWELVE_HOURS)
    assert begun["resourceStatus"]["scheduling"]["terminationTimestamp"] > begun["lastStartTimestamp"]
    later(call, ELEVEN_HOURS)
    assert status(call) == "RUNNING"
    later(call, 1)
    ended = call("GET", f"{ZONE}/instances/vm")
    assert (ended["status"], "resourceStatus" in ended) == ("TERMINATED", False)
    turn(call, "start")
    later(call, ELEVEN_HOURS)
    assert status(call) == "RUNNING"
    later(call, 2)
    assert status(call) == "TERMINATED"


def test_the_end_of_a_run_is_an_operation_and_an_event_of_the_systems_own(call: Sender) -> None:
    machine(call, scheduling=TWELVE_HOURS)
    later(call, 12)
    operations = {one["operationType"]: one for one in call("GET", f"{ZONE}/operations")["items"]}
    assert operations["compute.instances.deferredStop"]["user"] == "system"
    assert operations["compute.instances.deferredStop"]["status"] == "DONE"
    asyncio.run(call.cloud.jobs.settled())
    log = f'logName="projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fsystem_event"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": log}
    (entry,) = call("POST", "/logging/v2/entries:list", body)["entries"]
    assert entry["protoPayload"]["methodName"] == "compute.instances.deferredStop"


def test_a_machine_that_was_stopped_before_is_not_stopped_again(call: Sender) -> None:
    machine(call, scheduling=TWELVE_HOURS)
    turn(call, "stop")
    later(call, 6)
    turn(call, "start")
    later(call, 7)
    assert status(call) == "RUNNING"


def test_a_run_may_end_with_the_machine_and_its_disk(call: Sender) -> None:
    machine(call, scheduling={**TWELVE_HOURS, "instanceTerminationAction": "DELETE"})
    later(call, 12)
    call("GET", f"{ZONE}/instances/vm", status=404)
    call("GET", f"{ZONE}/disks/vm", status=404)


@pytest.mark.parametrize(
    ("scheduling", "sentence"),
    [
        ({"maxRunDuration": {"seconds": "29"}}, "Must be between 30 seconds and 120 days."),
        ({"maxRunDuration": {"seconds": "10368001"}}, "Must be between 30 seconds and 120 days."),
        ({**TWELVE_HOURS, "terminationTime": "2030-01-01T00:00:00Z"}, "Only one of maxRunDuration and terminationTime"),
    ],
)
def test_an_impossible_limit_is_refused(call: Sender, scheduling: dict[str, Any], sentence: str) -> None:
    body = {
        "name": "vm",
        "machineType": "zones/europe-west1-b/machineTypes/e2-medium",
        "disks": [{"boot": True, "initializeParams": {}}],
        "networkInterfaces": [{"network": "global/networks/default"}],
        "scheduling": scheduling,
    }
    assert sentence in call.refused("POST", f"{ZONE}/instances", body)


def test_a_running_machine_is_metered_and_a_stopped_one_costs_its_disk(call: Sender) -> None:
    gpu = [{"acceleratorType": "zones/europe-west1-b/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 2}]
    scheduling = {**TWELVE_HOURS, "onHostMaintenance": "TERMINATE"}
    machine(call, scheduling=scheduling, guestAccelerators=gpu)
    later(call, 36)
    found = used(call)
    disk = found.pop("compute.disk.pd-standard")
    assert found == {
        "compute.machine.e2-medium": 12.0,
        "compute.gpu.nvidia-tesla-t4": 24.0,
        "network.address.used": 12.0,
    }
    assert 0.9 < disk / (20 * 36 / 730) <= 1.0
    call("DELETE", f"{ZONE}/instances/vm")
    later(call, 24)
    assert used(call)["compute.disk.pd-standard"] == disk


def test_a_machine_is_metered_until_it_is_deleted(call: Sender) -> None:
    machine(call, scheduling={"provisioningModel": "SPOT"})
    later(call, 0.5)
    call("DELETE", f"{ZONE}/instances/vm")
    later(call, 5)
    assert used(call)["compute.spot-machine.e2-medium"] == 0.5
