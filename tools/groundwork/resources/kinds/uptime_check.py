"""Uptime checks of Cloud Monitoring."""

from __future__ import annotations

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal
from groundwork.resources.listing import Listing

KIND = Kind(
    name="uptime check",
    why="by execution beyond a million a month, and calls what it checks",
    maker="`gcloud monitoring uptime create`",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "monitoring",
            "v3/projects/{project}/uptimeCheckConfigs",
            "uptimeCheckConfigs",
            born="",
            labels="userLabels",
            from_start=True,
        ),
    ),
    removal=Removal(after=("alert policy",)),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
