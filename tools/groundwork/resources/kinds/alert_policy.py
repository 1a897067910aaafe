"""Alert policies of Cloud Monitoring."""

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
from groundwork.resources.needs import SECONDS_A_MONTH, Assumed, Need, Planned, assume, fixed, usage

_READ_EVERY_SECONDS = 30
"""Source: https://cloud.google.com/stackdriver/observability-pricing-examples."""


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """Each condition, and the time series that those on metrics read; those on logs read none."""
    conditions = resource.blocks("conditions")
    yield fixed("conditions", "monitoring.condition", "global", Decimal(len(conditions)))
    reading = [one for one in conditions if not one.values.get("condition_matched_log")]
    if reading:
        series = assume(assumptions, resource, "alert_series").times(len(reading))
        yield usage(
            "time series read", "monitoring.series", "global", series.times(SECONDS_A_MONTH / _READ_EVERY_SECONDS)
        )


def uses(environment: Environment) -> bool:
    """Whether the file has alerts."""
    return environment.alerts is not None


KIND = Kind(
    name="alert policy",
    why="by condition and month, and by what it reads",
    maker="Monitoring console or `gcloud monitoring policies create`",
    terraform=(
        Provisioning(
            "google_monitoring_alert_policy",
            "alert",
            Without("its ID is assigned by Google when it is created"),
            price,
            (
                "monitoring.alertPolicies.create",
                "monitoring.alertPolicies.delete",
                "monitoring.alertPolicies.update",
            ),
            uses=uses,
        ),
    ),
    components={"monitoring": "alerts and"},
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
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.monitoring(0),),
    parts=NOT_IN_THE_FILE,
)
