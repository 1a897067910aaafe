"""Cloud Run's v1 API, which gcloud uses: Knative objects, stored in the form of v2."""

from __future__ import annotations

from localcloud.engine.service import Call, Handler, Needs, Service
from localcloud.services.run import services as kept
from localcloud.services.run.knative import jobs, objects, services
from localcloud.services.run.names import API

_HANDLERS: dict[str, Handler] = {
    "services.list": services.list_,
    "services.get": services.get,
    "services.create": services.create,
    "services.replaceService": services.replace,
    "services.delete": services.delete,
    "revisions.list": services.revisions,
    "revisions.get": services.get_revision,
    "revisions.delete": services.delete_revision,
    "routes.list": services.routes,
    "routes.get": services.get_route,
    "configurations.list": services.configurations,
    "configurations.get": services.get_configuration,
}
_JOBS: dict[str, Handler] = {
    "jobs.list": jobs.list_,
    "jobs.get": jobs.get,
    "jobs.create": jobs.create,
    "jobs.replaceJob": jobs.replace,
    "jobs.delete": jobs.delete,
    "jobs.run": jobs.run,
    "executions.list": jobs.list_executions,
    "executions.get": jobs.get_execution,
    "executions.cancel": jobs.cancel_execution,
    "executions.delete": jobs.delete_execution,
    "tasks.list": jobs.list_tasks,
    "tasks.get": jobs.get_task,
}
_VERBS = {"replaceService": "update", "replaceJob": "update"}


def _needs(method: str) -> Needs:
    """The permission that a v1 method needs, on the corresponding v2 resource."""
    collection, _, verb = method.rpartition(".")
    permission = f"{API}.{collection}.{_VERBS.get(verb, verb)}"

    def needs(call: Call) -> list[tuple[str, str]]:
        where = f"projects/{objects.project(call)}/locations/{objects.region(call)}"
        named = collection in {"services", "jobs"} and verb not in {"list", "create"} and objects.region(call) != "-"
        return [(permission, f"{where}/{collection}/{objects.words(call)[-1]}" if named else where)]

    return needs


def _refusal(call: Call, permission: str, _resource: str) -> str:
    """A permission error with v1's name for the resource."""
    named = "/".join(objects.words(call))
    return f"Permission '{permission}' denied on resource '{named}' (or resource may not exist)."


_RPC = "google.cloud.run.v1"
_AUDITED = {
    f"{place}.{noun.lower()}s": f"{_RPC}.{noun}s.*{noun}"
    for place in ("namespaces", "projects.locations")
    for noun in ("Service", "Job", "Execution", "Revision")
} | {
    f"{API}.{place}.{noun.lower()}s.replace{noun}": f"{_RPC}.{noun}s.Replace{noun}"
    for place in ("namespaces", "projects.locations")
    for noun in ("Service", "Job")
}
SERVICE = Service(
    api=API,
    versions=("v1",),
    title="Cloud Run Admin API",
    proto="google.cloud.run.v2",
    resources={"projects.locations.services": kept.RESOURCE},
    methods={f"{API}.namespaces.{name}": handler for name, handler in {**_HANDLERS, **_JOBS}.items()}
    | {f"{API}.projects.locations.{name}": handler for name, handler in _HANDLERS.items()},
    permissions={f"{API}.namespaces.{name}": _needs(name) for name in {**_HANDLERS, **_JOBS}}
    | {f"{API}.projects.locations.{name}": _needs(name) for name in _HANDLERS}
    | {f"{API}.namespaces.jobs.run": jobs.run_needs},
    audited=_AUDITED,
    project=objects.project,
    refusal=_refusal,
)
