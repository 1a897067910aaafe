"""Cloud Storage's error messages.

Sources: cloud.google.com/storage/docs/json_api/v1/status-codes and messages quoted in public issue threads.
"""

from __future__ import annotations

from datetime import datetime

from localcloud.errors import CloudError, already_exists, not_found, permission_denied, precondition_failed
from localcloud.errors import invalid as invalid_argument

_READ_MORE = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"


def invalid(message: str) -> CloudError:
    """400 with reason `invalid`."""
    return invalid_argument(message, reason="invalid")


def required(parameter: str) -> CloudError:
    """400: a required parameter or field is missing."""
    return invalid_argument(f"Required parameter: {parameter}", parameter, "required")


def parse_error() -> CloudError:
    """400: a body that is not a JSON object."""
    return invalid_argument("Parse Error", reason="parseError")


def upload_gap(received: int, start: int) -> CloudError:
    """503: a chunk of an upload would leave a gap; the client asks for the upload's progress, and continues from there."""
    message = f"Invalid request.  The upload has received {received} bytes, but this piece starts at {start}."
    return CloudError(503, "UNAVAILABLE", message, "backendError")


def no_payer() -> CloudError:
    """400: the bucket is requester-pays, and the request names no project to bill."""
    message = "Bucket is requester pays bucket but no user project provided."
    return invalid_argument(message, "userProject", "required")


def unknown_payer() -> CloudError:
    """400: the project to bill does not exist."""
    return invalid("User project specified in the request is invalid.")


def no_bucket() -> CloudError:
    """404: there is no bucket of that name."""
    return not_found("The specified bucket does not exist.")


def no_object(bucket: str, name: str, generation: int | None = None) -> CloudError:
    """404: the bucket has no such object, or not in that generation."""
    suffix = "" if generation is None else f"#{generation}"
    return not_found(f"No such object: {bucket}/{name}{suffix}")


def no_folder(kind: str, bucket: str, name: str) -> CloudError:
    """404: the bucket has no such folder; `kind` is "folder" or "managed folder"."""
    return not_found(f"The specified {kind} does not exist: {bucket}/{name}")


def needs_uniform_access(bucket: str, request: str) -> CloudError:
    """412: the request needs uniform bucket-level access."""
    return precondition_failed(f"{request} need uniform bucket-level access; enable it on the bucket '{bucket}'.")


def no_upload() -> CloudError:
    """404: no resumable upload session has that id."""
    return not_found("Upload session not found; start a new resumable upload.")


def upload_over() -> CloudError:
    """410: the session expired after a week. Source: cloud.google.com/storage/docs/json_api/v1/status-codes#410_Gone."""
    return CloudError(410, "NOT_FOUND", "The upload session has expired; start a new resumable upload.", "gone")


def cancelled_upload() -> CloudError:
    """499: the answer of a cancelled upload session."""
    return CloudError(499, "CANCELLED", "Client Closed Request", "clientClosedRequest")


def bucket_is_yours() -> CloudError:
    """409: the project already has a bucket of that name."""
    return already_exists("Your previous request to create the named bucket succeeded and you already own it.")


def bucket_is_taken() -> CloudError:
    """409: another project has a bucket of that name."""
    return already_exists(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again."
    )


def bucket_not_empty() -> CloudError:
    """409: a bucket with objects, live or noncurrent, cannot be deleted."""
    return already_exists("The bucket you tried to delete is not empty.")


def condition_not_met() -> CloudError:
    """412: a precondition of the request does not hold."""
    return precondition_failed("At least one of the pre-conditions you specified did not hold.")


def unsatisfiable_range(size: int) -> CloudError:
    """416: the range starts beyond the object's end."""
    headers = {"Content-Range": f"bytes */{size}"}
    return CloudError(
        416, "OUT_OF_RANGE", "Request range not satisfiable", "requestedRangeNotSatisfiable", headers=headers
    )


def denied(caller: str, permission: str, resource: str) -> CloudError:
    """403 for a known caller, 401 for an anonymous one; `resource` is bucket, object or project."""
    text = access_text(caller, permission, resource)
    return permission_denied(text) if caller else CloudError(401, "UNAUTHENTICATED", text, "required")


def access_text(caller: str, permission: str, resource: str) -> str:
    """The message about the permission that a caller lacks; `caller` is an e-mail address, empty for anonymous."""
    where = "Google Cloud project" if resource == "project" else f"Google Cloud Storage {resource}"
    return (
        f"{caller or 'Anonymous caller'} does not have {permission} access to the {where}. "
        f"Permission '{permission}' denied on resource (or it may not exist)."
    )


def forbidden(message: str) -> CloudError:
    """403 with reason `forbidden`, where no permission would help."""
    return permission_denied(message)


def held(bucket: str, name: str, kind: str) -> CloudError:
    """403: the object is under a hold; `kind` is Temporary or Event-Based."""
    return forbidden(
        f"Object '{bucket}/{name}' is under active {kind} hold and cannot be deleted, overwritten or archived "
        "until hold is removed."
    )


def retained(bucket: str, name: str, until: datetime) -> CloudError:
    """403: the object is retained until that time."""
    return CloudError(
        403,
        "PERMISSION_DENIED",
        f"Object '{bucket}/{name}' is subject to bucket's retention policy or object retention and cannot be deleted "
        f"or overwritten until {until.isoformat()}",
        "retentionPolicyNotMet",
    )


def no_object_retention(bucket: str) -> CloudError:
    """400: object retention in a bucket that was created without it."""
    return invalid(
        f"Object retention is not enabled for bucket '{bucket}'; recreate it with enableObjectRetention=true."
    )


def public_access_prevented() -> CloudError:
    """412: the bucket's public access prevention forbids these members."""
    return precondition_failed(
        "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention "
        "is enforced."
    )


def acl_read(resource: str) -> CloudError:
    """400: reading a bucket's or an object's access control list under uniform access."""
    if resource == "bucket":
        return invalid(f"Cannot get legacy ACL for a bucket that has uniform bucket-level access. {_READ_MORE}")
    return invalid(f"Cannot get legacy ACL for an object when uniform bucket-level access is enabled. {_READ_MORE}")


def acl_write(resource: str) -> CloudError:
    """400: changing a bucket's or an object's access control list under uniform access."""
    if resource == "bucket":
        return invalid(
            f"Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled. {_READ_MORE}"
        )
    return invalid(
        f"Cannot update access control for an object when uniform bucket-level access is enabled. {_READ_MORE}"
    )


def acl_insert() -> CloudError:
    """400: creating an object with an access control list under uniform access."""
    return invalid(f"Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. {_READ_MORE}")


def unsupported(feature: str) -> CloudError:
    """501: a feature of Google's that the local cloud lacks."""
    return CloudError(501, "UNIMPLEMENTED", f"This local cloud does not have {feature}.", "notImplemented")
