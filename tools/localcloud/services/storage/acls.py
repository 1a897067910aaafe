"""The methods of access control lists, which are refused under uniform bucket-level access.

Source: cloud.google.com/storage/docs/json_api/v1/bucketAccessControls, …/defaultObjectAccessControls, …/objectAccessControls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError
from localcloud.services.storage import access, acl_entries, bucket_fields, object_fields, refusals, rows, versions
from localcloud.services.storage.acl_entries import Entry
from localcloud.services.storage.rows import Bucket, ObjectVersion
from localcloud.spec import json_text

_NEEDED = {
    "get": ("getIamPolicy", "get"),
    "set": ("setIamPolicy", "getIamPolicy", "get", "update"),
}
"""The permissions for lists. Source: https://cloud.google.com/storage/docs/access-control/iam-json"""


@dataclass(frozen=True, slots=True)
class _List:
    """A request's access control list: its entries, how to write them back, and extra fields of its rows."""

    kind: str
    entries: dict[str, str]
    write: Callable[[list[Entry]], None]
    place: Mapping[str, str]


Find = Callable[[Call, str], _List]


def _of_bucket(call: Call, verb: str) -> _List:
    bucket = _open(call, "bucket", verb)

    def write(entries: list[Entry]) -> None:
        acl_entries.write_bucket(call, bucket, entries)
        _touch_bucket(call, bucket)

    return _List("bucketAccessControl", dict(acl_entries.of_bucket(call, bucket)), write, {"bucket": bucket.name})


def _of_new_objects(call: Call, verb: str) -> _List:
    bucket = _open(call, "bucket", verb)

    def write(entries: list[Entry]) -> None:
        acl_entries.write_new_objects(call, bucket, entries)
        _touch_bucket(call, bucket)

    return _List("objectAccessControl", dict(acl_entries.of_new_objects(call, bucket)), write, {})


def _of_object(call: Call, verb: str) -> _List:
    bucket, name = _open(call, "object", verb), call.params["object"]
    row = versions.find(call.cloud.store, bucket, name, call.params.get("generation"))

    def write(entries: list[Entry]) -> None:
        acl_entries.write_object(call, bucket, name, entries)
        _touch_object(call, row)

    return _List("objectAccessControl", dict(acl_entries.of_object(call, bucket, name)), write, _place(row))


def _open(call: Call, resource: str, verb: str) -> Bucket:
    """The bucket, whose lists (or whose object's) the caller may `get` or `set`; 400 where access is uniform."""
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    needed = (f"{verb}IamPolicy",) if call.method.id.endswith("IamPolicy") else _NEEDED[verb]
    for one in needed:
        access.require(call, bucket, f"storage.{resource}s.{one}", call.params.get("object"))
    if bucket.uniform:
        raise refusals.acl_read(resource) if verb == "get" else refusals.acl_write(resource)
    return bucket


def _place(row: ObjectVersion) -> Mapping[str, str]:
    return {"bucket": row.bucket, "object": row.name, "generation": str(row.generation)}


def _touch_bucket(call: Call, bucket: Bucket) -> None:
    facts = bucket_fields.patched(bucket.facts, {}, call.cloud.clock.now())
    rows.change_bucket(call.cloud.store, bucket, facts)


def _touch_object(call: Call, row: ObjectVersion) -> None:
    new = object_fields.patched(row.resource, {}, call.cloud.clock.now(), override_retention=False)
    changed = row._replace(metageneration=row.metageneration + 1, facts=json_text.write(new))
    rows.update(call.cloud.store, changed)


def _shown(call: Call, kind: str, place: Mapping[str, str], entry: Entry) -> Body:
    entity, role = entry
    first, _, rest = entity.partition("-")
    body: Body = {"kind": f"storage#{kind}", "entity": entity, "role": role, "etag": bucket_fields.etag(1), **place}
    if place:
        body["id"] = "/".join([*place.values(), entity])
        inner = f"/o/{object_fields.in_path(place['object'])}" if "object" in place else ""
        body["selfLink"] = f"{call.base}/storage/v1/b/{place['bucket']}{inner}/acl/{entity}"
    if first in {"user", "group"}:
        body["email"] = rest
    elif first == "domain":
        body["domain"] = rest
    elif first == "project":
        team, _, number = rest.partition("-")
        body["projectTeam"] = {"projectNumber": number, "team": team}
    return body


