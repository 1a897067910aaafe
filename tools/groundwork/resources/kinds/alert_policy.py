"""Alert policies of Cloud Monitoring."""

from __future__ import annotations

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal
from groundwork.resources.listing import Listing

KIND = Kind(
    name="alert policy",
    why="by condition and month",
    maker="Monitoring console or `gcloud monitoring policies create`",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "monitoring",
            "v3/projects/{project}/alertPolicies",
            "alertPolicies",
            born="creationRecord/mutateTime",
            labels="userLabels",
            from_start=True,
        ),
    ),
    removal=Removal(),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
