"""Notification channels of Cloud Monitoring."""

from __future__ import annotations

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal
from groundwork.resources.listing import Listing

KIND = Kind(
    name="notification channel",
    why="nothing; it sends mail to people",
    maker="Monitoring console",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "monitoring",
            "v3/projects/{project}/notificationChannels",
            "notificationChannels",
            born="creationRecord/mutateTime",
            labels="userLabels",
            from_start=True,
        ),
    ),
    removal=Removal(after=("alert policy",)),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
