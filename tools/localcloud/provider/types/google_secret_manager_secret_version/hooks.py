"""google_secret_manager_secret_version: added to its secret, enabled and disabled, destroyed."""

from __future__ import annotations

import base64
import re

from localcloud.provider import paths, requests, rest
from localcloud.provider.client import HttpError
from localcloud.provider.hooks import Hooks
from localcloud.provider.rest import imported
from localcloud.provider.values import BYTES, Object
from localcloud.provider.work import Incomplete, Problem, Work

_SECRET = re.compile(r"(?:projects/([^/]+)/secrets/)?([^/]+)")
_VERSION = re.compile(r"(projects/.+/secrets/.+)/versions/(.+)\Z")


def create(work: Work, planned: Object) -> Object:
    """Adds the version and enables or disables it. A write-only value comes from the configuration, not from the plan."""
    values = _located(work, planned)
    method = work.document.methods["secretmanager.projects.secrets.addVersion"]
    created = work.ask(method, {"parent": values["secret"]}, body={"payload": _payload(work, values)})
    state = values | {"name": created["name"], "id": created["name"]}
    try:
        _switch(work, state)
        return read(work, state) or state
    except Exception as error:
        raise Incomplete(state, error) from error


def read(work: Work, state: Object) -> Object | None:
    """The version and its value; None once it is destroyed. A write-only value (secret_data_wo) is not read."""
    answer = requests.gone_as_none(lambda: work.call("get", {"name": state["name"]}))
    if answer is None or answer.get("state") == "DESTROYED":
        return None
    values = rest.complete(work, answer, state)
    values["enabled"] = answer.get("state") == "ENABLED"
    values["version"] = paths.last(answer["name"])
    values["id"] = state["id"]
    values["is_secret_data_base64"] = bool(state["is_secret_data_base64"])
    if state["secret_data_wo_version"] is None:
        values["secret_data"] = _accessed(work, values) if values["enabled"] else values["secret_data"] or ""
    values["secret_data_wo_version"] = state["secret_data_wo_version"]
    return values


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Enables or disables the version; nothing else can change."""
    _switch(work, planned)
    return read(work, planned) or planned


def delete(work: Work, state: Object) -> None:
    """Destroys the version, or only disables it with deletion_policy DISABLE."""
    verb = "disable" if state["deletion_policy"] == "DISABLE" else "destroy"
    requests.gone_as_none(lambda: work.call(verb, {"name": state["name"]}, body={}))


def import_(work: Work, name: str) -> Object:
    """From the version's full name."""
    match = _VERSION.search(name)
    if not match:
        raise Problem(
            f"{name!r} does not name a secret version: projects/{{project}}/secrets/{{secret}}/versions/{{version}}."
        )
    state = imported(work, {"name": name, "secret": match[1], "version": match[2], "deletion_policy": "DELETE"})
    return state | {"id": name, "enabled": None, "secret_data_wo_version": None}


def _located(work: Work, planned: Object) -> Object:
    """The values with the secret's full name; raises Problem if project contradicts it."""
    match = _SECRET.fullmatch(planned["secret"])
    if not match:
        raise Problem(
            f"{planned['secret']!r} names no secret; write projects/PROJECT/secrets/NAME or NAME.", attribute="secret"
        )
    project, name = match.groups()
    if not project:
        project = str(planned["project"] or work.settings.project)
        return planned | {"project": project, "secret": f"projects/{project}/secrets/{name}"}
    if planned["project"] and planned["project"] != project:
        raise Problem(
            f"The secret is in project {project}, but project says {planned['project']}.",
            "Leave project out.",
            "project",
        )
    return planned


def _payload(work: Work, values: Object) -> Object:
    data = work.config.get("secret_data_wo") or values["secret_data"] or ""
    return {"data": data if values["is_secret_data_base64"] else base64.b64encode(data.encode(errors=BYTES)).decode()}


def _switch(work: Work, values: Object) -> None:
    work.call("enable" if values["enabled"] else "disable", {"name": values["name"]}, body={})


def _accessed(work: Work, values: Object) -> str:
    """The value as a configuration would give it; the state's if it may not be read."""
    try:
        data = work.call("access", {"name": values["name"]}).get("payload", {}).get("data", "")
        return str(data) if values["is_secret_data_base64"] else base64.b64decode(data).decode()
    except (HttpError, ValueError):
        return str(values["secret_data"] or "")


HOOKS = Hooks(create=create, read=read, update=update, delete=delete, import_=import_)
