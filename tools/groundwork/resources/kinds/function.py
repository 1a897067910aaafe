"""Functions of Cloud Run functions."""

from __future__ import annotations

from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, PolicyAccess, Removal
from groundwork.resources.listing import HERE, Listing

KIND = Kind(
    name="function",
    why="by call and second; each deployment leaves an image and sources",
    maker="`gcloud functions deploy`",
    terraform=NOT_MADE,
    listings=(Listing("cloudfunctions", f"v2/{HERE}/functions", "functions"),),
    removal=Removal(after=("event trigger", "scheduler job")),
    policy=PolicyAccess(
        "v2/{name}", "GET", "cloud_function", "functions {verb} {short} --region={location} --project={project}"
    ),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
