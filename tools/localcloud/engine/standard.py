"""The standard verbs of the resource-oriented dialect: get, list, create, patch, update, delete, undelete, and the IAM methods."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from localcloud import errors
from localcloud.engine import gate, lro, paging, shapes
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Handler, Resource, Service
from localcloud.spec import fields, filters
from localcloud.spec.discovery import Method, document

Verb = Callable[[Call, Resource], Body]
PURGE = "purge"
"""The kind of entry in the due queue that purges a soft-deleted resource."""


def handler(service: Service, method: Method) -> Handler | None:
    """The standard handler for a method of a declared resource, None when there is none or its shape is not understood."""
    verb = shapes.verb(method)
    resource = service.resources.get(method.collection)
    verb_handler = VERBS.get(verb)
    if (
        resource is None
        or verb_handler is None
        or (verb in _IAM and not resource.iam)
        or (verb == "undelete" and not resource.soft_delete)
    ):
        return None
    return lambda call: verb_handler(call, resource)


def get(call: Call, resource: Resource) -> Body:
    """The resource that the URL names; 404 when there is none."""
    return shown(call, resource, call.name, existing(call, resource))


def list_(call: Call, resource: Resource) -> Body:
    """A page of the collection, sorted by name, in the response's own list field."""
    if call.params.get("orderBy", "name") not in {"name", "name asc"}:
        raise errors.unimplemented(
            f"The local cloud lists by name only; orderBy={call.params['orderBy']} is not emulated."
        )
    question = f"{call.path}?{call.params.get('filter', '')}"
    parent_exists(call)
    size = paging.size(call.params.get("pageSize"), resource.page_size, resource.max_page_size)
    test = _test(call, resource)
    after = paging.after(call.params.get("pageToken", ""), question)
    rows = call.cloud.store.list(call.service.api, call.parent, call.collection, after, None if test else size + 1)
    pairs = [(name, shown(call, resource, name, body)) for name, body in rows]
    pairs = [pair for pair in pairs if test(pair[1])] if test else pairs
    page, more = paging.cut(pairs, size, lambda pair: pair[0], question)
    return {list_field(call, resource): [body for _, body in page], **more} if page else {}


def create(call: Call, resource: Resource) -> Body:
    """Creates a resource: id by rule, server-assigned fields, 409 when the name is taken."""
    identity, body = _identified(call, resource)
    parent_exists(call)
    return _created(call, resource, f"{call.path}/{identity}", body)


def create_at(call: Call, resource: Resource) -> Body:
    """Creates the resource that the URL names (a PUT), with the id from the path."""
    _check_id(resource, call.id, call.name, "name")
    parent_exists(call)
    return _created(call, resource, call.name, dict(call.body))


def _created(call: Call, resource: Resource, name: str, body: Body) -> Body:
    body["name"] = name
    _stamp(call, resource, body, new=True)
    if resource.complete is not None:
        body = resource.complete(call, body)
    store = call.cloud.store
    if store.get(call.service.api, name) is not None:
        raise errors.already_exists(_text(call, resource.taken, name))
    if not call.params.get("validateOnly"):
        store.insert(call.service.api, name, _with_etag(call, resource, body))
        if resource.created is not None:
            resource.created(call, body)
    return _answer(call, resource, name, body)


def add_child(call: Call, resource: Resource, name: str, body: Body) -> Body:
    """Creates what belongs to another resource (a revision, a default network), stamped as if a client had created it."""
    body = {**body, "name": name}
    _stamp(call, resource, body, new=True)
    call.cloud.store.insert(call.service.api, name, _with_etag(call, resource, body))
    return body


def patch(call: Call, resource: Resource) -> Body:
    """Changes the masked fields; without a mask, Resource.update decides."""
    if call.params.get("allowMissing") and call.cloud.store.get(call.service.api, call.name) is None:
        gate.check_creation(call)
        return _created(call, resource, call.name, dict(call.body))
    old = existing(call, resource)
    wrapper = _wrapper(call, resource)
    sent = dict(call.body.get(wrapper, {}) if wrapper else call.body)
    mask = call.params.get("updateMask") or (call.body.get("updateMask", "") if wrapper else "")
    _same_etag(sent.get("etag"), old)
    schemas, kind = call.document.schemas, _schema(call, resource)
    if mask:
        new = fields.updated(old, sent, mask, schemas, kind)
    elif resource.update == "full":
        new = fields.replaced(old, sent, schemas, kind)
    else:
        new = {**old, **{key: value for key, value in sent.items() if key not in {"name", "etag"}}}
    return _changed(call, resource, old, new)


