"""Jobs of Cloud Scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.resources.kind import (
    NO_POLICY,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Action,
    ConsolePage,
    FileSection,
    Kind,
    Pausing,
    Provisioning,
    Removal,
)
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, fixed


def price(resource: Planned, _: Assumed) -> Iterator[Need]:
    """A Cloud Scheduler job, paused or not."""
    yield fixed("job", "scheduler.job", str(resource.get("region", "global")), Decimal(1))


def entries(environment: Environment) -> dict[str, str]:
    """The scheduled jobs of the file, which are called as the jobs that they start."""
    place = f"projects/{environment.project}/locations/{environment.region}/jobs"
    return {name: f"{place}/{name}" for name in environment.scheduled}


# A scheduled job has no policy of its own, so the project is asked.
_ASK = "v1/projects/{project}:testIamPermissions"
ACTIONS = (
    Action(
        "schedule.see",
        "cloudscheduler.jobs.get",
        "GET",
        "cloudscheduler",
        "v1/projects/{project}/locations/{region}/jobs/{name}",
    ),
    Action("schedule.pause", "cloudscheduler.jobs.pause", "POST", "cloudresourcemanager", _ASK),
    Action("schedule.resume", "cloudscheduler.jobs.enable", "POST", "cloudresourcemanager", _ASK),
    Action("schedule.change", "cloudscheduler.jobs.update", "POST", "cloudresourcemanager", _ASK),
)

KIND = Kind(
    name="scheduler job",
    why="$0.10 a month beyond three, and whatever it starts",
    maker="`gcloud scheduler jobs create`",
    terraform=(
        Provisioning(
            "google_cloud_scheduler_job",
            "schedule",
            "projects/{project}/locations/{region}/jobs/{name}",
            price,
            ("cloudscheduler.jobs.create", "cloudscheduler.jobs.delete", "cloudscheduler.jobs.update"),
            uses=lambda environment: bool(environment.scheduled),
        ),
    ),
    components={"scheduled_jobs": "schedule"},
    listings=(Listing("cloudscheduler", f"v1/{HERE}/jobs", "jobs", born=""),),
    removal=Removal(),
    pausing=Pausing(
        ":pause",
        ":resume",
        free=True,
        runs=lambda item: item.body.get("state") == "ENABLED",
        rests=lambda item: item.body.get("state") == "PAUSED",
        doing=lambda item: (
            f"starts what it is for at {item.body.get('schedule')} ({item.body.get('timeZone', 'Etc/UTC')})"
        ),
    ),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=(
        FileSection(
            "schedule",
            "project",
            6,
            entries,
            ACTIONS,
            page=ConsolePage("/cloudscheduler/jobs/edit/{region}/{name}?project={project}"),
        ),
    ),
)
