"""The price of a job: its machines for the longest time it may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from groundwork.cost.amounts import ZERO, as_money
from groundwork.cost.catalogue import Catalogue
from groundwork.cost.catalogue import read as price_catalogue
from groundwork.resources.needs import HOURS_A_MONTH, Planned
from groundwork.resources.run import limits
from groundwork.text import counted, listed
from groundwork.workloads.project import duration

_DISK_GB, _DISK = 100, "pd-ssd"
"""The disk of a job that names none (Vertex AI's API description, DiskSpec)."""
_FEE = Decimal("1.15")
_WITH_FEE = ("n1-", "e2-", "nvidia-tesla-t4")
"""Machines for which Vertex AI charges Compute Engine's price plus 15 %. Source: https://cloud.google.com/vertex-ai/pricing#custom-trained_models."""
_BUILT_IN = ("a2-", "a3-", "g2-")
"""Machines whose price includes their GPUs."""


@dataclass(frozen=True)
class Rate:
    """US dollars per hour; `unknown` names parts without a known price, so that the true rate is higher."""

    hourly: Decimal
    machines: str
    unknown: tuple[str, ...] = ()

    def at_most(self, seconds: int) -> str:
        """The maximum cost as a sentence: the rate, the time limit and their product."""
        if self.unknown:
            missing = listed(self.unknown)
            return f"at most {duration(seconds)} on {self.machines}; its cost is unknown, because there is no price for {missing}"
        return (
            f"at most {as_money(self.cost(seconds))}: {as_money(self.hourly)} an hour for {self.machines}, stopped after "
            f"{duration(seconds)} at the latest"
        )

    def cost(self, seconds: int) -> Decimal:
        """US dollars for some seconds, as far as prices are known."""
        return self.hourly * seconds / 3600


def of_training(spec: Mapping[str, Any], region: str) -> Rate:
    """The rate of a Vertex AI custom job with all its workers, including disks."""
    prices, hourly, words, unknown = price_catalogue(), ZERO, [], []
    for pool in spec.get("workerPoolSpecs", ()):
        count = int(pool.get("replicaCount") or 1)
        machine = pool.get("machineSpec") or {}
        for key, number in _needs(machine, pool.get("diskSpec") or {}):
            price = _price(prices, key, region)
            if price is None:
                unknown.append(key)
            else:
                hourly += price * number * count
        words.append(_words(machine, count))
    return Rate(hourly, " and ".join(words), tuple(dict.fromkeys(unknown)))


def of_run_job(job: Mapping[str, Any], region: str) -> tuple[Rate, int]:
    """The rate of a Cloud Run job with all tasks running at once, and its maximum seconds: attempts times timeout, for each task."""
    template = dict(job.get("template") or {})
    task: dict[str, Any] = dict(template.get("template") or {})
    containers = [{**one, "resources": [one.get("resources") or {}]} for one in task.get("containers", [{}])]
    prices, cpu, memory = price_catalogue(), ZERO, ZERO
    for one in containers:
        found = limits(Planned("", "", {"containers": [one]}, {}))
        cpu, memory = cpu + found[0], memory + found[1]
    tasks = int(template.get("taskCount") or 1)
    words = f"{counted(tasks, 'task')} with {cpu.normalize():f} vCPU and {memory.normalize():f} GiB"
    each = [prices.find(f"run.instance.{part}", region) for part in ("cpu", "memory")]
    seconds = int(float(str(task.get("timeout") or "600s").rstrip("s")))
    longest = seconds * (int(task.get("maxRetries", 3)) + 1)
    if None in each:
        return Rate(ZERO, words, (f"Cloud Run in {region}",)), longest
    both = zip(each, (cpu, memory), strict=True)
    return Rate(tasks * sum((price.cost(amount * 3600) for price, amount in both if price), ZERO), words), longest


def _needs(machine: Mapping[str, Any], disk: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Catalogue keys and the quantity of each that one worker uses per hour."""
    kind = str(machine.get("machineType", ""))
    gpu = str(machine.get("acceleratorType", "")).lower().replace("_", "-")
    needs = [(kind, Decimal(1))]
    if gpu and not kind.startswith(_BUILT_IN):
        needs.append((gpu, Decimal(str(machine.get("acceleratorCount") or 1))))
    size = Decimal(str(disk.get("bootDiskSizeGb") or _DISK_GB))
    needs.append((f"disk {disk.get('bootDiskType') or _DISK}", size / HOURS_A_MONTH))
    return needs


def _price(prices: Catalogue, key: str, region: str) -> Decimal | None:
    """US dollars per hour: Vertex AI's own price, else Compute Engine's plus Vertex AI's fee, where that is known."""
    if key.startswith("disk "):
        disk = prices.find(f"compute.disk.{key.removeprefix('disk ')}", region)
        return disk.price / disk.per if disk else None
    own = prices.find(f"vertex.training.{key}", region)
    if own:
        return own.price / own.per
    bare = prices.find(f"compute.machine.{key}", region) or prices.find(f"compute.gpu.{key}", region)
    return bare.price / bare.per * _FEE if bare and key.startswith(_WITH_FEE) else None


def _words(machine: Mapping[str, Any], count: int) -> str:
    gpu = machine.get("acceleratorType")
    with_gpu = f" with {machine.get('acceleratorCount') or 1} {gpu}" if gpu else ""
    return f"{count} {machine.get('machineType', 'machine of no type')}{with_gpu}"
