"""Managed groups of instances."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
)

KIND = Kind(
    name="instance group",
    why="makes its machines again when they are deleted",
    maker="`gcloud compute instance-groups managed create`",
    terraform=NOT_MADE,
    listings=(compute.listing("instanceGroupManagers"),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
