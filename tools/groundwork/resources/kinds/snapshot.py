"""Snapshots of disks."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
)

KIND = Kind(
    name="snapshot",
    why="by GiB and month",
    maker="`gcloud compute snapshots create`",
    terraform=NOT_MADE,
    listings=(compute.listing("snapshots", everywhere=False),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=compute.policy_access("snapshots"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
