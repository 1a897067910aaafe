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
    if "billing" in bucket.facts:
        _check_payer(call, bucket)
    resource = bucket_resource(bucket.name)
    if name is not None:
        resource = f"{resource}/objects/{name}"
    if not call.cloud.iam.allowed(call.principal, permission, "storage", resource, bucket.project):
        thing = (
            "object" if permission.startswith("storage.objects.") and permission != "storage.objects.list" else "bucket"
        )
        raise refusals.denied(email(call), permission, thing)


def _check_payer(call: Call, bucket: Bucket) -> None:
    """Refuse a request to a bucket whose readers pay, unless it names their project or the bucket's project pays anyway.

    Source: cloud.google.com/storage/docs/requester-pays.
    """
    if not bucket.facts["billing"].get("requesterPays"):
        return
    payer = call.params.get("userProject") or call.headers.get("x-goog-user-project")
    if payer is None:
        if not call.cloud.iam.allowed(
            call.principal, "resourcemanager.projects.createBillingAssignment", "storage", "", bucket.project
        ):
            raise refusals.no_payer()
        return
    project = call.cloud.projects.id_of(payer)
    if call.cloud.projects.find(project) is None:
        raise refusals.unknown_payer()
    require_in_project(call, project, "serviceusage.services.use")


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
