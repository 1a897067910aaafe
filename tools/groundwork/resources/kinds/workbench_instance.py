"""Instances of Vertex AI Workbench."""

from __future__ import annotations

from groundwork.resources import reporting
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Pausing, PolicyAccess, Removal
from groundwork.resources.listing import HERE, Listing

KIND = Kind(
    name="Workbench instance",
    why="a machine by the hour, its disks also while it is stopped",
    maker="`gcloud workbench instances create`",
    terraform=NOT_MADE,
    listings=(Listing("notebooks", f"v2/{HERE}/instances", "instances"),),
    removal=Removal(),
    pausing=Pausing(
        ":stop",
        ":start",
        runs=lambda item: item.body.get("state") == "ACTIVE",
        rests=lambda item: item.body.get("state") == "STOPPED",
        doing=lambda item: f"runs in {item.location}",
    ),
    policy=PolicyAccess(
        "v2/{name}", "GET", "name", "workbench instances {verb} {short} --location={location} --project={project}"
    ),
    inside=NOT_LOOKED_INTO,
    reported=(reporting.machine(1),),
    parts=NOT_IN_THE_FILE,
)
