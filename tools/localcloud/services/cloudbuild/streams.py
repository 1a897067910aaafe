"""Logs in Google's default bucket for builds, served under the bucket's host name with range requests, as gcloud reads them.

The bucket is in no project, and not in Cloud Storage here either: its objects are the stored logs.
"""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from localcloud.engine import gate
from localcloud.engine.cloud import Cloud
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import journal
from localcloud.services.cloudbuild.names import API

READ = "logging.logEntries.list"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def application(cloud: Cloud) -> Starlette:
    """Serves the default log buckets of all projects."""

    async def log(request: Request) -> Response:
        number, identity = request.path_params["number"], request.path_params["id"]
        project = cloud.projects.by_number(number)
        rows = cloud.store.list(API, f"projects/{project}/locations/-", "builds") if project else []
        build = next((name for name, _ in rows if name.endswith(f"/{identity}")), "")
        try:
            principal = gate.caller(cloud, request.headers)
        except CloudError as problem:
            return PlainTextResponse(problem.message, problem.code)
        if not cloud.iam.allowed(principal, READ, API, build, project):
            who = principal.partition(":")[2] or "Anonymous caller"
            return PlainTextResponse(f"{who} does not have storage.objects.get access to the log of this build.", 403)
        text = journal.read(cloud, build).encode() if build else b""
        return _piece(text, request.headers.get("range", "")) if text else PlainTextResponse("No such log.", 404)

    return Starlette(routes=[Route(f"/{{number:int}}{journal.OWN}/log-{{id}}.txt", log, methods=["GET", "HEAD"])])


def _piece(text: bytes, range_header: str) -> Response:
    match = _RANGE.fullmatch(range_header)
    if match is None:
        return Response(text, media_type="text/plain")
    start, end = int(match[1]), int(match[2]) if match[2] else len(text) - 1
    if start >= len(text):
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(text)}"})
    piece = text[start : end + 1]
    headers = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(text)}"}
    return Response(piece, 206, headers, "text/plain")
