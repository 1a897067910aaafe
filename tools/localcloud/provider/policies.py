"""A whole IAM policy as a resource: authoritative for its parent's policy."""

from __future__ import annotations

from localcloud.provider import parents, policy_data
from localcloud.provider.client import HttpError
from localcloud.provider.values import Object, settled
from localcloud.provider.work import Work

_SENT = ("auditConfigs", "bindings", "etag")


def create(work: Work, planned: Object) -> Object:
    """Replaces the parent's policy; returns the state of the stored policy."""
    values = parents.located(work, settled(planned))
    policy = policy_data.parsed(values["policy_data"])
    body = {name: policy[name] for name in _SENT if policy.get(name)}
    parents.put(work, values, body | {"version": parents.POLICY_VERSION})
    return _state(values | {"id": parents.path(work, values)}, parents.get(work, values))


def read(work: Work, state: Object) -> Object | None:
    """The state of the current policy; None when the parent no longer exists."""
    values = parents.located(work, state)
    try:
        return _state(values, parents.get(work, values))
    except HttpError as error:
        if error.code == 404:
            return None
        raise


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Replaces the parent's policy."""
    return create(work, planned)


def delete(work: Work, state: Object) -> None:
    """Replaces the policy with an empty one; with the etag, the API refuses if it has changed since it was read."""
    etag = {"etag": state["etag"]} if state.get("etag") else {}
    parents.put(work, parents.located(work, state), etag | {"version": parents.POLICY_VERSION})


def import_(work: Work, name: str) -> Object:
    """The state to refresh from, for the parent's name."""
    attribute = parents.attribute(work)
    values = parents.located(work, work.row.schema.null | {attribute: name})
    return work.row.schema.null | {attribute: values[attribute], "id": values[attribute]}


def look(work: Work) -> Object:
    """The policy's values for a data source."""
    values = parents.located(work, work.config)
    return _state(values, parents.get(work, values)) | {"id": parents.path(work, values)}


def _state(values: Object, policy: parents.Policy) -> Object:
    return values | {"etag": policy.get("etag", ""), "policy_data": policy_data.written(policy)}
