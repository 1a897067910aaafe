"""The machine types and GPUs of training and serving.

Source: https://cloud.google.com/vertex-ai/docs/training/configure-compute (November 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.engine.service import Body
from localcloud.errors import invalid

_GIB = 2**30
_FAMILIES = {  # GiB of memory per vCPU, and the sizes in vCPUs
    "e2-standard": (4, (4, 8, 16, 32)),
    "e2-highmem": (8, (2, 4, 8, 16)),
    "e2-highcpu": (1, (16, 32)),
    "n1-standard": (3.75, (2, 4, 8, 16, 32, 64, 96)),
    "n1-highmem": (6.5, (2, 4, 8, 16, 32, 64, 96)),
    "n1-highcpu": (0.9, (2, 4, 8, 16, 32, 64, 96)),
    "n2-standard": (4, (4, 8, 16, 32, 48, 64, 80)),
    "n2-highmem": (8, (2, 4, 8, 16, 32, 48, 64, 80)),
    "n2-highcpu": (1, (16, 32, 48, 64, 80)),
    "c2-standard": (4, (4, 8, 16, 30, 60)),
    "c3-highcpu": (2, (4, 8, 22, 44, 88, 176)),
    "m1-ultramem": (24, (40, 80, 160)),
    "m1-megamem": (14.9, (96,)),
    "g2-standard": (4, (4, 8, 12, 16, 24, 32, 48, 96)),
}
_WITH_GPUS = {  # vCPUs and GiB per GPU, the GPU, and the numbers of GPUs per machine
    "a2-highgpu": (12, 85, "NVIDIA_TESLA_A100", (1, 2, 4, 8)),
    "a2-ultragpu": (12, 170, "NVIDIA_A100_80GB", (1, 2, 4, 8)),
    "a2-megagpu": (6, 85, "NVIDIA_TESLA_A100", (16,)),
    "a3-highgpu": (26, 234, "NVIDIA_H100_80GB", (1, 2, 4, 8)),
    "a3-megagpu": (26, 234, "NVIDIA_H100_MEGA_80GB", (8,)),
    "a3-ultragpu": (28, 369, "NVIDIA_H200_141GB", (8,)),
}
_L4S = {4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8}
_ATTACHED = frozenset(
    {"NVIDIA_TESLA_T4", "NVIDIA_TESLA_V100", "NVIDIA_TESLA_P100", "NVIDIA_TESLA_P4", "NVIDIA_TESLA_K80"}
)
"""GPUs that can be attached to N1 machines."""
NONE = "ACCELERATOR_TYPE_UNSPECIFIED"
# The numbers in google/cloud/aiplatform/v1/accelerator_type.proto, which differ from the discovery document's order.
NUMBERS = {
    0: NONE, 1: "NVIDIA_TESLA_K80", 2: "NVIDIA_TESLA_P100", 3: "NVIDIA_TESLA_V100", 4: "NVIDIA_TESLA_P4", 5: "NVIDIA_TESLA_T4",
    6: "TPU_V2", 7: "TPU_V3", 8: "NVIDIA_TESLA_A100", 9: "NVIDIA_A100_80GB", 10: "TPU_V4_POD", 11: "NVIDIA_L4", 12: "TPU_V5_LITEPOD",
    13: "NVIDIA_H100_80GB", 14: "NVIDIA_H100_MEGA_80GB", 15: "NVIDIA_H200_141GB", 16: "NVIDIA_B200", 17: "NVIDIA_GB200",
    18: "NVIDIA_RTX_PRO_6000",
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """A machine: its type, vCPUs, memory in bytes, and GPUs."""

    name: str
    cpus: int
    memory: int
    gpu: str = ""
    gpus: int = 0

    @property
    def family(self) -> str:
        """The machine family, which determines the price: "n1", "a2"."""
        return self.name.partition("-")[0]


def of(spec: Body, where: str) -> Machine:
    """The machine for a machineSpec; 400 if there is no such machine."""
    name = spec.get("machineType", "")
    if not name:
        raise invalid(f"{where}.machine_type is required.", f"{where}.machine_type")
    cpus, memory, own, most = _found(name)
    if not cpus:
        raise invalid(f'Machine type "{name}" is not supported.', f"{where}.machine_type")
    gpu, count = spec.get("acceleratorType", NONE), spec.get("acceleratorCount", 0)
    gpu = "" if gpu == NONE else gpu
    if bool(gpu) != bool(count):
        raise invalid(
            f"{where}: accelerator_type and accelerator_count must be set together.",
            f"{where}.accelerator_count",
        )
    allowed = (gpu == own and count == most) if own else (not gpu or (gpu in _ATTACHED and name.startswith("n1-")))
    if not allowed and not (own and not gpu):
        raise invalid(
            f'Accelerator "{gpu}" with count {count} is not supported for machine type "{name}".',
            f"{where}.accelerator_type",
        )
    return Machine(name, cpus, int(memory * _GIB), own or gpu, most or count)


def _found(name: str) -> tuple[int, float, str, int]:
    """vCPUs, GiB, GPU and number of GPUs of a machine type; zeros for an unknown type."""
    family, _, size = name.rpartition("-")
    if family in _WITH_GPUS and (match := re.fullmatch(r"(\d{1,2})g", size)):
        cpus, memory, gpu, counts = _WITH_GPUS[family]
        count = int(match[1])
        return (cpus * count, memory * count, gpu, count) if count in counts else (0, 0, "", 0)
    each, sizes = _FAMILIES.get(family, (0, ()))
    cpus = int(size) if size.isdecimal() and len(size) < 4 else 0
    if cpus not in sizes:
        return 0, 0, "", 0
    return (cpus, each * cpus, "NVIDIA_L4", _L4S[cpus]) if family == "g2-standard" else (cpus, each * cpus, "", 0)


def types() -> list[str]:
    sized = [f"{family}-{size}" for family, (_, sizes) in _FAMILIES.items() for size in sizes]
    return [*sized, *(f"{family}-{count}g" for family, (*_, counts) in _WITH_GPUS.items() for count in counts)]


def gpus() -> list[str]:
    return sorted({*_ATTACHED, "NVIDIA_L4", *(gpu for _, _, gpu, _ in _WITH_GPUS.values())})
