"""How the hand-in report lists the resources of a kind: in which section, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from groundwork.resources.item import Item, field_of

ReportSection = Literal["machines", "training", "deployed", "monitoring"]


@dataclass(frozen=True)
class ReportEntry:
    """A section of the report that lists a kind, the kind's rank in it, and what it says of a resource: a row for each text."""

    section: ReportSection
    rank: int
    details: Callable[[Item], Iterable[str]]


def training(rank: int) -> ReportEntry:
    """The entry of a kind of job: its state."""
    return ReportEntry("training", rank, _state)


def _state(item: Item) -> Iterator[str]:
    yield str(item.body.get("state") or "not said").removeprefix("JOB_STATE_").lower()


def monitoring(rank: int) -> ReportEntry:
    """The entry of a kind that watches or notifies: whether it does."""
    return ReportEntry("monitoring", rank, lambda item: ["off" if item.body.get("enabled") is False else "on"])


def machine(rank: int) -> ReportEntry:
    """The entry of a kind of machine: its machine type."""
    return ReportEntry("machines", rank, _machine_type)


def _machine_type(item: Item) -> Iterator[str]:
    said = item.body.get("machineType") or field_of(item, "gceSetup/machineType")
    yield str(said or "").rpartition("/")[2] or "not said"


def worker_pools(item: Item) -> Iterator[str]:
    """The machines of a Vertex AI job: "2 of n1-standard-4 with 1 NVIDIA_TESLA_T4"."""
    for pool in field_of(item, "jobSpec/workerPoolSpecs") or ():
        spec = pool.get("machineSpec", {})
        gpu = f" with {spec.get('acceleratorCount', 1)} {spec['acceleratorType']}" if "acceleratorType" in spec else ""
        yield f"{pool.get('replicaCount', '1')} of {spec.get('machineType', 'unknown')}{gpu}"


def container_sizes(item: Item) -> Iterator[str]:
    """The CPU and memory of each container of a service."""
    for container in field_of(item, "template/containers") or ():
        limits: Mapping[str, Any] = (container.get("resources") or {}).get("limits") or {}
        yield ", ".join(f"{name} {value}" for name, value in sorted(limits.items())) or "the default size"


def called_by_curl(item: Item) -> Iterator[str]:
    """The command that calls a service or function, as the caller unless it is public."""
    uri = item.body.get("uri") or field_of(item, "serviceConfig/uri")
    if not uri:
        yield "no address yet"
    elif item.body.get("invokerIamDisabled"):
        yield f"curl {uri}"
    else:
        yield f'echo "Authorization: Bearer $(gcloud auth print-identity-token)" | curl --header @- {uri}'
