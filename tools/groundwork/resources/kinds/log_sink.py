"""Sinks of Cloud Logging."""

from __future__ import annotations

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
from groundwork.resources.listing import Listing

KIND = Kind(
    name="log sink",
    why="fills its target, which is billed",
    maker="`gcloud logging sinks create`",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "logging",
            "v2/projects/{project}/sinks",
            "sinks",
            "projects/{project}/sinks/{name}",
            own="_Default|_Required",
            from_start=True,
        ),
    ),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
