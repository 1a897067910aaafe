"""Worker pools of Cloud Run."""

from __future__ import annotations

from groundwork.resources.kind import (
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    PolicyAccess,
    Removal,
    Unstoppable,
)
from groundwork.resources.listing import HERE, Listing

KIND = Kind(
    name="Run worker pool",
    why="by the second, always",
    maker="`gcloud run worker-pools deploy`",
    terraform=NOT_MADE,
    listings=(Listing("run", f"v2/{HERE}/workerPools", "workerPools", places="v1/projects/{project}/locations"),),
    removal=Removal(),
    pausing=Unstoppable("Cloud Run keeps its instances: delete it with `groundwork sweep`"),
    policy=PolicyAccess("v2/{name}", "GET", "name", ""),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
