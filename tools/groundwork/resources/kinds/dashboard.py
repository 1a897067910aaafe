"""Dashboards of Cloud Monitoring."""

from __future__ import annotations

from groundwork.resources import reporting
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    Free,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.kinds.alert_policy import uses
from groundwork.resources.listing import Listing

KIND = Kind(
    name="dashboard",
    why="nothing; it shows what is measured",
    maker="Monitoring console or `gcloud monitoring dashboards create`",
    terraform=(
        Provisioning(
            "google_monitoring_dashboard",
            "dashboard",
            Without("its ID is assigned by Google when it is created"),
            Free("dashboards are free"),
            (
                "monitoring.dashboards.create",
                "monitoring.dashboards.delete",
                "monitoring.dashboards.update",
            ),
            uses=uses,
        ),
    ),
    listings=(Listing("monitoring", "v1/projects/{project}/dashboards", "dashboards", born="", from_start=True),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.monitoring(2),),
    parts=NOT_IN_THE_FILE,
)
