"""Metered usage of Vertex AI: machines and GPUs by the second, for training, serving and batch prediction."""

from __future__ import annotations

import re

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.engine.usage import Payer, Sku
from localcloud.services.aiplatform import machines, names
from localcloud.services.aiplatform.machines import Machine

_SERVICE = ("C7E2-9256-1C43", "Vertex AI")
_USES = {"training": "Custom Training", "prediction": "Online Prediction", "batch": "Batch Prediction"}
_HOUR = 3600


def _skus() -> tuple[Sku, ...]:
    things = {
        **{name: f"{name} machine" for name in machines.types()},
        **{short(gpu): f"{gpu.replace('_', ' ').title()} GPU" for gpu in machines.gpus()},
    }
    return tuple(
        Sku(f"vertex.{use}.{key}", f"{title}: {what}", "seconds", "hour", _HOUR, _SERVICE)
        for use, title in _USES.items()
        for key, what in things.items()
    )


def short(gpu: str) -> str:
    """A GPU's name in price lists: "t4", "a100"."""
    return re.sub(r"^nvidia-(tesla-)?|-(80gb|141gb)\Z", "", gpu.lower().replace("_", "-"))


SKUS = _skus()


def meter(cloud: Cloud, name: str, labels: Body, machine: Machine, replicas: int, seconds: float, use: str) -> None:
    """Meters the machines and GPUs that a resource used for some seconds, by its project, region and labels."""
    payer = Payer(names.project(name), names.region(name), tuple(sorted(labels.items())))
    cloud.usage.meter(payer, f"vertex.{use}.{machine.name}", seconds * replicas)
    if machine.gpu:
        cloud.usage.meter(payer, f"vertex.{use}.{short(machine.gpu)}", seconds * replicas * machine.gpus)
