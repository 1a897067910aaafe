"""The standard verbs of the older dialect: get, list, aggregatedList, insert, patch, update, delete, setters, and the IAM methods.

A resource is kept under the path that names it ("projects/p/zones/z/disks/d"), as it was sent, and answered with kind, id, selfLink,
its place and its fingerprints. Whether a verb answers an operation is read from the document.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud import errors
from localcloud.engine import fingerprints, gate, paging, references, shapes, standard, zonal
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call, Handler, Resource, Service
from localcloud.spec import regex_filters, timestamps
from localcloud.spec.discovery import Method

Verb = Callable[[Call, Resource], Body | Reply]
_PLACES = {"zones": "zone", "regions": "region"}
_SERVER = ("kind", "id", "selfLink", "creationTimestamp", "zone", "region", fingerprints.OWN, fingerprints.LABELS)


def handler(service: Service, method: Method) -> Handler | None:
    """The standard handler for a method of a declared resource, None when there is none or its shape is not understood."""
    resource = service.resources.get(method.collection)
    if resource is None:
        return None
    verb = VERBS.get(shapes.verb(method)) or _setter(method, resource)
    if verb is None or (verb in _IAM and not resource.iam):
        return None
    return lambda call: verb(call, resource)


def get(call: Call, resource: Resource) -> Body:
    """The resource that the URL names; 404 when there is none."""
    return shown(call, resource, call.name, existing(call, resource))


def list_(call: Call, resource: Resource) -> Body:
    """A page of the collection."""
    standard.parent_exists(call)
    page, token = _page(call, resource, [call.parent])
    body: Body = {
        "kind": _kind(call, f"{resource.kind}List"),
        "id": call.path,
        "selfLink": references.whole(call, call.path),
    }
    items = [shown(call, resource, name, one) for name, one in page]
    return body | ({"items": items} if items else {}) | token


def aggregated_list(call: Call, resource: Resource) -> Body:
    """A page of the resources of a project in all scopes, grouped by scope; empty scopes are left out."""
    field = _scoped_field(call)
    page, token = _page(
        call, resource, [f"projects/{call.project}/{place}" for place in ("global", "regions/-", "zones/-")]
    )
    items: dict[str, Any] = {}
    for name, body in page:
        scope = name.split("/", 2)[2].rsplit("/", 2)[0]
        items.setdefault(scope, {field: []})[field].append(shown(call, resource, name, body))
    answer: Body = {"kind": _kind(call, f"{resource.kind}AggregatedList"), "id": call.path, "items": items}
    return answer | {"selfLink": references.whole(call, call.path)} | token


def insert(call: Call, resource: Resource) -> Body:
    """Creates a resource named in the body, with id and creation time; 409 when the name is taken."""
    standard.parent_exists(call)
    body = references.kept(call, {key: value for key, value in call.body.items() if value is not None}, resource.links)
    identity = str(body.get("name", ""))
    check_id(resource, identity)
    name = f"{call.path}/{identity}"
    api, store = call.service.api, call.cloud.store
    if _kept(call, resource, name) is not None:
        raise errors.CloudError(409, "ALREADY_EXISTS", _text(resource.taken, name), "alreadyExists")
    body = stamped(call, resource, body)
    if resource.complete is not None:
        body = resource.complete(call, body)
    store.insert(api, name, body)
    if resource.created is not None:
        resource.created(call, body)
    return answered(call, resource, name, body)


def patch(call: Call, resource: Resource) -> Body:
    """PATCH merges, null removes; PUT replaces what the caller may set."""
    old = existing(call, resource)
    sent = references.kept(call, dict(call.body), resource.links)
    fingerprints.check(sent.pop(fingerprints.OWN, None), old, "resource")
    fingerprints.check(sent.pop(fingerprints.LABELS, None), old.get("labels") or {}, "labels")
    if call.method.http == "PUT":
        kept = {key: value for key, value in old.items() if _is_servers(call, resource, key)}
        new = {key: value for key, value in sent.items() if value is not None} | kept
    else:
        new = merged(old, {key: value for key, value in sent.items() if key not in _SERVER})
    return changed(call, resource, old, new)


def delete(call: Call, resource: Resource) -> Body | Reply:
    """Deletes the resource, its policies and everything below it."""
    old = existing(call, resource)
    if resource.delete is not None:
        resource.delete(call, old)
    standard.remove(call.cloud, call.service.api, call.name)
    if not call.method.response:
        return Reply(status=204)
    return zonal.finished(call, call.name, old.get("id", ""))


def get_iam_policy(call: Call, resource: Resource) -> Body:
    """The policy of the resource; an empty one with an etag when none was set."""
    existing(call, resource)
    version = call.params.get("optionsRequestedPolicyVersion", 0)
    return call.cloud.iam.view(call.cloud.iam.policy(call.service.api, call.name), version)


def set_iam_policy(call: Call, resource: Resource) -> Body:
    """Replaces the policy of the resource; the parts of one may stand in the body instead of a policy."""
    existing(call, resource)
    parts = {key: call.body[key] for key in ("bindings", "etag") if key in call.body}
    return call.cloud.iam.set_policy(call.service.api, call.name, call.body.get("policy", parts))


def check_iam_permissions(call: Call, resource: Resource) -> Body:
    """The subset of the given permissions that the caller has."""
    existing(call, resource)
    granted = gate.tested(call, call.name, call.body.get("permissions", []))
    return {"permissions": granted} if granted else {}


_IAM: frozenset[Verb] = frozenset({get_iam_policy, set_iam_policy, check_iam_permissions})
VERBS: Mapping[str, Verb] = {
    "get": get,
    "list": list_,
    "aggregatedList": aggregated_list,
    "insert": insert,
    "patch": patch,
    "delete": delete,
    "getIamPolicy": get_iam_policy,
    "setIamPolicy": set_iam_policy,
    "testIamPermissions": check_iam_permissions,
}


def _setter(method: Method, resource: Resource) -> Verb | None:
    """…/setLabels replaces the labels: a setter whose request holds the field, or is it, and says so in the document."""
    last = method.flat_path.rpartition("/")[2]
    if method.http != "POST" or last != method.verb or not method.verb.startswith("set"):
        return None
    field = method.verb[3:4].lower() + method.verb[4:]
    request, kind = standard.schema_of(method, method.request), standard.schema_of(method, resource.kind)
    described = kind.get("properties", {}).get(field, {})
    if described and field in request.get("properties", {}):
        return lambda call, one: _set(call, one, field, call.body.get(field), call.body)
    if described.get("$ref") == method.request:
        return lambda call, one: _set(call, one, field, dict(call.body), call.body)
    return None


def _set(call: Call, resource: Resource, field: str, value: Any, sent: Mapping[str, Any]) -> Body:
    old = existing(call, resource)
    fingerprint = sent.get(fingerprints.LABELS if field == "labels" else fingerprints.OWN)
    fingerprints.check(fingerprint, old.get(field) or {}, field)
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if key not in (fingerprints.OWN, "kind")}
    return changed(call, resource, old, references.kept(call, {**old, field: value}, resource.links))


def existing(call: Call, resource: Resource) -> Body:
    """The stored body of the URL's resource; 404 with the resource's message."""
    body = _kept(call, resource, call.name)
    if body is None:
        raise errors.not_found(_text(resource.missing, call.name))
    return body


def _kept(call: Call, resource: Resource, name: str) -> Body | None:
    """What is stored under a name, or there without being stored."""
    body = call.cloud.store.get(call.service.api, name)
    return dict(resource.inherent(call)).get(name) if body is None and resource.inherent else body


def stamped(call: Call, resource: Resource, body: Body) -> Body:
    """A new body with the fields that every resource has."""
    properties = call.schema(resource.kind).get("properties", {})
    server_set = {"id": str(secrets.randbits(62) | 1 << 61)}
    if "creationTimestamp" in properties:
        server_set["creationTimestamp"] = timestamps.pacific(call.cloud.clock.now())
    return {key: value for key, value in body.items() if key not in _SERVER} | server_set


def changed(call: Call, resource: Resource, old: Body, new: Body) -> Body:
    """Stores a changed body; returns the operation, or the resource if the method answers with it."""
    for name in resource.immutable:
        if new.get(name, old.get(name)) != old.get(name):
            raise errors.invalid(f"Invalid value for field 'resource.{name}': it cannot be changed.", name, "invalid")
    if resource.changed is not None:
        new = resource.changed(call, old, new)
    call.cloud.store.put(call.service.api, call.name, new)
    return answered(call, resource, call.name, new)


def answered(call: Call, resource: Resource, name: str, body: Body) -> Body:
    """The answer of a method that changed a resource."""
    if call.method.response.endswith("Operation"):
        return zonal.finished(call, name, body.get("id", ""))
    return shown(call, resource, name, body)


def shown(call: Call, resource: Resource, name: str, body: Body) -> Body:
    """A stored body as it is returned."""
    words = name.split("/")
    place = (
        {_PLACES[words[2]]: references.whole(call, "/".join(words[:4]))} if words[2:3] and words[2] in _PLACES else {}
    )
    answer = {key: value for key, value in body.items() if not key.startswith("_")}
    answer = resource.present(call.cloud, answer) if resource.present is not None else answer
    answer = fingerprints.added(answer, resource.kind, call.document.schemas, call.service.api)
    answer = references.shown(call, answer, resource.links)
    properties = call.schema(resource.kind).get("properties", {})
    ends = {"kind": _kind(call, resource.kind), **place, "selfLink": references.whole(call, name)}
    return {"name": words[-1], **answer} | {key: value for key, value in ends.items() if key in properties}


def _is_servers(call: Call, resource: Resource, key: str) -> bool:
    """Whether a stored field can be set only by the server."""
    described = call.schema(resource.kind).get("properties", {}).get(key, {})
    return key in _SERVER or key == "name" or key.startswith("_") or bool(described.get("readOnly"))


def merged(old: Body, sent: Mapping[str, Any]) -> Body:
    """Merges as JSON merge patches do: maps merge, null removes, everything else replaces."""
    new = dict(old)
    for key, value in sent.items():
        if value is None:
            new.pop(key, None)
        elif isinstance(value, dict) and isinstance(new.get(key), dict):
            new[key] = merged(new[key], value)
        else:
            new[key] = value
    return new


def _page(call: Call, resource: Resource, parents: Sequence[str]) -> tuple[Sequence[tuple[str, Body]], Body]:
    question = f"{call.path}?{call.params.get('filter', '')}"
    size = paging.size(call.params.get("maxResults"), 500, 500)
    after = paging.after(call.params.get("pageToken", ""), question)
    test = regex_filters.compiled(call.params["filter"]) if call.params.get("filter") else None
    limit = None if test else size + 1
    rows = [
        pair
        for parent in parents  # in the order of names
        for pair in _below(call, resource, parent, after, limit)
    ]
    if test is not None:
        rows = [(name, body) for name, body in rows if test(shown(call, resource, name, body))]
    return paging.cut(rows, size, lambda pair: pair[0], question)


def _below(call: Call, resource: Resource, parent: str, after: str, limit: int | None) -> list[tuple[str, Body]]:
    """(name, body) of what lies in a place, by name; a "-" in the place stands for every word."""
    stored = call.cloud.store.list(call.service.api, parent, call.path.rpartition("/")[2], after, limit)
    if resource.inherent is None:
        return stored
    wanted = parent.split("/")
    there = {
        name: body
        for name, body in resource.inherent(call)
        if name > after
        and len(name.split("/")) == len(wanted) + 2
        and all(one in (word, "-") for one, word in zip(wanted, name.split("/"), strict=False))
    }
    return sorted((there | dict(stored)).items())


def _scoped_field(call: Call) -> str:
    """The field of an aggregated list's scopes that holds the resources: "disks"."""
    scoped = call.schema(call.method.response)["properties"]["items"]["additionalProperties"]["$ref"]
    return next(str(name) for name in call.schema(scoped)["properties"] if name != "warning")


def _kind(call: Call, schema: str) -> str:
    return f"{call.service.api}#{schema[:1].lower()}{schema[1:]}"


def check_id(resource: Resource, identity: str) -> None:
    """400 for an id that is missing, or not of the resource's form."""
    if not identity:
        raise errors.invalid("Invalid value for field 'resource.name': ''. It must be given.", "name", "required")
    if resource.id_rule and not re.fullmatch(resource.id_rule, identity):
        text = f"Invalid value for field 'resource.name': '{identity}'. Must be a match of regex '{resource.id_rule}'"
        raise errors.invalid(text, "name", "invalid")


def _text(text: str, name: str) -> str:
    return text.format(name=name, numbered=name, id=name.rpartition("/")[2])
