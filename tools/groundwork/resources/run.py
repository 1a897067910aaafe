"""What Cloud Run's kinds have in common: CPU and memory of their containers, what they contain, and what deploying requires."""

from __future__ import annotations

from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources.item import Contents, Item
from groundwork.resources.needs import Planned
from groundwork.text import counted

_UNITS = {"Ki": Decimal(1) / 1024**2, "Mi": Decimal(1) / 1024, "Gi": Decimal(1), "K": Decimal(1000) / 1024**3,
          "M": Decimal(1000**2) / 1024**3, "G": Decimal(1000**3) / 1024**3}  # fmt: skip


def limits(template: Planned) -> tuple[Decimal, Decimal]:
    """vCPU and GiB of a container; by default 1 vCPU and 512 MiB (docs: run/cpu, run/memory)."""
    said = template.block("containers").block("resources").get("limits", {})
    cpu, memory = str(said.get("cpu") or "1"), str(said.get("memory") or "512Mi")
    return (Decimal(cpu[:-1]) / 1000 if cpu.endswith("m") else Decimal(cpu)), gib(memory)


def gib(text: str) -> Decimal:
    """An amount of memory as Cloud Run writes it, such as 512Mi and 256M."""
    for unit, gib in _UNITS.items():
        if text.endswith(unit):
            return Decimal(text.removesuffix(unit)) * gib
    return Decimal(text) / 1024**3


def counted_in(cloud: GoogleCloud, item: Item, collection: str, word: str) -> Contents:
    """The number of items in a collection of a service or job."""
    number = len(list(cloud.pages("run", f"v2/{item.name}/{collection}", collection)))
    return Contents(item, counted(number, word) if number else "empty", bool(number))


def keeps_instances(item: Item) -> bool:
    """Whether a service keeps instances that wait for requests."""
    places = (item.body.get("scaling"), (item.body.get("template") or {}).get("scaling"))
    return any(int((place or {}).get("minInstanceCount") or 0) for place in places)


def deploying(environment: Environment, identity: str, name: str) -> tuple[tuple[str, str], ...]:
    """What else deploying to a service or job requires, besides changing it."""
    repositories = sorted({build.repository for build in environment.builds.values() if name in build.deploys})
    return ((f"identity/{identity}", "act-as"), *((f"repository/{one}", "pull") for one in repositories))
