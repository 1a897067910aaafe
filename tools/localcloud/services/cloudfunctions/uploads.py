"""Upload URLs: whoever has one may upload a function's source to it, once and within half an hour.

Source: https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/generateUploadUrl.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError
from localcloud.services.cloudfunctions import names
from localcloud.services.cloudfunctions.names import API

EXPIRY = "upload"
_VALID_SECONDS = 1800.0


def generate(call: Call) -> Body:
    """functions.generateUploadUrl: the URL of an upload that Cloud Functions' agent has started."""
    project, region, cloud = call.project or "", call.parent.split("/")[3], call.cloud
    bucket, name = names.bucket(cloud, project, region, "uploads"), f"{uuid.uuid4()}.zip"
    path = f"upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={name}"
    started = asking.reply(cloud, cloud.agents.member(API, project), "POST", path, b"{}")
    location = urlsplit(started.headers["location"])
    cloud.due.after(API, EXPIRY, f"{project} {bucket} {parse_qs(location.query)['upload_id'][0]}", _VALID_SECONDS)
    return {"uploadUrl": location.geturl(), "storageSource": {"bucket": bucket, "object": name}}


def expire(cloud: Cloud, name: str, _moment: float) -> None:
    """Cancels an upload whose time is over; a finished one is not affected."""
    project, bucket, session = name.split(" ")
    with suppress(CloudError):
        names.ask(cloud, project, "DELETE", f"upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={session}")
