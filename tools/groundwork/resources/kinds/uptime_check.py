"""Uptime checks of Cloud Monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.resources import reporting
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.listing import Listing
from groundwork.resources.needs import SECONDS_A_MONTH, Assumed, Need, Planned, fixed

_PLACES = 6
"""From where a check calls if it names no regions. Source: https://cloud.google.com/monitoring/uptime-checks/introduction."""


def price(resource: Planned, _: Assumed) -> Iterator[Need]:
    """A call from each place in each period."""
    seconds = Decimal(str(resource.get("period", "60s")).removesuffix("s"))
    places = len(resource.values.get("selected_regions") or ()) or _PLACES
    yield fixed("calls", "monitoring.uptime", "global", places * SECONDS_A_MONTH / seconds)


def uses(environment: Environment) -> bool:
    """Whether the file wants its public services to be called."""
    return environment.alerts is not None and environment.alerts.uptime


KIND = Kind(
    name="uptime check",
    why="by call beyond a million a month, and what it calls does too",
    maker="`gcloud monitoring uptime create`",
    terraform=(
        Provisioning(
            "google_monitoring_uptime_check_config",
            "uptime check",
            Without("its ID is assigned by Google when it is created"),
            price,
            (
                "monitoring.uptimeCheckConfigs.create",
                "monitoring.uptimeCheckConfigs.delete",
                "monitoring.uptimeCheckConfigs.update",
            ),
            uses=uses,
        ),
    ),
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
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.monitoring(1),),
    parts=NOT_IN_THE_FILE,
)
