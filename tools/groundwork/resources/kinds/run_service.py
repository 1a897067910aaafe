"""Services of Cloud Run."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.resources import run
from groundwork.resources.kind import NOT_IN_THE_FILE, NOT_LOOKED_INTO, Door, Kind, Made, Removal, Without
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import SECONDS_A_MONTH, Assumed, Need, Planned, assume, fixed, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A Cloud Run service: busy seconds and requests by use, waiting minimum instances fixed."""
    region, template = str(resource.get("location")), resource.block("template")
    cpu, memory = run.limits(template)
    busy = assume(assumptions, resource, "run_requests", "run_request_seconds")
    always = template.block("containers").block("resources").get("cpu_idle", True) is False
    billing = "instance" if always else "request"
    yield usage("busy CPU", f"run.{billing}.cpu", region, busy.times(cpu))
    yield usage("busy memory", f"run.{billing}.memory", region, busy.times(memory))
    if not always:
        yield usage("requests", "run.requests", region, assume(assumptions, resource, "run_requests"))
    waiting = Decimal(str(template.block("scaling").get("min_instance_count", 0))) * SECONDS_A_MONTH
    if waiting:
        idle = "instance" if always else "idle"
        yield fixed("minimum instances, CPU", f"run.{idle}.cpu", region, waiting * cpu)
        yield fixed("minimum instances, memory", f"run.{idle}.memory", region, waiting * memory)


KIND = Kind(
    name="Run service",
    why="by request; by the second if instances always run",
    maker="`gcloud run deploy`",
    terraform=(
        Made(
            "google_cloud_run_v2_service",
            "service",
            "projects/{project}/locations/{location}/services/{name}",
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(Listing("run", f"v2/{HERE}/services", "services", places="v1/projects/{project}/locations"),),
    removal=Removal(after=("function", "scheduler job", "event trigger")),
    policy=Door("v2/{name}", "GET", "name", "run services {verb} {short} --region={location} --project={project}"),
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
