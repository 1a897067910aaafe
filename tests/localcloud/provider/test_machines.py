"""google_compute_instance: changes that replace the machine, that need it stopped, or that are no change at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.provider.conftest import World
from tests.localcloud.provider.core import Core, Object, Refusal

MACHINE = "google_compute_instance"
VM = "v1/projects/{project}/zones/europe-west1-b/instances/vm"


def arguments(**more: Any) -> Any:
    boot = {"initialize_params": [{"image": "debian-cloud/debian-12"}]}
    common = {"name": "vm", "zone": "europe-west1-b", "machine_type": "e2-medium", "boot_disk": [boot]}
    return {**common, "network_interface": [{"network": "default"}], **more}


@pytest.fixture
def machine(world: World) -> Object:
    """A machine as it is after its first refresh."""
    found = world.core.read(MACHINE, world.core.created(MACHINE, **arguments()))
    assert found
    return found


def test_a_machine_is_created_with_fields_that_the_api_represents_differently(world: World) -> None:
    outside = [{"network": "default", "access_config": [{}]}]
    account = [{"scopes": ["storage-ro"]}]
    script = "#!/bin/sh"
    state = world.core.created(
        MACHINE, **arguments(network_interface=outside, service_account=account, metadata_startup_script=script)
    )
    assert state["network_interface"][0]["access_config"][0]["nat_ip"].startswith("203.0.113.")
    assert state["network_interface"][0]["subnetwork_project"] == world.project.cloud.project
    assert state["service_account"][0]["scopes"] == ["https://www.googleapis.com/auth/devstorage.read_only"]
    assert (state["metadata_startup_script"], state["metadata"] or {}) == (script, {})
    assert world.ask("GET", "compute", VM)["metadata"]["items"] == [{"key": "startup-script", "value": script}]
    assert "debian-12" in state["boot_disk"][0]["initialize_params"][0]["image"]


def test_a_change_that_needs_a_stopped_machine_needs_consent(world: World, machine: Object) -> None:
    with pytest.raises(Refusal, match="allow_stopping_for_update = true") as error:
        world.core.changed(MACHINE, machine, **arguments(machine_type="e2-small"))
    assert error.value.state
    assert error.value.state["machine_type"] == "e2-medium"
    state = world.core.changed(MACHINE, machine, **arguments(machine_type="e2-small", allow_stopping_for_update=True))
    assert (state["machine_type"], state["current_status"]) == ("e2-small", "RUNNING")


def test_a_machine_that_is_gone_is_not_changed(world: World, machine: Object) -> None:
    planned = world.core.plan(MACHINE, machine, **arguments(description="Serves."))
    world.ask("DELETE", "compute", VM)
    with pytest.raises(Refusal, match="vm is gone"):
        world.core.apply(planned)


def test_a_machine_is_turned_off_and_on(world: World) -> None:
    state = world.core.created(MACHINE, **arguments(desired_status="TERMINATED"))
    assert (state["current_status"], state["desired_status"]) == ("TERMINATED", "TERMINATED")
    state = world.core.changed(MACHINE, state, **arguments(desired_status="RUNNING", machine_type="e2-small"))
    assert (state["current_status"], state["machine_type"]) == ("RUNNING", "e2-small")
    for status in ("SUSPENDED", "RUNNING"):
        state = world.core.changed(MACHINE, state, **arguments(desired_status=status, machine_type="e2-small"))
        assert state["current_status"] == status


def test_a_protected_machine_is_not_destroyed(world: World, machine: Object) -> None:
    state = world.core.changed(MACHINE, machine, **arguments(deletion_protection=True))
    with pytest.raises(Refusal, match="deletion_protection is true"):
        world.core.destroyed(MACHINE, state)
    world.core.destroyed(MACHINE, world.core.changed(MACHINE, state, **arguments()))


def test_disks_are_attached_and_detached(world: World, machine: Object) -> None:
    world.core.created("google_compute_disk", name="data", zone="europe-west1-b", size=20)
    state = world.core.changed(MACHINE, machine, **arguments(attached_disk=[{"source": "data", "device_name": "data"}]))
    assert state["attached_disk"][0]["source"].endswith("/disks/data")
    state = world.core.changed(MACHINE, state, **arguments())
    assert state["attached_disk"] == []


@pytest.mark.parametrize(
    ("before", "after", "another"),
    [
        ({"metadata_startup_script": "a"}, {"metadata_startup_script": "b"}, True),
        ({"metadata": {"startup-script": "a"}}, {"metadata_startup_script": "a", "metadata": {}}, False),
        ({"metadata_startup_script": "a"}, {"metadata": {"startup-script": "a"}}, False),
        ({"metadata_startup_script": "a"}, {"metadata": {"startup-script": "b"}}, True),
    ],
)
def test_another_startup_script_replaces_the_machine_but_the_same_one_in_metadata_does_not(
    world: World, before: Any, after: Any, another: bool
) -> None:
    state = world.core.created(MACHINE, **arguments(**before))
    assert bool(world.core.plan(MACHINE, state, **arguments(**after)).replaced) is another


def test_a_changed_address_alone_replaces_the_machine(world: World, machine: Object) -> None:
    moved = arguments(network_interface=[{"network": "default", "network_ip": "10.128.0.77"}])
    assert "network_interface.0.network_ip" in world.core.plan(MACHINE, machine, **moved).replaced
    other = arguments(network_interface=[{"network": "other", "network_ip": "10.128.0.77"}])
    assert world.core.plan(MACHINE, machine, **other).replaced == []


def test_a_schedule_is_unchanged_between_its_link_and_its_path(world: World) -> None:
    policies = [f"projects/{world.project.cloud.project}/regions/europe-west1/resourcePolicies/nightly"]
    state = world.core.read(MACHINE, world.core.created(MACHINE, **arguments(resource_policies=policies)))
    assert state
    assert state["resource_policies"][0].startswith("http")
    assert world.core.plan(MACHINE, state, **arguments(resource_policies=policies)).values == state
    assert world.core.changed(MACHINE, state, **arguments())["resource_policies"] == []


def test_zero_accelerators_count_as_none(world: World, machine: Object) -> None:
    planned = world.core.plan(
        MACHINE, machine, **arguments(guest_accelerator=[{"type": "nvidia-tesla-t4", "count": 0}])
    )
    assert (planned.values, planned.replaced) == (machine, [])


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"network_interface": [{}]}, "names no network"),
        ({"metadata": {"startup-script": "a"}, "metadata_startup_script": "b"}, "two startup scripts"),
    ],
)
def test_an_impossible_machine_is_refused_before_any_call(world: World, more: Any, match: str) -> None:
    with pytest.raises(Refusal, match=match):
        world.core.created(MACHINE, **arguments(**more))


def test_a_machine_in_no_zone_is_refused(offline: Core) -> None:
    with pytest.raises(Refusal, match="has no zone"):
        offline.plan(MACHINE, **arguments(zone=None))
