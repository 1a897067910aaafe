"""google_project_iam_custom_role: a deleted role of the same id comes back to life instead of being created."""

from __future__ import annotations

from localcloud.provider import creation, requests, rest
from localcloud.provider.hooks import Hooks
from localcloud.provider.paths import last
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def create(work: Work, planned: Object) -> Object:
    """Creates the role, or undeletes the one that was deleted and gives it the planned values."""
    path = work.path(planned)
    found = requests.get(work, planned)
    if found is None:
        body = requests.fields(work).expand(planned)
        sent = {"roleId": planned["role_id"], "role": body}
        creation.insert(work, creation.Creation(planned, body, {"parent": path.partition("/roles/")[0]}, sent=sent))
    elif found.get("deleted"):
        _revive(work, path, planned)
    else:
        raise Problem(f"The custom role {path} exists already.", f"Import it: terraform import ADDRESS {path}")
    return rest.complete(work, requests.get(work, planned) or {}, planned)


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Patches the whole role; one that was deleted meanwhile is undeleted first."""
    path = work.path(planned)
    found = requests.get(work, planned) or {}
    if found.get("deleted"):
        work.call("undelete", {"name": path}, body={})
    work.call("patch", {"name": path}, body=requests.fields(work).expand(planned))
    return planned


def decode(work: Work, values: Object, _state: Object) -> Object:
    """The role's id is the end of its name."""
    return values | {"role_id": last(str(work.answer.get("name", "")))}


def _revive(work: Work, path: str, planned: Object) -> None:
    work.call("undelete", {"name": path}, body={})
    work.call("patch", {"name": path}, body=requests.fields(work).expand(planned))


HOOKS = Hooks(create=create, update=update, decode=decode)
