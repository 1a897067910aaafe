"""google_project_iam_custom_role: creating a role whose id belongs to a deleted role undeletes that one."""

from __future__ import annotations

from localcloud.provider import creation, requests, rest
from localcloud.provider.hooks import Hooks
from localcloud.provider.paths import last
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def create(work: Work, planned: Object) -> Object:
    """Creates the role, or undeletes the deleted one and patches it to the planned values."""
    path = work.path(planned)
    existing = requests.get(work, planned)
    if existing is None:
        body = requests.fields(work).expand(planned)
        sent = {"roleId": planned["role_id"], "role": body}
        creation.insert(work, creation.Creation(planned, body, {"parent": path.partition("/roles/")[0]}, sent=sent))
    elif existing.get("deleted"):
        update(work, {}, planned)
    else:
        raise Problem(f"The custom role {path} already exists.", f"Import it: terraform import ADDRESS {path}")
    return rest.complete(work, requests.get(work, planned) or {}, planned)


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Patches the whole role, and undeletes it first if it was deleted meanwhile."""
    path = work.path(planned)
    existing = requests.get(work, planned) or {}
    if existing.get("deleted"):
        work.call("undelete", {"name": path}, body={})
    work.call("patch", {"name": path}, body=requests.fields(work).expand(planned))
    return planned


def decode(work: Work, values: Object, _state: Object) -> Object:
    """The role's id is the end of its name."""
    return values | {"role_id": last(str(work.answer.get("name", "")))}


HOOKS = Hooks(create=create, update=update, decode=decode)
