"""Batch requests: several JSON requests in one `multipart/mixed` body, answered in order.

Sources: cloud.google.com/storage/docs/batch, cloud.google.com/compute/docs/api/how-tos/batch.
"""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from localcloud.engine import multipart
from localcloud.engine.exchange import Reply
from localcloud.engine.service import Call
from localcloud.errors import CloudError, invalid

_OWN = ("/batch", "/upload", "/resumable", "/download")


def run(call: Call, most: int) -> Reply:
    """Runs each part as a request of its own; a refused one does not affect the others. A batch of more than `most` parts is refused."""
    if call.content is None:
        raise _refused("A batch needs a multipart/mixed body.")
    body, mark = call.content.read(), multipart.boundary(call.content.type)
    parts = list(islice(multipart.parts(body, mark), most + 1))
    if len(parts) > most:
        raise _refused(f"A batch may have at most {most} calls.")
    answers = [_part(part, _run_part(call, body[part.start : part.end])) for part in parts]
    edge = f"batch_{uuid.uuid4().hex}"
    text = b"".join(b"--%s\r\n%s\r\n" % (edge.encode(), answer) for answer in answers) + b"--%s--\r\n" % edge.encode()
    return Reply(200, text, {"content-type": f"multipart/mixed; boundary={edge}"})


def _refused(message: str) -> CloudError:
    return invalid(message, reason="invalid")


def _run_part(call: Call, request: bytes) -> Reply:
    head, _, body = (
        request.lstrip().partition(b"\r\n\r\n") if b"\r\n\r\n" in request else request.lstrip().partition(b"\n\n")
    )
    line, _, fields = head.partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:
        raise _refused("A part of the batch does not begin with a request line such as 'GET /storage/v1/b HTTP/1.1'.")
    try:
        address = urlsplit(words[1])
    except ValueError:
        raise _refused(f"{words[1][:200]!r} in a part of the batch is not a valid URL.") from None
    path = f"/{address.path.lstrip('/')}"
    if path.startswith(_OWN):
        raise _refused(f"{path} cannot be called in a batch.")
    if ("alt", "media") in parse_qsl(address.query):
        raise _refused("The content of objects cannot be requested in a batch, only their metadata.")
    target = path + (f"?{address.query}" if address.query else "")
    headers = multipart.parse_headers(fields)
    if "authorization" in call.headers:
        headers.setdefault("authorization", call.headers["authorization"])
    return call.inside(words[0], target, headers, body)


def _part(part: multipart.Part, reply: Reply) -> bytes:
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode() if reply.body else b""
    headers = {
        "content-type": "application/json; charset=UTF-8",
        **{name.lower(): value for name, value in reply.headers.items()},
    }
    headers["content-length"] = str(len(body))
    identity = part.headers.get("content-id", "").strip("<>")
    lines = ["Content-Type: application/http", *([f"Content-ID: <response-{identity}>"] if identity else []), ""]
    lines.append(f"HTTP/1.1 {reply.status} {_phrase(reply.status)}")
    lines += [f"{name.title()}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