def in_bucket(call: Call, bucket: Bucket) -> Body:
    """The additional fields of a bucket's full projection."""
    own = [
        _shown(call, "bucketAccessControl", {"bucket": bucket.name}, one) for one in acl_entries.of_bucket(call, bucket)
    ]
    fresh = [_shown(call, "objectAccessControl", {}, one) for one in acl_entries.of_new_objects(call, bucket)]
    owner = {"entity": f"project-owners-{bucket.facts['projectNumber']}"}
    return {"acl": own, "defaultObjectAcl": fresh, "owner": owner}


def in_object(call: Call, bucket: Bucket, row: ObjectVersion) -> Body:
    """The additional fields of an object's full projection."""
    entries = acl_entries.of_object(call, bucket, row.name)
    owner = {"entity": f"project-owners-{bucket.facts['projectNumber']}"}
    return {"acl": [_shown(call, "objectAccessControl", _place(row), one) for one in entries], "owner": owner}


def _handlers(find: Find) -> Mapping[str, Callable[[Call], Body | Reply]]:
    """The six methods of one kind of list."""

    def list_(call: Call) -> Body:
        one = find(call, "get")
        return {"kind": f"storage#{one.kind}s", "items": [_row(call, one, entity) for entity in one.entries]}

    def get(call: Call) -> Body:
        return _row(call, find(call, "get"), call.params["entity"])

    def insert(call: Call) -> Body:
        return _put(call, find(call, "set"), str(call.body.get("entity") or ""))

    def change(call: Call) -> Body:
        one, entity = find(call, "set"), call.params["entity"]
        _row(call, one, entity)
        return _put(call, one, entity)

    def delete(call: Call) -> Reply:
        one, entity = find(call, "set"), call.params["entity"]
        _row(call, one, entity)
        one.write([pair for pair in one.entries.items() if pair[0] != entity])
        return Reply(status=204)

    return {"list": list_, "get": get, "insert": insert, "patch": change, "update": change, "delete": delete}


def _row(call: Call, one: _List, entity: str) -> Body:
    if entity not in one.entries:
        raise CloudError(404, "NOT_FOUND", f"The specified ACL entry for '{entity}' does not exist.", "notFound")
    return _shown(call, one.kind, one.place, (entity, one.entries[entity]))


def _put(call: Call, one: _List, entity: str) -> Body:
    role = str(call.body.get("role") or one.entries.get(entity, ""))
    one.entries[entity] = role
    one.write(list(one.entries.items()))
    return _row(call, one, entity)


def object_policy(call: Call) -> Body:
    """storage.objects.getIamPolicy: the object's list in legacy roles"""
    bucket, name = _open(call, "object", "get"), call.params["object"]
    versions.find(call.cloud.store, bucket, name, call.params.get("generation"))
    return _policy_shown(call, bucket, name)


def set_object_policy(call: Call) -> Body:
    """storage.objects.setIamPolicy: legacy roles of objects only, which become the object's list"""
    bucket, name = _open(call, "object", "set"), call.params["object"]
    row = versions.find(call.cloud.store, bucket, name, call.params.get("generation"))
    if call.body.get("etag") not in {None, _policy_shown(call, bucket, name)["etag"]}:
        raise refusals.condition_not_met()
    bindings = call.body.get("bindings") or []
    if any(one.get("role") not in acl_entries.OBJECT_ROLES.values() or one.get("condition") for one in bindings):
        raise refusals.invalid(
            f"Policies of objects take these roles without conditions: {', '.join(acl_entries.OBJECT_ROLES.values())}."
        )
    acl_entries.write_object(
        call, bucket, name, acl_entries.entries(call, {"bindings": bindings}, acl_entries.OBJECT_ROLES)
    )
    _touch_object(call, row)
    return _policy_shown(call, bucket, name)


def _policy_shown(call: Call, bucket: Bucket, name: str) -> Body:
    policy = call.cloud.iam.policy(access.LISTS, access.list_of(call, bucket, name))
    resource = f"{access.bucket_resource(bucket.name)}/objects/{name}"
    return {"kind": "storage#policy", "resourceId": resource, "version": 1, **policy}


def methods() -> dict[str, Callable[[Call], Body | Reply]]:
    """Handlers by method id."""
    kinds = {
        "bucketAccessControls": _of_bucket,
        "defaultObjectAccessControls": _of_new_objects,
        "objectAccessControls": _of_object,
    }
    return {
        f"storage.{kind}.{verb}": handler for kind, find in kinds.items() for verb, handler in _handlers(find).items()
    }
