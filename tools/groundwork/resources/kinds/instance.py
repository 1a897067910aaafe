"""Virtual machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.resources import compute, reporting
from groundwork.resources.item import Item, field_of
from groundwork.resources.kind import (
    NOT_LOOKED_INTO,
    Action,
    ConsolePage,
    FileSection,
    Kind,
    Pausing,
    Provisioning,
    Removal,
)
from groundwork.resources.needs import Assumed, Need, Planned, UnknownYet, assume, fixed

LOCAL_SSD_GIB = 375
_HOUR = Decimal(1)


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A virtual machine: the machine and its GPUs for the hours that it runs, its disks and address for the whole month."""
    region = compute.region_of(str(resource.get("zone")))
    limited = resource.block("scheduling").blocks("max_run_duration")
    running = assume(assumptions, resource, "workstation_hours" if limited else "vm_hours")
    spot = resource.block("scheduling").get("provisioning_model", "STANDARD") == "SPOT"
    prefix = "compute.spot-machine" if spot else "compute.machine"
    yield fixed("machine", f"{prefix}.{resource.get('machine_type')}", region, running.quantity, running.names)
    for gpu in resource.blocks("guest_accelerator"):
        hours = running.quantity * Decimal(str(gpu.get("count", 1)))
        yield fixed("GPU", f"compute.gpu.{compute.last(gpu.get('type'))}", region, hours, running.names)
    if not _has_disk_of_its_own(resource):
        yield _boot_disk(resource, region)
    scratch = len(resource.blocks("scratch_disk"))
    if scratch:
        yield fixed("local SSD", "compute.disk.local-ssd", region, Decimal(scratch * LOCAL_SSD_GIB))
    if any(card.blocks("access_config") for card in resource.blocks("network_interface")):
        yield fixed("external address", "network.address.used", region, running.quantity, running.names)


def _has_disk_of_its_own(resource: Planned) -> bool:
    """Whether it boots from a disk that is a resource itself, and is counted there: one that it does not take with it.

    A plan does not show more: the state has the parameters of every boot disk.
    """
    return resource.block("boot_disk").values.get("auto_delete") is False


def _boot_disk(resource: Planned, region: str) -> Need:
    disk = resource.block("boot_disk").block("initialize_params")
    size = disk.values.get("size")
    if not size:
        raise UnknownYet("boot_disk.initialize_params.size")
    key = f"compute.disk.{compute.last(disk.get('type', 'pd-standard'))}"
    return fixed("boot disk", key, region, Decimal(str(size)))


def hourly(item: Item) -> Iterator[Need]:
    """What an hour of a running machine costs beyond its disks, which cost the same while it rests."""
    region, body = compute.region_of(item.location), item.body
    spot = field_of(item, "scheduling/provisioningModel") == "SPOT"
    prefix = "compute.spot-machine" if spot else "compute.machine"
    yield fixed("machine", f"{prefix}.{compute.last(body.get('machineType'))}", region, _HOUR)
    for gpu in body.get("guestAccelerators", ()):
        number = Decimal(str(gpu.get("acceleratorCount", 1)))
        yield fixed("GPU", f"compute.gpu.{compute.last(gpu.get('acceleratorType'))}", region, number)
    if any(card.get("accessConfigs") for card in body.get("networkInterfaces", ())):
        yield fixed("external address", "network.address.used", region, _HOUR)


def doing(item: Item) -> str:
    """What runs where, and when it stops by itself."""
    metadata = {one.get("key"): one.get("value") for one in field_of(item, "metadata/items") or ()}
    ends = []
    if idle := metadata.get("idle-minutes"):
        ends.append(f"after {idle} minutes without use")
    limit = field_of(item, "scheduling/maxRunDuration/seconds")
    if end := field_of(item, "resourceStatus/scheduling/terminationTimestamp"):
        ends.append(f"at {datetime.fromisoformat(end).astimezone(UTC):%Y-%m-%d %H:%M} UTC at the latest")
    elif limit:
        ends.append(f"after {int(limit) / 3600:g} hours at the latest")
    when = f"stops by itself {' and '.join(ends)}" if ends else "does not stop by itself"
    return f"{compute.last(item.body.get('machineType'))} in {item.location}, {when}"


def acting(environment: Environment, name: str) -> tuple[tuple[str, str], ...]:
    """Acting as the identity of its programs, which anybody who logs in to it or starts it can do through them."""
    return ((f"identity/{environment.workstations[name].identity}", "act-as"),)


_ONE = "v1/projects/{project}/zones/{zone}/instances/{name}"
_ASK = f"{_ONE}/testIamPermissions"
ACTIONS = (
    Action("workstation.see", "compute.instances.get", "GET", "compute", _ONE),
    Action("workstation.log-in", "compute.instances.osLogin", "POST", "compute", _ASK, also=acting),
    Action("workstation.become-root", "compute.instances.osAdminLogin", "POST", "compute", _ASK, also=acting),
    Action("workstation.start", "compute.instances.start", "POST", "compute", _ASK, also=acting),
    Action("workstation.stop", "compute.instances.stop", "POST", "compute", _ASK),
    Action("workstation.delete", "compute.instances.delete", "POST", "compute", _ASK),
    Action("workstation.change-access", "compute.instances.setIamPolicy", "POST", "compute", _ASK),
)

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
            (
                "compute.instances.create",
                "compute.instances.delete",
                "compute.instances.setIamPolicy",
                "compute.instances.setLabels",
                "compute.instances.setMetadata",
                "compute.instances.start",
                "compute.instances.stop",
            ),
            uses=compute.is_used,
            section=("workstation", "name"),
        ),
    ),
    components={"workstations": "workstation"},
    listings=(compute.listing("instances"),),
    removal=Removal(after=("instance group", "Workbench instance")),
    pausing=Pausing(
        "/stop",
        "/start",
        runs=lambda item: item.body.get("status") == "RUNNING",
        rests=lambda item: item.body.get("status") == "TERMINATED",
        doing=doing,
        hourly=hourly,
    ),
    policy=compute.policy_access("instances", "zone", "instance_name"),
    inside=NOT_LOOKED_INTO,
    reported=(reporting.machine(0),),
    parts=(
        FileSection(
            "workstation",
            "workstations",
            7,
            lambda environment: {
                name: f"projects/{environment.project}/zones/{one.zone}/instances/{name}"
                for name, one in environment.workstations.items()
            },
            ACTIONS,
            page=ConsolePage("/compute/instancesDetail/zones/{zone}/instances/{name}?project={project}"),
        ),
    ),
)