def delete(call: Call, resource: Resource) -> Body:
    """Deletes the resource, its policies and everything below it, or marks it as soft-deleted."""
    if call.params.get("allowMissing") and call.cloud.store.get(call.service.api, call.name) is None:
        return lro.finished(call) if answers_operation(call) else {}
    old = existing(call, resource)
    _same_etag(call.params.get("etag"), old)
    if resource.delete is not None:
        resource.delete(call, old)
    if resource.soft_delete is not None:
        soft = resource.soft_delete
        until = call.cloud.clock.rfc3339(soft.days * 86400)
        call.cloud.due.after(call.service.api, PURGE, call.name, soft.days * 86400)
        return _changed(call, resource, old, old | {soft.field: soft.value, soft.expire_field: until})
    api, name = call.service.api, call.name
    if not call.params.get("validateOnly"):
        remove(call.cloud, api, name)
    if answers_operation(call):
        return lro.finished(call)
    return {} if call.method.response.endswith("Empty") else shown(call, resource, name, old)


def undelete(call: Call, resource: Resource) -> Body:
    """Restores a soft-deleted resource."""
    old = existing(call, resource)
    soft = resource.soft_delete
    if soft is None or old.get(soft.field) != soft.value:
        raise errors.failed_precondition(f"{call.name} is not deleted; there is nothing to undelete.")
    call.cloud.due.forget(call.service.api, call.name, PURGE)
    new = {key: value for key, value in old.items() if key != soft.expire_field} | {soft.field: soft.live}
    return _changed(call, resource, old, new)


def get_iam_policy(call: Call, resource: Resource) -> Body:
    """The policy of the resource; an empty one with an etag when none was set."""
    existing(call, resource)
    options = call.body.get("options", {})
    version = call.params.get("options.requestedPolicyVersion", options.get("requestedPolicyVersion", 0))
    return call.cloud.iam.view(call.cloud.iam.policy(call.service.api, call.name), version)


def set_iam_policy(call: Call, resource: Resource) -> Body:
    """Replaces the policy of the resource; 409 on a stale etag."""
    existing(call, resource)
    mask = fields.paths(call.body.get("updateMask", ""))
    return call.cloud.iam.set_policy(call.service.api, call.name, call.body.get("policy", {}), mask, call.project)


def check_iam_permissions(call: Call, _: Resource) -> Body:
    """The subset of the given permissions that the caller has; none for a resource that does not exist."""
    if call.cloud.store.get(call.service.api, call.name) is None:
        return {}
    permissions = call.body.get("permissions", [])
    granted = gate.tested(call, call.name, permissions)
    return {"permissions": granted} if granted else {}


_IAM = {"getIamPolicy", "setIamPolicy", "testIamPermissions"}
VERBS: Mapping[str, Verb] = {
    "get": get,
    "list": list_,
    "create": create,
    "create at": create_at,
    "patch": patch,
    "delete": delete,
    "undelete": undelete,
    "getIamPolicy": get_iam_policy,
    "setIamPolicy": set_iam_policy,
    "testIamPermissions": check_iam_permissions,
}


def schema_of(method: Method, name: str) -> Mapping[str, Any]:
    """A schema of a method's document; empty when the document has none of that name."""
    schema: Mapping[str, Any] = document(method.api, method.version).schemas.get(name, {})
    return schema


def remove(cloud: Cloud, api: str, name: str) -> None:
    """Removes a resource with everything below it, their policies and their entries in the due queue."""
    cloud.store.delete(api, name)
    cloud.store.delete_below(api, name)
    cloud.iam.forget(api, name)
    cloud.due.forget(api, name)
    cloud.due.forget_below(api, name)


def existing(call: Call, resource: Resource) -> Body:
    """The stored body of the URL's resource; 404 with the resource's message."""
    body = call.cloud.store.get(call.service.api, call.name)
    if body is None:
        raise errors.not_found(_text(call, resource.missing, call.name))
    return body


def shown(call: Call, resource: Resource, name: str, body: Body) -> Body:
    """A stored body as it is returned."""
    body = {"name": name, **body}
    return resource.present(call.cloud, body) if resource.present is not None else body


def saved(call: Call, resource: Resource, name: str, body: Body) -> Body:
    """Stores a changed body with a new updateTime and etag, and returns it."""
    _stamp(call, resource, body, new=False)
    body = _with_etag(call, resource, body)
    call.cloud.store.put(call.service.api, name, body)
    return body


def parent_exists(call: Call) -> None:
    """404 when the parent in the URL is itself a declared resource and does not exist."""
    parent = call.parent
    resource = call.service.resources.get(".".join(parent.split("/")[::2]))
    if resource is not None and "-" not in parent.split("/") and call.cloud.store.get(call.service.api, parent) is None:
        raise errors.not_found(_text(call, resource.missing, parent))


def answers_operation(call: Call) -> bool:
    """Whether this method answers with a long-running operation, according to the document."""
    return call.method.response.endswith("Operation")


