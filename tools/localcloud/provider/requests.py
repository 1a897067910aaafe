"""Builds requests for a resource that is one REST object: parameters, query and parts of the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.provider import paths
from localcloud.provider.client import HttpError
from localcloud.provider.fields import Fields
from localcloud.provider.values import Object, Value, text
from localcloud.provider.work import Work
from localcloud.spec.discovery import Method

LABEL_FIELDS: Mapping[str, str] = {"effective_labels": "labels", "effective_annotations": "annotations"}


def get(work: Work, values: Object) -> Object | None:
    """The resource as the API returns it; None if it does not exist."""
    method = work.verb("get")
    return gone_as_none(lambda: work.ask(method, params(work, method, values)))


def gone_as_none(call: Callable[[], Object]) -> Object | None:
    """The call's answer; None on a 404."""
    try:
        return call()
    except HttpError as error:
        if error.code == 404:
            return None
        raise


def params(work: Work, method: Method, values: Object) -> dict[str, str]:
    """The path parameters of a method on the resource itself: its full name, or one parameter per segment."""
    names = paths.names(method.path)
    path = work.path(values)
    if paths.is_whole(method.path):
        return {names[0]: path}
    return {name: _segment(work, name, values) for name in names[:-1]} | {
        names[-1]: paths.last(path).replace("%2F", "/")
    }


def parent_params(work: Work, method: Method, values: Object) -> dict[str, str]:
    """The path parameters of a create: the parent's name, or the resource's own name for a PUT."""
    names = paths.names(method.path)
    if not paths.is_whole(method.path):
        return {name: _segment(work, name, values) for name in names}
    path = work.path(values)
    return {names[0]: path if method.http == "PUT" else paths.parent(path)}


def fields(work: Work) -> Fields:
    """The conversion between the row's attributes and the API's fields."""
    return Fields(work.row.schema.root, work.document.schemas, work.kind, work.settings.project)


def label_fields(work: Work, values: Object, only: frozenset[str] | None = None) -> Object:
    """The labels and annotations to send, from the provider's effective_* attributes."""
    names = [name for name in LABEL_FIELDS if name in work.row.schema.root.children and (only is None or name in only)]
    return {LABEL_FIELDS[name]: values[name] for name in names if values.get(name)}


def query(work: Work, method: Method, values: Object) -> Object:
    """The row's query parameters that a method has, and whose attributes have a value."""
    named = {name: attribute for name, attribute in work.row.query.items() if name in method.params}
    parameters = {name: values.get(attribute) for name, attribute in named.items()}
    return {name: text(value) for name, value in parameters.items() if value is not None}


def envelope(work: Work, method: Method) -> tuple[str, str]:
    """The request's fields for the resource and for its id; ("", "") where the resource itself is the request body."""
    if method.request in ("", work.kind):
        return "", ""
    properties = work.document.schemas[method.request]["properties"]
    wrapper = next(name for name, wire in properties.items() if wire.get("$ref") == work.kind)
    return wrapper, next((name for name in properties if name.endswith("Id")), "")


def own_id(work: Work, values: Object) -> Value:
    """The id from the configuration: the required attribute that is not a field of the resource."""
    children = work.row.schema.root.children
    return next(values[name] for name, child in children.items() if child.required and child.virtual)


def _segment(work: Work, name: str, values: Object) -> str:
    if name == "project":
        return work.project(values)
    return str(values[name]) if f"{{%{name}}}" in work.row.id else paths.last(str(values[name]))
