"""Authorises large bodies before they are read, so that strangers cannot fill the disk."""

from __future__ import annotations

from localcloud.engine.service import Call
from localcloud.services.storage import access, rows, sessions, xml_uploads


def of_upload(call: Call) -> None:
    """Refuses an upload to a missing bucket, by an anonymous caller, or by one who may not create that object; a session's URL is its own proof."""
    if "upload_id" in call.params:
        sessions.find(call.cloud, call.params["upload_id"])
        return
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    name = call.params.get("name")
    # A multipart upload's name may be in its metadata; known callers are checked again once that has arrived.
    if name is not None or not call.principal:
        access.require(call, bucket, "storage.objects.create", name)


def of_object(call: Call) -> None:
    """The same for the XML API, where the URL has the object's name."""
    if "uploadId" in call.params:
        xml_uploads.destination(call, "create")
        xml_uploads.found(call)
        return
    bucket = rows.bucket(call.cloud.store, call.params["bucket"])
    access.require(call, bucket, "storage.objects.create", call.params["object"])