def list_field(call: Call, resource: Resource) -> str:
    """The list response's field that holds the resources: "secrets"."""
    properties = call.schema(call.method.response).get("properties", {})
    arrays = {
        name: one.get("items", {}).get("$ref", "") for name, one in properties.items() if one.get("type") == "array"
    }
    return next(
        (name for name, kind in arrays.items() if kind.endswith(resource.kind)), next(iter(arrays), call.collection)
    )


def _test(call: Call, resource: Resource) -> filters.Test | None:
    text = call.params.get("filter", "")
    read = resource.filtered or (lambda _, filter_: filters.compiled(filter_))
    wanted = read(call, text) if text else None
    soft = resource.soft_delete
    if soft is None or call.params.get("showDeleted"):
        return wanted
    return lambda body: body.get(soft.field) != soft.value and (wanted is None or wanted(body))


def _answer(call: Call, resource: Resource, name: str, body: Body) -> Body:
    body = shown(call, resource, name, body)
    return lro.finished(call, body, kind=resource.kind, target=name) if answers_operation(call) else body


def _changed(call: Call, resource: Resource, old: Body, new: Body) -> Body:
    for name in resource.immutable:
        if new.get(name, old.get(name)) != old.get(name):
            raise errors.invalid(
                f"Field '{name}' of {call.name} cannot be changed once it is set; create a new resource instead.", name
            )
    # A mask may name them without a value, which clears other fields.
    new |= {name: old[name] for name in ("name", *resource.immutable) if name in old}
    if resource.changed is not None:
        new = resource.changed(call, old, new)
    if call.params.get("validateOnly"):
        return _answer(call, resource, call.name, new)
    return _answer(call, resource, call.name, saved(call, resource, call.name, new))


def _identified(call: Call, resource: Resource) -> tuple[str, Body]:
    wrapper = _wrapper(call, resource)
    body = dict(call.body.get(wrapper, {}) if wrapper else call.body)
    if resource.id_param:
        identity = str(call.params.get(resource.id_param, ""))
    elif resource.id_field:
        said = str(call.body.get(resource.id_field, body.get(resource.id_field, "")))
        said = call.cloud.projects.named(said).removeprefix(f"{call.path}/")
        identity = said.replace("/", "%2F") if resource.slashes else said
    else:
        return str(uuid.uuid4().int % 10**19), body
    field = resource.id_param or resource.id_field
    if not identity:
        raise errors.invalid(
            f"The request is missing the required field {field}: the id of the new {resource.kind}.", field
        )
    _check_id(resource, identity, f"{call.path}/{identity}", field)
    return identity, body


def _check_id(resource: Resource, identity: str, name: str, field: str) -> None:
    if resource.id_rule and not re.fullmatch(resource.id_rule, identity):
        rule = f"{field} '{identity}' must match the pattern {resource.id_rule}."
        raise errors.invalid(resource.id_error.format(id=identity, name=name) if resource.id_error else rule, field)


def _wrapper(call: Call, resource: Resource) -> str:
    """The field of a request that holds the resource, "" when the body is the resource: {topic: {…}, updateMask: …}."""
    if call.method.request.endswith(resource.kind):
        return ""
    properties = call.schema(call.method.request).get("properties", {})
    return next((name for name, one in properties.items() if one.get("$ref", "").endswith(resource.kind)), "")


def _stamp(call: Call, resource: Resource, body: Body, *, new: bool) -> None:
    properties = call.document.schemas.get(_schema(call, resource), {}).get("properties", {})
    now = call.cloud.clock.rfc3339()
    if "updateTime" in properties:
        body["updateTime"] = now
    if new and "createTime" in properties:
        body["createTime"] = now
    if new and "uid" in properties:
        body["uid"] = str(uuid.uuid4())


def _with_etag(call: Call, resource: Resource, body: Body) -> Body:
    if "etag" not in call.document.schemas.get(_schema(call, resource), {}).get("properties", {}):
        return body
    if resource.etag is not None:
        body["etag"] = resource.etag(body)
        return body
    content = {key: value for key, value in body.items() if key != "etag"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:14]
    body["etag"] = f'"{digest}"'
    return body


def _same_etag(sent: str | None, body: Body) -> None:
    if sent and "etag" in body and sent.strip('"') != str(body["etag"]).strip('"'):
        raise errors.aborted(
            f"The etag {sent} is not the resource's current one ({body['etag']}): it has changed. Read the resource again and retry."
        )


def _schema(call: Call, resource: Resource) -> str:
    candidates = (call.method.request, call.method.response, resource.kind, *call.document.schemas)
    return next(name for name in candidates if name.endswith(resource.kind) and not name.endswith("Operation"))


def _text(call: Call, text: str, name: str) -> str:
    return text.format(name=name, numbered=call.cloud.projects.numbered(name), id=name.rpartition("/")[2])
