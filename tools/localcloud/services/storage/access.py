"""Access to buckets and objects.

Source: cloud.google.com/storage/docs/access-control/iam-json (permission per method).
"""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.engine import gate
from localcloud.engine.service import Call
from localcloud.errors import CloudError
from localcloud.services.storage import refusals, rows
from localcloud.services.storage.rows import Bucket

_BUCKETS = "projects/_/buckets/"
LISTS = "storage lists"
"""The API under which access control lists are kept as policies; they count where access is not uniform."""


def bucket_resource(name: str) -> str:
    """The name under which a bucket's policy is stored, and which conditions see."""
    return f"{_BUCKETS}{name}"


def own_list(bucket: Bucket, name: str) -> str:
    """The key of an object's own access control list: a single segment, so that no list applies to objects "below"."""
    segment = name.replace("%", "%25").replace("/", "%2F")
    return f"{bucket_resource(bucket.name)}/objects/{segment}"


def default_list(bucket: Bucket) -> str:
    """The key of the access control list for objects without their own."""
    return f"{bucket_resource(bucket.name)}/defaultObjectAcl"


def list_of(call: Call, bucket: Bucket, name: str) -> str:
    """The key of the access control list that applies to an object."""
    own = own_list(bucket, name)
    return own if call.cloud.iam.has_policy(LISTS, own) else default_list(bucket)


def allowed(call: Call, bucket: Bucket, permission: str, name: str | None = None) -> bool:
    """Whether the caller has the permission on the bucket or its object `name`, by policies or, if those count, by lists."""
    iam, resource, public = call.cloud.iam, bucket_resource(bucket.name), not bucket.private
    if name is None:
        return iam.allowed(call.principal, permission, "storage", resource, bucket.project, public=public)
    where = f"{resource}/objects/{name}"
    if iam.allowed(
        call.principal, permission, "storage", where, bucket.project, also=folders_of(bucket, name), public=public
    ):
        return True
    return not bucket.uniform and iam.allowed(
        call.principal, permission, LISTS, list_of(call, bucket, name), None, public=public
    )


def folder_resource(bucket: Bucket, folder: str) -> str:
    """The name under which a managed folder's policy is stored; `folder` ends with a slash."""
    return f"{bucket_resource(bucket.name)}/managedFolders/{folder}"


def folders_of(bucket: Bucket, name: str) -> Sequence[str]:
    """The managed folders that could apply to an object, whether they exist or not."""
    if "/" not in name:
        return ()
    return [folder_resource(bucket, name[: at + 1]) for at, letter in enumerate(name) if letter == "/"]


def allowed_below(call: Call, bucket: Bucket, permission: str, prefix: str) -> bool:
    """Whether the caller has the permission on the bucket, or on a managed folder that contains all names with this prefix."""
    return call.cloud.iam.allowed(
        call.principal,
        permission,
        "storage",
        bucket_resource(bucket.name),
        bucket.project,
        also=folders_of(bucket, prefix),
        public=not bucket.private,
    )


def require_below(call: Call, bucket: Bucket, permission: str, prefix: str) -> None:
    """Refuses (403, without a token 401) unless the caller has the permission on all names with a prefix."""
    if "billing" in bucket.facts:
        _check_payer(call, bucket)
    if not allowed_below(call, bucket, permission, prefix):
        raise gate.refusal(call, permission, bucket_resource(bucket.name))


def require(call: Call, bucket: Bucket, permission: str, name: str | None = None) -> None:
    """Refuses (403, without a token 401) unless the caller has the permission on the bucket or on its object `name`."""
    if "billing" in bucket.facts:
        _check_payer(call, bucket)
    if not allowed(call, bucket, permission, name):
        resource = bucket_resource(bucket.name)
        raise gate.refusal(call, permission, resource if name is None else f"{resource}/objects/{name}")


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
    """Refuses (403, without a token 401) unless the caller has the permission in the project."""
    if not call.cloud.iam.allowed(call.principal, permission, "storage", "", project):
        raise gate.refusal(call, permission, f"projects/{project}")


def refusal(call: Call, permission: str, resource: str) -> CloudError:
    """Service.refusal with Cloud Storage's messages; 401 without a token."""
    if not resource.startswith(_BUCKETS):
        return refusals.denied(email(call), permission, "project")
    on_object = permission.startswith("storage.objects.") and permission != "storage.objects.list"
    return refusals.denied(email(call), permission, "object" if on_object else "bucket")


def bucket(call: Call, name: str, permission: str) -> Bucket:
    """The bucket of that name (404 when there is none), if the caller has the permission on it."""
    row = rows.bucket(call.cloud.store, name)
    require(call, row, permission)
    return row


def email(call: Call) -> str:
    """The caller as error messages name them; empty for an anonymous one."""
    return call.principal.partition(":")[2]
