"""Creates a resource: builds the call, sends it, and waits for its operation."""

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
    """A create call for these values; `body` is the resource, `sent` the request body if that contains more."""

    values: Object
    body: Object
    params: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    sent: Object | None = None


def insert(work: Work, creation: Creation) -> Object:
    """Creates the resource. A conflict after a lost answer counts as our own creation if the resource has every field sent.

    Raises Incomplete if the API accepted it but its operation was not seen to finish.
    """
    method = work.verb("create")
    sent = creation.body if creation.sent is None else creation.sent
    try:
        answer = work.ask(method, creation.params, query=creation.query, body=sent)
    except HttpError as error:
        existing = requests.get(work, creation.values) if error.code == 409 and work.lost else None
        if existing is None or not _contains(existing, creation.body):
            raise
        return existing
    try:
        return finished(work, answer, method.response)
    except (Stopped, NoAnswer, Unfinished) as error:
        raise Incomplete(creation.body, error) from error


def make(work: Work, values: Object) -> Object:
    """Calls the create method as the discovery document describes it; returns the new resource."""
    own = hooks(work.row.type)
    method = work.verb("create")
    body = _without_empty(work, requests.fields(work).expand(values)) | requests.label_fields(work, values)
    body = own.encode(work, values, body) if own.encode else body
    wrapper, id_field = requests.envelope(work, method)
    sent = {id_field: requests.own_id(work, values), wrapper: body} if wrapper else None
    query = requests.query(work, method, values) | {
        name: paths.last(work.path(values)) for name in _id_params(work, method)
    }
    return insert(work, Creation(values, body, requests.parent_params(work, method, values), query, sent))


def placed(work: Work, values: Object) -> Object:
    """The values with location, region and zone defaulting to the provider block's."""
    values = values | _from_parents(work, values)
    root = work.row.schema.root.children
    names = [name for name in _PLACES if f"{{{name}}}" in work.row.id and name in root and root[name].configurable]
    return values | {name: values[name] or _place(work, name) for name in names}


def unread_places(work: Work, planned: Object) -> Object:
    """The planned location, region and zone where they are used for the call but not read back."""
    root = work.row.schema.root.children
    return {name: planned[name] for name in _PLACES if name in root and root[name].unread}


def _from_parents(work: Work, values: Object) -> Object:
    """The project and location in a parent's full name, where the values have none."""
    named = [str(values.get(name) or "") for name in paths.names(work.row.id)[:-1]]
    match_ = next((match for one in named if (match := _PARENT.match(one))), None)
    return {name: one for name, one in match_.groupdict().items() if not values.get(name)} if match_ else {}


def _place(work: Work, name: str) -> str:
    settings = work.settings
    place = settings.zone if name == "zone" else settings.region or settings.zone.rpartition("-")[0]
    if not place:
        block = "zone" if name == "zone" else "region"
        raise Problem(f"{work.row.type} has no {name}.", f"Set {name}, or {block} in the provider block.", name)
    return place


def _id_params(work: Work, method: Method) -> list[str]:
    """The query parameter that names a new resource: repositoryId for a Repository."""
    ids = [name for name, param in method.params.items() if name.endswith("Id") and param.location == "query"]
    return [name for name in ids if work.kind.lower().endswith(name.removesuffix("Id").lower())]


def _without_empty(work: Work, body: Object) -> Object:
    """The body without empty top-level blocks, except those whose emptiness is significant; only updates send the others."""
    significant = {child.fields[0] for child in work.row.schema.root.children.values() if child.send_zero}
    return {name: value for name, value in body.items() if value != {} or name in significant}


def _contains(existing: Value, sent: Value) -> bool:
    if isinstance(sent, dict):
        return isinstance(existing, dict) and all(_contains(existing.get(key), value) for key, value in sent.items())
    return bool(existing == sent)
