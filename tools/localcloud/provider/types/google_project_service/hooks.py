"""google_project_service: an entry in a project's list of enabled APIs; there is no object to create or update."""

from __future__ import annotations

from localcloud.provider import paths
from localcloud.provider.hooks import Hooks
from localcloud.provider.operations import finished
from localcloud.provider.rest import imported
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def create(work: Work, planned: Object) -> Object:
    """Enables the API unless it is enabled already."""
    state = planned | {"project": paths.last(work.project(planned))}
    state["id"] = f"{state['project']}/{state['service']}"
    if not _enabled(work, state):
        method = work.method("enable")
        finished(work, work.ask(method, {"name": _name(state)}, body={}), method.response)
    return state


def read(work: Work, state: Object) -> Object | None:
    """The same state while the API is enabled."""
    known = state | {"project": paths.last(work.project(state))}
    known["deletion_policy"] = state["deletion_policy"] or work.settings.deletion_policy or "DELETE"
    return known if _enabled(work, known) else None


def update(_work: Work, _prior: Object, planned: Object) -> Object:
    """Sends nothing: only what happens on destroy can change."""
    return planned


def delete(work: Work, state: Object) -> None:
    """Disables the API if disable_on_destroy is set."""
    if state["disable_on_destroy"]:
        method = work.method("disable")
        body = {"disableDependentServices": bool(state["disable_dependent_services"])}
        finished(work, work.ask(method, {"name": _name(state)}, body=body), method.response)


def import_(work: Work, name: str) -> Object:
    """From "project/service"."""
    project, _, service = name.partition("/")
    if not project or not service or "/" in service:
        raise Problem(f"google_project_service: the import id {name!r} is not of the form 'project/service'.")
    return imported(work, {"project": project, "service": service})


def _enabled(work: Work, state: Object) -> bool:
    return bool(work.call("get", {"name": _name(state)}).get("state") == "ENABLED")


def _name(state: Object) -> str:
    return f"projects/{state['project']}/services/{state['service']}"


HOOKS = Hooks(create=create, read=read, update=update, delete=delete, import_=import_)
