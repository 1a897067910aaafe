"""The GPUs of Vertex AI and the machine types that have them, so that a typo is reported before a quota is checked.

Source: https://cloud.google.com/vertex-ai/docs/training/configure-compute (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.text import allowed, listed

# The machine families that have each GPU; () where that is not known.
_MACHINES: Mapping[str, tuple[str, ...]] = {
    "NVIDIA_TESLA_K80": ("n1",),
    "NVIDIA_TESLA_P100": ("n1",),
    "NVIDIA_TESLA_V100": ("n1",),
    "NVIDIA_TESLA_P4": ("n1",),
    "NVIDIA_TESLA_T4": ("n1",),
    "NVIDIA_TESLA_A100": ("a2-highgpu", "a2-megagpu"),
    "NVIDIA_A100_80GB": ("a2-ultragpu",),
    "NVIDIA_L4": ("g2-standard",),
    "NVIDIA_H100_80GB": ("a3-highgpu",),
    "NVIDIA_H100_MEGA_80GB": ("a3-megagpu",),
    "NVIDIA_H200_141GB": ("a3-ultragpu",),
    "NVIDIA_B200": (),
    "NVIDIA_GB200": (),
    "NVIDIA_RTX_PRO_6000": (),
    "TPU_V2": (),
    "TPU_V3": (),
    "TPU_V4_POD": (),
    "TPU_V5_LITEPOD": (),
}
NONE = "ACCELERATOR_TYPE_UNSPECIFIED"


def names() -> tuple[str, ...]:
    """Every accelerator type that a machine can have."""
    return tuple(_MACHINES)


def check(machine: Mapping[str, Any]) -> None:
    """Raises UsageProblem for a GPU that does not exist, or that this machine type cannot have."""
    gpu, kind = str(machine.get("acceleratorType") or NONE), str(machine.get("machineType") or "")
    if gpu == NONE or gpu.isdecimal():  # an enum's number, as some of Google's clients send it
        return
    if gpu not in _MACHINES:
        raise UsageProblem(f"{gpu} is not a GPU of Vertex AI: {allowed(_MACHINES, gpu)}")
    families = _MACHINES[gpu]
    if families and not kind.startswith(tuple(f"{one}-" for one in families)):
        raise UsageProblem(
            f"A machine of type {kind or '(none)'} cannot have a {gpu}: it comes with {listed(families)} machines (--machine-type)."
        )
