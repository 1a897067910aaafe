"""Metered usage of Cloud Build: build minutes by machine type and submitter.

Source: https://cloud.google.com/build/pricing.
"""

from __future__ import annotations

from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.usage import Payer, Sku
from localcloud.services.cloudbuild import queue

_SERVICE = ("9A65-DB4C-9AAE", "Cloud Build")
DEFAULT = "E2_STANDARD_2"
_MACHINES = {
    "E2_STANDARD_2": "e2-standard-2",
    "E2_MEDIUM": "e2-medium",
    "E2_HIGHCPU_8": "e2-highcpu-8",
    "E2_HIGHCPU_32": "e2-highcpu-32",
    "N1_HIGHCPU_8": "e2-highcpu-8",
    "N1_HIGHCPU_32": "e2-highcpu-32",
}
"""Machine type -> the machine type whose price applies."""
SKUS = tuple(
    Sku(f"build.minute.{name}", f"Build Time on {name}", "seconds", "minute", 60, _SERVICE)
    for name in sorted(set(_MACHINES.values()))
)


def meter(cloud: Cloud, build: dict[str, Any], seconds: float) -> None:
    """Meters the duration of a finished build."""
    entry = queue.find(cloud, build["name"])
    machine = build.get("options", {}).get("machineType", DEFAULT)
    sku = f"build.minute.{_MACHINES.get(machine, _MACHINES[DEFAULT])}"
    labels = {"build_trigger_id": build.get("buildTriggerId", "")}
    if entry is not None:
        labels |= {"member": label(entry.submitter), "component": entry.component}
    payer = Payer(
        build["projectId"],
        build["name"].split("/")[3],
        tuple(sorted((key, value) for key, value in labels.items() if value)),
    )
    cloud.usage.meter(payer, sku, seconds)


def label(email: str) -> str:
    """An email address as a label value, which may contain neither @ nor dots."""
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in email.lower())[:63]
