"""Functions of Cloud Run functions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.resources import functions, reporting, run
from groundwork.resources.kind import NEVER_WAITS, NOT_LOOKED_INTO, Kind, PolicyAccess, Provisioning, Removal, Without
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import SECONDS_A_MONTH, Assumed, Need, Planned, assume, fixed, usage
from groundwork.resources.reporting import ReportEntry


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A function, which costs what its service in Cloud Run does: busy seconds and requests by use, waiting minimum instances fixed."""
    region, service = str(resource.get("location")), resource.block("service_config")
    cpu, memory = Decimal(str(service.get("available_cpu", "1"))), run.gib(str(service.get("available_memory", "256M")))
    calls = assume(assumptions, resource, "function_calls")
    busy = assume(assumptions, resource, "function_calls", "function_call_seconds")
    yield usage("busy CPU", "run.request.cpu", region, busy.times(cpu))
    yield usage("busy memory", "run.request.memory", region, busy.times(memory))
    yield usage("calls", "run.requests", region, calls)
    waiting = Decimal(str(service.get("min_instance_count", 0))) * SECONDS_A_MONTH
    if waiting:
        yield fixed("minimum instances, CPU", "run.idle.cpu", region, waiting * cpu)
        yield fixed("minimum instances, memory", "run.idle.memory", region, waiting * memory)


KIND = Kind(
    name="function",
    why="by call and second; each deployment leaves an image and sources",
    maker="`gcloud functions deploy`",
    terraform=(
        Provisioning(
            "google_cloudfunctions2_function",
            "function",
            "projects/{project}/locations/{location}/functions/{name}",
            price,
            (
                "cloudfunctions.functions.create",
                "cloudfunctions.functions.delete",
                "cloudfunctions.functions.update",
                "run.services.setIamPolicy",
            ),
            uses=lambda environment: bool(environment.functions),
            section=("function", "name"),
        ),
    ),
    components={
        "function_builders": "build of functions by",
        "function_sources": "sources of",
        "functions": "function",
        "storage_events": "events of",
    },
    listings=(Listing("cloudfunctions", f"v2/{HERE}/functions", "functions"),),
    removal=Removal(after=("event trigger", "scheduler job")),
    pausing=NEVER_WAITS,
    policy=PolicyAccess(
        "v2/{name}", "GET", "cloud_function", "functions {verb} {short} --region={location} --project={project}"
    ),
    inside=NOT_LOOKED_INTO,
    followed=functions.is_function,
    reported=(ReportEntry("deployed", 1, reporting.called_by_curl),),
    parts=Without("its callers are those of its service in Cloud Run, which has its section"),
)
