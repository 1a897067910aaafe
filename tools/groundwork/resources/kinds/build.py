"""Builds that run: what is over is only a record, which nobody can delete."""

from __future__ import annotations

from groundwork.resources.kind import (
    ENDS_BY_ITSELF,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    Kind,
    Removal,
    Without,
)
from groundwork.resources.listing import HERE, Listing

_RUNNING = {"filter": 'status="WORKING" OR status="QUEUED"'}

KIND = Kind(
    name="build",
    why="machines by the minute while it runs",
    maker="a push, or `gcloud builds submit`",
    terraform=NOT_MADE,
    listings=(
        Listing("cloudbuild", f"v1/{HERE}/builds", "builds", places="v2/projects/{project}/locations", params=_RUNNING),
        Listing("cloudbuild", "v1/projects/{project}/builds", "builds", params=_RUNNING),
    ),
    removal=Removal(path="{version}/{name}:cancel", verb="POST"),
    pausing=ENDS_BY_ITSELF,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=Without("the report has a section of its own for builds"),
    parts=NOT_IN_THE_FILE,
)
