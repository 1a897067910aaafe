"""Jobs of Cloud Run."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.resources import run
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, Door, Kind, Made, Removal, Without
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A Cloud Run job: billed as instances, for the minutes that it runs."""
    region, template = str(resource.get("location")), resource.block("template")
    cpu, memory = run.limits(template.block("template"))
    seconds = assume(assumptions, resource, "job_runs", "job_minutes").times(60)
    yield usage("CPU", "run.instance.cpu", region, seconds.times(cpu))
    yield usage("memory", "run.instance.memory", region, seconds.times(memory))


KIND = Kind(
    name="Run job",
    why="by the second while it runs",
    maker="`gcloud run jobs create`",
    terraform=(
        Made(
            "google_cloud_run_v2_job",
            "job",
            "projects/{project}/locations/{location}/jobs/{name}",
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(Listing("run", f"v2/{HERE}/jobs", "jobs", places="v1/projects/{project}/locations"),),
    removal=Removal(after=("scheduler job",)),
    policy=Door("v2/{name}", "GET", "name", "run jobs {verb} {short} --region={location} --project={project}"),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
