"""Jobs of Cloud Run."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources import reporting, run
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import (
    ENDS_BY_ITSELF,
    Action,
    ConsolePage,
    FileSection,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
)
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import Assumed, Need, Planned, assume, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A Cloud Run job: billed as instances, for the minutes that it runs."""
    region, template = str(resource.get("location")), resource.block("template")
    cpu, memory = run.limits(template.block("template"))
    seconds = assume(assumptions, resource, "job_runs", "job_minutes").times(60)
    yield usage("CPU", "run.instance.cpu", region, seconds.times(cpu))
    yield usage("memory", "run.instance.memory", region, seconds.times(memory))


def inside(cloud: GoogleCloud, item: Item) -> Contents:
    """Its executions, which go with it."""
    return run.counted_in(cloud, item, "executions", "execution")


def deploying(environment: Environment, name: str) -> tuple[tuple[str, str], ...]:
    """Acting as the identity that it runs as, and reading the images that builds deploy to it."""
    return run.deploying(environment, environment.jobs[name].identity, name)


_ONE = "v2/projects/{project}/locations/{region}/jobs/{name}"
_ASK = f"{_ONE}:testIamPermissions"
ACTIONS = (
    Action("job.see", "run.jobs.get", "GET", "run", _ONE),
    Action("job.run", "run.jobs.run", "POST", "run", _ASK),
    Action("job.deploy", "run.jobs.update", "POST", "run", _ASK, also=deploying),
    Action("job.delete", "run.jobs.delete", "POST", "run", _ASK),
    Action("job.change-access", "run.jobs.setIamPolicy", "POST", "run", _ASK),
)

KIND = Kind(
    name="Run job",
    why="by the second while it runs",
    maker="`gcloud run jobs create`",
    terraform=(
        Provisioning(
            "google_cloud_run_v2_job",
            "job",
            "projects/{project}/locations/{location}/jobs/{name}",
            price,
            ("run.jobs.create", "run.jobs.delete", "run.jobs.setIamPolicy", "run.jobs.update"),
            uses=lambda environment: bool(environment.jobs),
            section=("job", "name"),
        ),
    ),
    components={"run_jobs": "job"},
    listings=(Listing("run", f"v2/{HERE}/jobs", "jobs", places="v1/projects/{project}/locations"),),
    removal=Removal(after=("scheduler job",)),
    pausing=ENDS_BY_ITSELF,
    policy=PolicyAccess("v2/{name}", "GET", "name", "run jobs {verb} {short} --region={location} --project={project}"),
    inside=inside,
    reported=(reporting.training(4),),
    parts=(
        FileSection(
            "job",
            "jobs",
            6,
            lambda environment: {
                name: f"projects/{environment.project}/locations/{environment.region}/jobs/{name}"
                for name in environment.jobs
            },
            ACTIONS,
            (
                ("roles/run.invoker", "identities: {{{identity}: {{jobs: {{{name}: run}}}}}}"),
                ("roles/run.developer", "identities: {{{identity}: {{jobs: {{{name}: deploy}}}}}}"),
            ),
            page=ConsolePage("/run/jobs/details/{region}/{name}/executions?project={project}"),
        ),
    ),
)
