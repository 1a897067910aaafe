"""Virtual machines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.resources import compute
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, Kind, Provisioning, Removal, Without
from groundwork.resources.needs import Assumed, Need, Planned, UnknownYet, assume, fixed

LOCAL_SSD_GIB = 375


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A virtual machine: the machine and its GPUs for the hours that it runs, its disks and address for the whole month."""
    region = compute.region_of(str(resource.get("zone")))
    running = assume(assumptions, resource, "vm_hours")
    spot = resource.block("scheduling").get("provisioning_model", "STANDARD") == "SPOT"
    prefix = "compute.spot-machine" if spot else "compute.machine"
    yield fixed("machine", f"{prefix}.{resource.get('machine_type')}", region, running.quantity, running.names)
    for gpu in resource.blocks("guest_accelerator"):
        hours = running.quantity * Decimal(str(gpu.get("count", 1)))
        yield fixed("GPU", f"compute.gpu.{compute.last(gpu.get('type'))}", region, hours, running.names)
    yield _boot_disk(resource, region)
    scratch = len(resource.blocks("scratch_disk"))
    if scratch:
        yield fixed("local SSD", "compute.disk.local-ssd", region, Decimal(scratch * LOCAL_SSD_GIB))
    if any(card.blocks("access_config") for card in resource.blocks("network_interface")):
        yield fixed("external address", "network.address.used", region, running.quantity, running.names)


def _boot_disk(resource: Planned, region: str) -> Need:
    disk = resource.block("boot_disk").block("initialize_params")
    size = disk.values.get("size")
    if not size:
        raise UnknownYet("boot_disk.initialize_params.size")
    key = f"compute.disk.{compute.last(disk.get('type', 'pd-standard'))}"
    return fixed("boot disk", key, region, Decimal(str(size)))


KIND = Kind(
    name="instance",
    why="a machine by the second, its disks also while it is stopped",
    maker="`gcloud compute instances create`",
    terraform=(
        Provisioning(
            "google_compute_instance",
            "instance",
            "projects/{project}/zones/{zone}/instances/{name}",
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(compute.listing("instances"),),
    removal=Removal(after=("instance group", "Workbench instance")),
    policy=compute.policy_access("instances", "zone"),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
