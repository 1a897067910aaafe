"""What machines use: virtual machines, disks, addresses, Cloud Run, builds, scheduled jobs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.cost.amounts import HOURS_A_MONTH
from groundwork.cost.assumptions import Assumptions
from groundwork.cost.needs import Amount, Need, assume, fixed, usage
from groundwork.cost.plan import Resource, UnknownYet

SECONDS_A_MONTH = HOURS_A_MONTH * 3600
LOCAL_SSD_GIB = 375
_MEMORY_UNITS = {"Ki": Decimal(1) / 1024**2, "Mi": Decimal(1) / 1024, "Gi": Decimal(1), "K": Decimal(1000) / 1024**3,
                 "M": Decimal(1000**2) / 1024**3, "G": Decimal(1000**3) / 1024**3}  # fmt: skip


def instance(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A virtual machine: the machine and its GPUs for the hours that it runs, its disks and address for the whole month."""
    region = _region_of(str(resource.get("zone")))
    running = assume(assumptions, resource, "vm_hours")
    spot = resource.block("scheduling").get("provisioning_model", "STANDARD") == "SPOT"
    prefix = "compute.spot-machine" if spot else "compute.machine"
    yield fixed("machine", f"{prefix}.{resource.get('machine_type')}", region, running.quantity, running.names)
    for gpu in resource.blocks("guest_accelerator"):
        hours = running.quantity * Decimal(str(gpu.get("count", 1)))
        yield fixed("GPU", f"compute.gpu.{_last(gpu.get('type'))}", region, hours, running.names)
    yield _boot_disk(resource, region)
    scratch = len(resource.blocks("scratch_disk"))
    if scratch:
        yield fixed("local SSD", "compute.disk.local-ssd", region, Decimal(scratch * LOCAL_SSD_GIB))
    if any(card.blocks("access_config") for card in resource.blocks("network_interface")):
        yield fixed("external address", "network.address.used", region, running.quantity, running.names)


def _boot_disk(resource: Resource, region: str) -> Need:
    disk = resource.block("boot_disk").block("initialize_params")
    size = disk.values.get("size")
    if not size:
        raise UnknownYet("boot_disk.initialize_params.size")
    return fixed("boot disk", f"compute.disk.{_last(disk.get('type', 'pd-standard'))}", region, Decimal(str(size)))


def disk(resource: Resource, _: Assumptions) -> Iterator[Need]:
    """A persistent disk, attached or not."""
    region = _region_of(str(resource.get("zone")))
    yield fixed(
        "disk", f"compute.disk.{_last(resource.get('type', 'pd-standard'))}", region, Decimal(str(resource.get("size")))
    )


def address(resource: Resource, _: Assumptions) -> Iterator[Need]:
    """A reserved external address, taken to be in use; an idle one costs twice as much."""
    if resource.get("address_type", "EXTERNAL") == "EXTERNAL":
        yield fixed("address", "network.address.used", str(resource.get("region")), HOURS_A_MONTH)


def nat(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A NAT gateway at its highest hourly price, and the data through it."""
    region = str(resource.get("region"))
    yield fixed("gateway", "network.nat.gateway", region, HOURS_A_MONTH)
    yield usage("data", "network.nat.data", region, assume(assumptions, resource, "nat_gib"))


def run_service(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A Cloud Run service: busy seconds and requests by use, waiting minimum instances fixed."""
    region, template = str(resource.get("location")), resource.block("template")
    cpu, memory = _limits(template)
    busy = assume(assumptions, resource, "run_requests", "run_request_seconds")
    always = template.block("containers").block("resources").get("cpu_idle", True) is False
    billing = "instance" if always else "request"
    yield usage("busy CPU", f"run.{billing}.cpu", region, busy.times(cpu))
    yield usage("busy memory", f"run.{billing}.memory", region, busy.times(memory))
    if not always:
        yield usage("requests", "run.requests", region, assume(assumptions, resource, "run_requests"))
    waiting = Decimal(str(template.block("scaling").get("min_instance_count", 0))) * SECONDS_A_MONTH
    if waiting:
        idle = "instance" if always else "idle"
        yield fixed("minimum instances, CPU", f"run.{idle}.cpu", region, waiting * cpu)
        yield fixed("minimum instances, memory", f"run.{idle}.memory", region, waiting * memory)


def run_job(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A Cloud Run job: billed as instances, for the minutes that it runs."""
    region, template = str(resource.get("location")), resource.block("template")
    cpu, memory = _limits(template.block("template"))
    seconds = assume(assumptions, resource, "job_runs", "job_minutes").times(60)
    yield usage("CPU", "run.instance.cpu", region, seconds.times(cpu))
    yield usage("memory", "run.instance.memory", region, seconds.times(memory))


def _limits(template: Resource) -> tuple[Decimal, Decimal]:
    """vCPU and GiB of a Cloud Run container; 1 vCPU and 512 MiB where the configuration does not say (docs: run/cpu, run/memory)."""
    limits = template.block("containers").block("resources").get("limits", {})
    cpu, memory = str(limits.get("cpu") or "1"), str(limits.get("memory") or "512Mi")
    return (Decimal(cpu[:-1]) / 1000 if cpu.endswith("m") else Decimal(cpu)), _gib(memory)


def _gib(text: str) -> Decimal:
    for unit, gib in _MEMORY_UNITS.items():
        if text.endswith(unit):
            return Decimal(text.removesuffix(unit)) * gib
    return Decimal(text) / 1024**3


def build_trigger(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A build trigger: minutes on the machine that the configuration names, else on the default pool's."""
    options = resource.block("build").block("options")
    machine = str(options.get("machine_type", "e2-standard-2")).lower().replace("_", "-")
    machine = "e2-standard-2" if machine == "unspecified" else machine
    yield usage("build minutes", f"build.minute.{machine}", "global", assume(assumptions, resource, "build_minutes"))


def scheduled_job(resource: Resource, _: Assumptions) -> Iterator[Need]:
    """A Cloud Scheduler job, paused or not."""
    yield fixed("job", "scheduler.job", str(resource.get("region", "global")), Amount(Decimal(1), ()).quantity)


def _region_of(zone: str) -> str:
    return _last(zone).rsplit("-", 1)[0]


def _last(path: object) -> str:
    return str(path).rsplit("/", 1)[-1]
