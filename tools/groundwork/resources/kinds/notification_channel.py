"""Notification channels of Cloud Monitoring."""

from __future__ import annotations

from groundwork.environment.values import Environment
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
from groundwork.resources.kinds import alert_policy, budget
from groundwork.resources.listing import Listing


def uses(environment: Environment) -> bool:
    """Whether alerts or a budget send e-mails to addresses of the file."""
    return alert_policy.uses(environment) or budget.notifies(environment)


KIND = Kind(
    name="notification channel",
    why="nothing; it sends mail to people",
    maker="Monitoring console",
    terraform=(
        Provisioning(
            "google_monitoring_notification_channel",
            "e-mail address",
            Without("its ID is assigned by Google when it is created"),
            Free("e-mails are free"),
            (
                "monitoring.notificationChannels.create",
                "monitoring.notificationChannels.delete",
                "monitoring.notificationChannels.update",
            ),
            uses=uses,
        ),
    ),
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
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.monitoring(3),),
    parts=NOT_IN_THE_FILE,
)
