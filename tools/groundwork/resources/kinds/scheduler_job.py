"""Jobs of Cloud Scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, Kind, Provisioning, Removal
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, fixed


def price(resource: Planned, _: Assumed) -> Iterator[Need]:
    """A Cloud Scheduler job, paused or not."""
    yield fixed("job", "scheduler.job", str(resource.get("region", "global")), Decimal(1))


KIND = Kind(
    name="scheduler job",
    why="$0.10 a month beyond three, and whatever it starts",
    maker="`gcloud scheduler jobs create`",
    terraform=(
        Provisioning(
            "google_cloud_scheduler_job",
            "scheduled job",
            "projects/{project}/locations/{region}/jobs/{name}",
            price,
            ("cloudscheduler.jobs.create", "cloudscheduler.jobs.delete", "cloudscheduler.jobs.update"),
            uses=lambda environment: any(job.schedule for job in environment.jobs.values()),
        ),
    ),
    listings=(Listing("cloudscheduler", f"v1/{HERE}/jobs", "jobs", born=""),),
    removal=Removal(),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
