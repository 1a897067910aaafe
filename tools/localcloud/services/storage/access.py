"""Who may do what with buckets and objects.

Source: cloud.google.com/storage/docs/access-control/iam-json (permission per method).
"""

from __future__ import annotations

from localcloud.call import Call
from localcloud.services.storage import refusals, rows
from localcloud.services.storage.rows import Bucket


def bucket_resource(name: str) -> str:
    """The name that a bucket's policy is kept under and that conditions see."""
    return f"projects/_/buckets/{name}"


def require(call: Call, bucket: Bucket, permission: str, name: str | None = None) -> None:
    """Refuse (403, without a token 401) unless the caller has the permission on the bucket or on its object `name`."""
    resource = bucket_resource(bucket.name)
    if name is not None:
        resource = f"{resource}/objects/{name}"
    if not call.cloud.iam.allowed(call.principal, permission, "storage", resource, bucket.project):
        thing = (
            "object" if permission.startswith("storage.objects.") and permission != "storage.objects.list" else "bucket"
        )
        raise refusals.denied(email(call), permission, thing)


def require_in_project(call: Call, project: str, permission: str) -> None:
    """Refuse (403, without a token 401) unless the caller has the permission in the project."""
    if not call.cloud.iam.allowed(call.principal, permission, "storage", "", project):
        raise refusals.denied(email(call), permission, "project")


def bucket(call: Call, name: str, permission: str) -> Bucket:
    """The bucket of that name (404 when there is none), for a caller who has the permission on it."""
    found = rows.bucket(call.cloud.store, name)
    require(call, found, permission)
    return found


def email(call: Call) -> str:
    """The caller as refusals name them; empty for an anonymous one."""
    return call.principal.partition(":")[2]
