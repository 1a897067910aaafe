"""Images of disks."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    Kind,
    Removal,
    Without,
)

KIND = Kind(
    name="image",
    why="by GiB and month",
    maker="`gcloud compute images create`",
    terraform=NOT_MADE,
    listings=(compute.listing("images", everywhere=False),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=compute.policy_access("images"),
    inside=NOT_LOOKED_INTO,
    reported=Without("the report has a section of its own for images"),
    parts=NOT_IN_THE_FILE,
)
