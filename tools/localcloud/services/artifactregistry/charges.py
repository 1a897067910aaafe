"""Metered usage of Artifact Registry: stored bytes by the hour."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.usage import Payer, Sku
from localcloud.services.artifactregistry.images import API, Images

HOUR = "stored bytes"
STORED = Sku(
    "artifactregistry.storage",
    "Artifact Registry Storage",
    "byte-seconds",
    "gibibyte month",
    2**30 * 730 * 3600,
    ("149C-F9EC-3994", "Artifact Registry"),
)


def schedule(cloud: Cloud) -> None:
    """Schedules metering at the end of this hour."""
    cloud.due.at(API, HOUR, "", (cloud.clock.seconds() // 3600 + 1) * 3600)


def hour(cloud: Cloud, _name: str, moment: float) -> None:
    """Meters the content of all repositories, for the past hour and for those that the clock has skipped."""
    seconds = 3600 * (1 + (cloud.clock.seconds() - moment) // 3600)
    for name, body in cloud.store.list(API, "projects/-/locations/-", "repositories"):
        if size := Images(cloud, name).size:
            _, project, _, location, *_ = name.split("/")
            labels = tuple(sorted(body.get("labels", {}).items()))
            cloud.usage.meter(Payer(project, location, labels), STORED.id, size * seconds)
    schedule(cloud)
