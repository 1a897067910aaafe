"""Creates an object from uploaded content: metadata, checks, and the new live version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.errors import precondition_failed
from localcloud.services.storage import acl_entries, answers, checksums, keys, preconditions, refusals, versions
from localcloud.services.storage.object_fields import Data
from localcloud.services.storage.rows import Bucket
from localcloud.services.storage.versions import NewVersion
from localcloud.spec import conformance, json_text

Sent = dict[str, Any]
UNTYPED = "application/octet-stream"


def metadata(call: Call, text: bytes) -> Sent:
    """The metadata part of an upload: an object resource as JSON, or nothing; otherwise 400."""
    if not text.strip():
        return keys.with_key({}, call.headers)
    try:
        sent = json_text.read(text)
    except (ValueError, RecursionError):
        raise refusals.parse_error() from None
    return keys.with_key(conformance.check(call.document, "Object", sent, older=True, lenient=True), call.headers)


def check_metadata_size(size: int) -> None:
    """Refuses (400) metadata that is too large; an upload's content may be of any size."""
    if size > json_text.MOST_BYTES:
        raise refusals.invalid(f"The metadata of an upload has at most {json_text.MOST_BYTES} bytes; this has {size}.")


def name_of(params: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """The name of the new object: the query parameter, else the metadata's."""
    name = params.get("name") or sent.get("name")
    if not name:
        raise refusals.required("name")
    return str(name)


def check_request(call: Call, bucket: Bucket, sent: Mapping[str, Any]) -> None:
    """Refuses unsupported options: Cloud KMS keys, keys that the bucket forbids, access control lists under uniform access."""
    if "encryption" in bucket.facts:
        _check_enforcement(bucket, customer_supplied=keys.FIELD in sent)
    if call.params.get("kmsKeyName") or call.params.get("destinationKmsKeyName") or sent.get("kmsKeyName"):
        raise refusals.unsupported("Cloud KMS keys for objects; leave out kmsKeyName")
    if bucket.uniform and acl_entries.asked(call, bucket, sent):
        raise refusals.acl_insert()


def _check_enforcement(bucket: Bucket, *, customer_supplied: bool) -> None:
    """Refuse (412) a new object that is encrypted otherwise than its bucket wants.

    Source: cloud.google.com/storage/docs/encryption/enforce-encryption-types.
    """
    kind = "customerSupplied" if customer_supplied else "googleManaged"
    config = bucket.facts["encryption"].get(f"{kind}EncryptionEnforcementConfig", {})
    if config.get("restrictionMode") == "FullyRestricted":
        raise precondition_failed(f"The bucket '{bucket.name}' takes no new objects with {kind} encryption.")


def finish(call: Call, bucket: Bucket, sent: Sent, data: Data, content: bytes | Path) -> Reply:
    """Checks the received content and makes it the live version."""
    check_request(call, bucket, sent)
    checksums.check(data.checksums, sent, call.headers)
    if call.params.get("contentEncoding"):
        sent = {**sent, "contentEncoding": call.params["contentEncoding"]}
    draft = NewVersion(bucket, name_of(call.params, sent), sent, data, content)
    row = versions.place(call, draft, preconditions.of(call.params))
    if sent.get("acl"):
        call = call._replace(params={"projection": "full", **call.params})
    return answers.object_reply(call, bucket, row, {"x-goog-hash": data.checksums.header})
