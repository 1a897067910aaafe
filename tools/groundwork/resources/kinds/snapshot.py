"""Snapshots of disks."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal

KIND = Kind(
    name="snapshot",
    why="by GiB and month",
    maker="`gcloud compute snapshots create`",
    terraform=NOT_MADE,
    listings=(compute.listing("snapshots", everywhere=False),),
    removal=Removal(),
    policy=compute.policy_access("snapshots"),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
