"""Cloud Build: builds, triggers, and connections to repositories."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import roles
from localcloud.engine.jobs import Job
from localcloud.engine.service import Endpoints, Handler, Needs, Permission, Service, Site, Worker
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import (
    builds,
    charges,
    connections,
    controls,
    folders,
    journal,
    outside,
    queue,
    streams,
    triggers,
)
from localcloud.services.cloudbuild.names import API

_PLACES = ("projects", "projects.locations")
_BUILDS = {
    "create": builds.create,
    "get": builds.get,
    "list": builds.list_,
    "cancel": builds.cancel,
    "retry": builds.retry,
    "approve": builds.approve,
}
_TRIGGERS: dict[str, Handler] = {
    "create": triggers.create,
    "get": triggers.get,
    "list": triggers.list_,
    "patch": triggers.patch,
    "delete": triggers.delete,
    "run": triggers.run,
    "webhook": triggers.webhook,
}
_SEEING = {"get": "get", "list": "list"}
_LOCATIONS = f"{API}.projects.locations"
_REPOSITORIES = f"{_LOCATIONS}.connections.repositories"


def _methods() -> dict[str, Handler]:
    methods: dict[str, Handler] = {
        f"{API}.operations.get": builds.get_operation,
        f"{API}.operations.cancel": builds.cancel_operation,
        f"{_LOCATIONS}.operations.get": builds.get_operation,
        f"{_LOCATIONS}.operations.cancel": builds.cancel_operation,
        f"{_LOCATIONS}.getDefaultServiceAccount": builds.default_account,
        f"{_LOCATIONS}.connections.fetchLinkableRepositories": connections.linkable,
        f"{_REPOSITORIES}.fetchGitRefs": connections.refs,
        f"{_REPOSITORIES}.batchCreate": connections.batch,
    }
    for place in _PLACES:
        methods |= {f"{API}.{place}.builds.{verb}": method for verb, method in _BUILDS.items()}
        methods |= {f"{API}.{place}.triggers.{verb}": method for verb, method in _TRIGGERS.items()}
    return methods


def _permissions() -> dict[str, Permission]:
    """The permissions of methods; triggers have none of their own, and need those of builds."""
    retry: Needs = lambda call: [(f"cloudbuild.builds.{verb}", call.name) for verb in ("create", "get")]  # noqa: E731
    permissions: dict[str, Permission] = {
        f"{_LOCATIONS}.getDefaultServiceAccount": "cloudbuild.builds.get",
        f"{_REPOSITORIES}.batchCreate": "cloudbuild.repositories.create",
        # An operation's owner is known only through its build, so the methods check themselves.
        f"{API}.operations.get": None,
        f"{API}.operations.cancel": None,
        f"{_LOCATIONS}.operations.get": None,
        f"{_LOCATIONS}.operations.cancel": None,
    }
    for place in _PLACES:
        permissions[f"{API}.{place}.builds.cancel"] = "cloudbuild.builds.update"
        permissions[f"{API}.{place}.builds.retry"] = retry
        for verb in _TRIGGERS:
            permissions[f"{API}.{place}.triggers.{verb}"] = f"cloudbuild.builds.{_SEEING.get(verb, 'create')}"
    return permissions


# Google's Python client sends enum numbers, which the discovery documents do not have.
ENUM_NUMBERS = {
    "BuildOptions.logging": {
        0: "LOGGING_UNSPECIFIED", 1: "LEGACY", 2: "GCS_ONLY", 3: "STACKDRIVER_ONLY", 4: "NONE", 5: "CLOUD_LOGGING_ONLY",
    },
    "BuildOptions.machineType": {
        0: "UNSPECIFIED", 1: "N1_HIGHCPU_8", 2: "N1_HIGHCPU_32", 5: "E2_HIGHCPU_8", 6: "E2_HIGHCPU_32", 7: "E2_MEDIUM",
        11: "E2_STANDARD_2",
    },
}  # fmt: skip


async def _run(cloud: Cloud, job: Job) -> None:
    from localcloud.services.cloudbuild import runner  # loads all that builds images

    await runner.run(cloud, job)


def _cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    from localcloud.services.cloudbuild import runner

    runner.cut(cloud, job, problem)


SERVICE = Service(
    api=API,
    versions=("v1", "v2"),
    title="Cloud Build API",
    agent="service-{number}@gcp-sa-cloudbuild.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"CLOUD_BUILD": "v1/", "CLOUDBUILDV2": "v2/"}, gcloud=""),
    resources={
        "projects.locations.connections": connections.CONNECTION,
        "projects.locations.connections.repositories": connections.REPOSITORY,
    },
    methods=_methods(),
    permissions=_permissions(),
    proto="google.devtools.cloudbuild.v2",
    tables=f"{queue.TABLES}{folders.TABLES}{journal.TABLES}",
    workers={queue.RUN: Worker(_run, _cut)},
    due={queue.EXPIRY: builds.expired},
    subscriptions={outside.PUBLISHED: outside.published},
    # A webhook's caller has no account, but the trigger's secret.
    anonymous=frozenset(f"{API}.{place}.triggers.webhook" for place in _PLACES),
    sites=(Site(streams.application, prefix=f"*{journal.OWN}/"),),
    controls={"repositories": controls.repositories, "pushes": controls.pushes},
    skus=charges.SKUS,
    enum_numbers=ENUM_NUMBERS,
)
