"""Persistent disks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.resources import compute
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Kind,
    Provisioning,
    Removal,
)
from groundwork.resources.needs import Assumed, Need, Planned, fixed


def price(resource: Planned, _: Assumed) -> Iterator[Need]:
    """A persistent disk, attached or not."""
    region = compute.region_of(str(resource.get("zone")))
    key = f"compute.disk.{compute.last(resource.get('type', 'pd-standard'))}"
    yield fixed("disk", key, region, Decimal(str(resource.get("size"))))


KIND = Kind(
    name="disk",
    why="by GiB and month, whether attached or not",
    maker="`gcloud compute disks create`, or left by an instance",
    terraform=(
        Provisioning(
            "google_compute_disk",
            "disk",
            "projects/{project}/zones/{zone}/disks/{name}",
            price,
            (
                "compute.disks.create",
                "compute.disks.delete",
                "compute.disks.resize",
                "compute.disks.setLabels",
                "compute.disks.use",
            ),
            uses=compute.is_used,
        ),
    ),
    listings=(compute.listing("disks"),),
    removal=Removal(after=("instance", "Workbench instance")),
    pausing=NEVER_WAITS,
    policy=compute.policy_access("disks", "zone"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
