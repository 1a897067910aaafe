"""Access control lists: refused where access is uniform, as Google does; elsewhere the default lists can be read.

Source: cloud.google.com/storage/docs/uniform-bucket-level-access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.call import Call
from localcloud.errors import CloudError
from localcloud.services.storage import access, bucket_fields, object_fields, refusals, versions
from localcloud.services.storage.rows import Bucket

Body = dict[str, Any]


def of_bucket(call: Call) -> Body:
    """storage.bucketAccessControls.list and get"""
    bucket = _readable(call, "bucket", "storage.buckets.getIamPolicy")
    return _answer(call, "bucketAccessControl", bucket_fields.shown(bucket.facts, call.base, full=True)["acl"])


def default_of_bucket(call: Call) -> Body:
    """storage.defaultObjectAccessControls.list and get"""
    bucket = _readable(call, "bucket", "storage.buckets.getIamPolicy")
    rows = bucket_fields.shown(bucket.facts, call.base, full=True)["defaultObjectAcl"]
    return _answer(call, "objectAccessControl", rows)


def of_object(call: Call) -> Body:
    """storage.objectAccessControls.list and get"""
    bucket = _readable(call, "object", "storage.objects.getIamPolicy")
    versions.find(call.cloud.store, bucket, call.params["object"], call.params.get("generation"))
    return _answer(call, "objectAccessControl", object_fields.acl(bucket.facts["projectNumber"])["acl"])


def _readable(call: Call, thing: str, permission: str) -> Bucket:
    bucket = access.bucket(call, call.params["bucket"], permission)
    if bucket.uniform:
        raise refusals.acl_read(thing)
    return bucket


def _answer(call: Call, kind: str, rows: list[Body]) -> Body:
    entity = call.params.get("entity")
    if entity is None:
        return {"kind": f"storage#{kind}s", "items": rows}
    for row in rows:
        if row["entity"] == entity:
            return row
    raise CloudError(404, "NOT_FOUND", f"The specified ACL entry for '{entity}' does not exist.", "notFound")


def _refuse_change(call: Call, thing: str, permission: str) -> CloudError:
    bucket = access.bucket(call, call.params["bucket"], permission)
    if bucket.uniform:
        return refusals.acl_write(thing)
    return refusals.unsupported(
        f"changes of access control lists; give bucket '{bucket.name}' uniform bucket-level access and an IAM policy"
    )


def change_bucket(call: Call) -> Body:
    """Every change of a bucket's lists"""
    raise _refuse_change(call, "bucket", "storage.buckets.setIamPolicy")


def change_object(call: Call) -> Body:
    """Every change of an object's list"""
    raise _refuse_change(call, "object", "storage.objects.setIamPolicy")


Handler = Callable[[Call], Body]


def methods() -> dict[str, Handler]:
    """Handlers by method id."""
    found: dict[str, Handler] = {}
    for collection, read, change in (
        ("bucketAccessControls", of_bucket, change_bucket),
        ("defaultObjectAccessControls", default_of_bucket, change_bucket),
        ("objectAccessControls", of_object, change_object),
    ):
        found |= {f"storage.{collection}.{verb}": read for verb in ("get", "list")}
        found |= {f"storage.{collection}.{verb}": change for verb in ("insert", "patch", "update", "delete")}
    return found
