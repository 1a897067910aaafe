"""Images of disks."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal

KIND = Kind(
    name="image",
    why="by GiB and month",
    maker="`gcloud compute images create`",
    terraform=NOT_MADE,
    listings=(compute.listing("images", everywhere=False),),
    removal=Removal(),
    policy=compute.policy_access("images"),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
