"""The REST forms of a gRPC method by Google's discovery document, for services whose client library defines no REST calls.

A documented method counts only if its id, parameters, body and response all agree with the name and the messages of the gRPC method.
If there is none, or methods of several collections agree, there is no form: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.spec.discovery import Document, Method, document, snake, versions

_PLACEHOLDER = re.compile(r"\{\+?([^}]+)\}")
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+")
_TEMPLATE = re.compile(r"[\w/*-]+")
_RENAMED = {"patch": "update"}
"""Verb of an id -> of a gRPC method. Source: https://google.aip.dev/134."""


def forms(api: str, version: str, name: str, request: Any, response: Any) -> tuple[Mapping[str, str], ...]:
    """The REST forms of the gRPC method `name` ("ListSinks") with these message descriptors, PUT before PATCH."""
    if version not in versions(api):
        return ()
    documented = document(api, version)
    subjects: set[str] = set()
    found: list[tuple[Method, Mapping[str, str]]] = []
    for method in documented.methods.values():
        subject = _subject(name, method, documented) if method.response == response.name else None
        form = _form(method, request) if subject else None
        if subject and form:
            subjects.add(subject)
            found.append((method, form))
    if len(subjects) != 1:
        return ()
    return tuple(form for _, form in sorted(found, key=lambda one: one[0].verb in _RENAMED))


def _subject(name: str, method: Method, documented: Document) -> str | None:
    """What a documented method works on if a gRPC method of this name can be it: its collection, or Settings of getSettings.

    The verb stands before the noun or around it: createAsync of buckets is CreateBucketAsync.
    """
    first, *others = _WORDS.findall(_RENAMED.get(method.verb, method.verb))
    before, after = first.capitalize(), "".join(others)
    if name == before + after and method.path.endswith(f"/{after[:1].lower()}{after[1:]}"):
        return after
    messages = {f"{name}Request", f"{name}Response"} & {method.request, method.response}
    is_named = bool(messages) and not after and name.startswith(before)
    if is_named or any(name in {before + after + noun, before + noun + after} for noun in _nouns(method, documented)):
        return method.collection.rpartition(".")[2]
    return None


def _nouns(method: Method, documented: Document) -> set[str]:
    """Names of a method's collection and of the type of its resources, in the plural and the singular."""
    collection = method.collection.rpartition(".")[2]
    getter = documented.methods.get(f"{method.id.rpartition('.')[0]}.get")
    nouns = {collection[:1].upper() + collection[1:], getter.response if getter else ""} - {""}
    return nouns | {re.sub(r"ies\Z", "y", noun) for noun in nouns} | {re.sub(r"s\Z", "", noun) for noun in nouns}


def _form(method: Method, request: Any) -> Mapping[str, str] | None:
    """The method's REST form with the fields of the request; None if one that it needs is not there."""
    fields = request.fields_by_name
    body = _body(method, request)
    if body is None or any(snake(one.partition(".")[0]) not in fields for one in method.required):
        return None
    inside = fields[body].message_type.fields_by_name if body in fields else {}
    places = {
        name: _place(f"{'' if snake(name) in fields else f'{body}.'}{snake(name)}", method.params[name].pattern)
        for name in _PLACEHOLDER.findall(method.path)
        if snake(name) in fields or snake(name) in inside
    }
    if not all(places.get(name) for name in _PLACEHOLDER.findall(method.path)):
        return None
    uri = _PLACEHOLDER.sub(lambda placeholder: places[placeholder[1]], f"/{method.path}")
    return {"method": method.http.lower(), "uri": uri, **({"body": body} if body else {})}


def _body(method: Method, request: Any) -> str | None:
    """The field that is the method's body, "*" for the whole request, "" for none; None if it is not clear."""
    if method.request in {"", request.name}:
        return "*" if method.request else ""
    found = [one.name for one in request.fields if one.message_type and one.message_type.name == method.request]
    return found[0] if len(found) == 1 else None


def _place(field: str, pattern: str) -> str:
    """A field's place in a path, with the parameter's pattern as a template: ^projects/[^/]+$ is =projects/*; "" if it cannot be one."""
    template = pattern.removeprefix("^").removesuffix("$").replace("[^/]+", "*").replace(".*", "**")
    if not template:
        return f"{{{field}}}"
    return f"{{{field}={template}}}" if _TEMPLATE.fullmatch(template) else ""
