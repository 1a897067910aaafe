"""A whole IAM policy as a resource: what its parent's policy holds and nothing else."""

from __future__ import annotations

from localcloud.provider import parents, policy_data
from localcloud.provider.client import HttpError
from localcloud.provider.values import Object, settled
from localcloud.provider.work import Work

_SENT = ("auditConfigs", "bindings", "etag")


def create(work: Work, planned: Object) -> Object:
    """Replaces the parent's policy; the state as the policy then is."""
    values = parents.located(work, settled(planned))
    said = policy_data.parsed(values["policy_data"])
    wanted = {name: said[name] for name in _SENT if said.get(name)}
    parents.put(work, values, wanted | {"version": parents.POLICY_VERSION})
    return _state(values | {"id": parents.path(work, values)}, parents.get(work, values))


def read(work: Work, state: Object) -> Object | None:
    """The state as the policy is now; None when its parent is gone."""
    values = parents.located(work, state)
    try:
        return _state(values, parents.get(work, values))
    except HttpError as error:
        if error.code == 404:
            return None
        raise


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Replaces the policy again."""
    return create(work, planned)


def delete(work: Work, state: Object) -> None:
    """Leaves a policy without any binding, unless it was changed since it was read."""
    etag = {"etag": state["etag"]} if state.get("etag") else {}
    parents.put(work, parents.located(work, state), etag | {"version": parents.POLICY_VERSION})


def import_(work: Work, name: str) -> Object:
    """The state to read from for the name of the parent."""
    attribute = parents.attribute(work)
    values = parents.located(work, work.row.schema.null | {attribute: name})
    return work.row.schema.null | {attribute: values[attribute], "id": values[attribute]}


def look(work: Work) -> Object:
    """The policy as a data source has it."""
    values = parents.located(work, work.config)
    return _state(values, parents.get(work, values)) | {"id": parents.path(work, values)}


def _state(values: Object, policy: parents.Policy) -> Object:
    return values | {"etag": policy.get("etag", ""), "policy_data": policy_data.written(policy)}
