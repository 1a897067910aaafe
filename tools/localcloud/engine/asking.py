"""Calls of other APIs of the cloud as an account, such as a build's or a service agent."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from typing import IO, Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.interfaces import Requests
from localcloud.errors import CloudError, unimplemented
from localcloud.spec.json_text import Body


def reply(
    cloud: Cloud, principal: str, verb: str, path: str, body: bytes = b"", kind: str = "application/json"
) -> Reply:
    """The whole reply to a request, whatever its status. Call it within a transaction."""
    requests = cloud.offers.get(Requests)
    if requests is None:
        raise unimplemented("This cloud does not serve requests.")
    return requests.ask(principal, verb, path, body, kind)


def ask_json(cloud: Cloud, principal: str, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Body:
    """The reply's JSON; raises CloudError with the API's message for an error. Call it within a transaction."""
    data = b"" if body is None else json.dumps(body).encode()
    answer = reply(cloud, principal, verb, path, data)
    parsed: Body = json.loads(answer.body) if isinstance(answer.body, bytes) and answer.body else {}
    if answer.status >= 400:
        error = parsed.get("error", {})
        status = error.get("status") or {403: "PERMISSION_DENIED", 404: "NOT_FOUND"}.get(
            answer.status, "FAILED_PRECONDITION"
        )
        raise CloudError(answer.status, status, str(error.get("message", "")))
    return parsed


def stream(answer: Reply) -> IO[bytes]:
    """Opens the body of a reply, which may be a file of the store; the caller closes it."""
    if answer.file is not None:
        return answer.file[0].open("rb")
    spool = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115
    for piece in answer.pieces or (answer.body,):
        spool.write(piece if isinstance(piece, bytes) else b"")
    spool.seek(0)
    return spool
