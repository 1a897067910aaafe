"""What kinds of Cloud Run have in common: the CPU and memory of their containers."""

from __future__ import annotations

from decimal import Decimal

from groundwork.resources.needs import Planned

_UNITS = {"Ki": Decimal(1) / 1024**2, "Mi": Decimal(1) / 1024, "Gi": Decimal(1), "K": Decimal(1000) / 1024**3,
          "M": Decimal(1000**2) / 1024**3, "G": Decimal(1000**3) / 1024**3}  # fmt: skip


def limits(template: Planned) -> tuple[Decimal, Decimal]:
    """vCPU and GiB of a container; 1 vCPU and 512 MiB where the configuration does not say (docs: run/cpu, run/memory)."""
    said = template.block("containers").block("resources").get("limits", {})
    cpu, memory = str(said.get("cpu") or "1"), str(said.get("memory") or "512Mi")
    return (Decimal(cpu[:-1]) / 1000 if cpu.endswith("m") else Decimal(cpu)), _gib(memory)


def _gib(text: str) -> Decimal:
    for unit, gib in _UNITS.items():
        if text.endswith(unit):
            return Decimal(text.removesuffix(unit)) * gib
    return Decimal(text) / 1024**3
