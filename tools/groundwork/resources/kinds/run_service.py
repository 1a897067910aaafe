"""Services of Cloud Run."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources import functions, reporting, run
from groundwork.resources.item import Contents, Item
from groundwork.resources.kind import (
    Action,
    ConsolePage,
    FileSection,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
    Unstoppable,
)
from groundwork.resources.listing import HERE, Listing
from groundwork.resources.needs import SECONDS_A_MONTH, Assumed, Need, Planned, assume, fixed, usage
from groundwork.resources.reporting import ReportEntry


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


def inside(cloud: GoogleCloud, item: Item) -> Contents:
    """Its revisions, which go with it."""
    return run.counted_in(cloud, item, "revisions", "revision")


def deploying(environment: Environment, name: str) -> tuple[tuple[str, str], ...]:
    """Acting as the identity that it runs as, and reading the images that builds deploy to it."""
    return run.deploying(environment, environment.services[name].identity, name)


_ONE = "v2/projects/{project}/locations/{region}/services/{name}"
_ASK = f"{_ONE}:testIamPermissions"
_FUNCTION = "v2/projects/{project}/locations/{region}/functions/{name}"
ACTIONS = (
    Action("service.see", "run.services.get", "GET", "run", _ONE),
    Action("service.call", "run.routes.invoke", "POST", "run", _ASK),
    Action("service.deploy", "run.services.update", "POST", "run", _ASK, also=deploying),
    Action("service.delete", "run.services.delete", "POST", "run", _ASK),
    Action("service.see-access", "run.services.getIamPolicy", "GET", "run", f"{_ONE}:getIamPolicy"),
    Action("service.change-access", "run.services.setIamPolicy", "POST", "run", _ASK),
)

FUNCTION_ACTIONS = (
    Action("function.see", "cloudfunctions.functions.get", "GET", "cloudfunctions", _FUNCTION),
    Action("function.call", "run.routes.invoke", "POST", "run", _ASK),
    Action(
        "function.deploy",
        "cloudfunctions.functions.update",
        "POST",
        "cloudfunctions",
        f"{_FUNCTION}:testIamPermissions",
    ),
    Action("function.change-access", "run.services.setIamPolicy", "POST", "run", _ASK),
)

KIND = Kind(
    name="Run service",
    why="by request; by the second if instances always run",
    maker="`gcloud run deploy`",
    terraform=(
        Provisioning(
            "google_cloud_run_v2_service",
            "service",
            "projects/{project}/locations/{location}/services/{name}",
            price,
            ("run.services.create", "run.services.delete", "run.services.setIamPolicy", "run.services.update"),
            uses=lambda environment: bool(environment.services),
            section=("service", "name"),
        ),
    ),
    components={"run_services": "service"},
    listings=(Listing("run", f"v2/{HERE}/services", "services", places="v1/projects/{project}/locations"),),
    removal=Removal(after=("function", "scheduler job", "event trigger")),
    pausing=Unstoppable(
        "its file keeps instances of it: set min_instances: 0 and run `groundwork up`", run.keeps_instances
    ),
    policy=PolicyAccess(
        "v2/{name}", "GET", "name", "run services {verb} {short} --region={location} --project={project}"
    ),
    inside=inside,
    belongs=functions.is_its_service,
    reported=(
        ReportEntry("deployed", 0, reporting.called_by_curl),
        ReportEntry("machines", 3, reporting.container_sizes),
    ),
    parts=(
        FileSection(
            "service",
            "services",
            5,
            lambda environment: {
                name: f"projects/{environment.project}/locations/{environment.region}/services/{name}"
                for name in environment.services
            },
            ACTIONS,
            (
                ("roles/run.invoker", "identities: {{{identity}: {{services: {{{name}: call}}}}}}"),
                ("roles/run.developer", "identities: {{{identity}: {{services: {{{name}: deploy}}}}}}"),
            ),
            page=ConsolePage("/run/detail/{region}/{name}/metrics?project={project}"),
        ),
        # Who calls a function calls its service.
        FileSection(
            "function",
            "functions",
            5,
            lambda environment: {
                name: f"projects/{environment.project}/locations/{environment.region}/services/{name}"
                for name in environment.functions
            },
            FUNCTION_ACTIONS,
            (("roles/run.invoker", "identities: {{{identity}: {{functions: {{{name}: call}}}}}}"),),
            page=ConsolePage("/functions/details/{region}/{name}?project={project}&env=gen2"),
        ),
    ),
)
