"""Creates a resource: the call, and the operation that it starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider import paths, requests
from localcloud.provider.client import HttpError, NoAnswer
from localcloud.provider.hooks import hooks
from localcloud.provider.operations import finished
from localcloud.provider.retries import Stopped
from localcloud.provider.values import Object, Value
from localcloud.provider.work import Incomplete, Problem, Unfinished, Work
from localcloud.spec.discovery import Method

_PARENT = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/")
_PLACES = ("location", "region", "zone")


@dataclass(frozen=True, slots=True)
class Creation:
    """A call that makes the resource of these values; `body` is the resource, `sent` the request when it holds more than that."""

    values: Object
    body: Object
    params: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    sent: Object | None = None


def insert(work: Work, creation: Creation) -> Object:
    """Makes the resource; after a lost answer a conflict may be our own creation: it is, when it has every field that was sent.

    Raises Incomplete when the API accepted it and its operation was not waited for to the end.
    """
    method = work.verb("create")
    sent = creation.body if creation.sent is None else creation.sent
    try:
        answer = work.ask(method, creation.params, query=creation.query, body=sent)
    except HttpError as error:
        found = requests.get(work, creation.values) if error.code == 409 and work.lost else None
        if found is None or not _contains(found, creation.body):
            raise
        return found
    try:
        return finished(work, answer, method.response)
    except (Stopped, NoAnswer, Unfinished) as error:
        raise Incomplete(creation.body, error) from error


def make(work: Work, values: Object) -> Object:
    """Calls create as the discovery document says, and gives what was made."""
    own = hooks(work.row.type)
    method = work.verb("create")
    body = _without_empty(work, requests.fields(work).expand(values)) | requests.label_fields(work, values)
    body = own.encode(work, values, body) if own.encode else body
    wrapper, id_field = requests.envelope(work, method)
    sent = {id_field: requests.own_id(work, values), wrapper: body} if wrapper else None
    query = requests.query(work, values) | {name: paths.last(work.path(values)) for name in _id_params(work, method)}
    return insert(work, Creation(values, body, requests.parent_params(work, method, values), query, sent))


def placed(work: Work, values: Object) -> Object:
    """The values with the provider block's location, region or zone where the configuration says none."""
    values = values | _said_by_parents(work, values)
    root = work.row.schema.root.children
    names = [name for name in _PLACES if f"{{{name}}}" in work.row.id and name in root and root[name].configurable]
    return values | {name: values[name] or _place(work, name) for name in names}


def unkept(work: Work, planned: Object) -> Object:
    """The places that are used, but not kept: what was planned of them."""
    root = work.row.schema.root.children
    return {name: planned[name] for name in _PLACES if name in root and root[name].unread}


def _said_by_parents(work: Work, values: Object) -> Object:
    """The project and the place that a full name of what holds the resource says."""
    said = [str(values.get(name) or "") for name in paths.names(work.row.id)[:-1]]
    found = next((match for one in said if (match := _PARENT.match(one))), None)
    return {name: one for name, one in found.groupdict().items() if not values.get(name)} if found else {}


def _place(work: Work, name: str) -> str:
    settings = work.settings
    found = settings.zone if name == "zone" else settings.region or settings.zone.rpartition("-")[0]
    if not found:
        block = "zone" if name == "zone" else "region"
        raise Problem(f"{work.row.type} has no {name}.", f"Set {name}, or {block} in the provider block.", name)
    return found


def _id_params(work: Work, method: Method) -> list[str]:
    """The query parameter of a create that names the new resource: repositoryId for a Repository."""
    ids = [name for name, param in method.params.items() if name.endswith("Id") and param.location == "query"]
    return [name for name in ids if work.kind.lower().endswith(name.removesuffix("Id").lower())]


def _without_empty(work: Work, body: Object) -> Object:
    """A new resource says nothing of a top-level block that is empty, unless that means something; only a change does."""
    meant = {child.fields[0] for child in work.row.schema.root.children.values() if child.send_zero}
    return {name: value for name, value in body.items() if value != {} or name in meant}


def _contains(found: Value, sent: Value) -> bool:
    if isinstance(sent, dict):
        return isinstance(found, dict) and all(_contains(found.get(key), value) for key, value in sent.items())
    return bool(found == sent)
