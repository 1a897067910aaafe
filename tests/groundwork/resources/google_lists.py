"""A server that answers list calls as scripted by a test, for the services that the local cloud does not simulate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from groundwork.google.cloud import GoogleCloud, local_cloud

PROJECT = "scripted-project"
DROP = "drop"


@dataclass
class Script:
    """What is answered: by path (and page token), a body, a status with a body, or DROP, or a function that gives one of them.

    Anything else is an empty page.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    base: str = ""

    @property
    def cloud(self) -> GoogleCloud:
        """The project's cloud."""
        return local_cloud(PROJECT, self.base, "local/user:owner@example.com")

    def enable(self, *apis: str) -> None:
        """Let Service Usage say that these APIs are on, and no other."""
        services = [{"name": f"projects/1/services/{api}.googleapis.com"} for api in apis]
        self.answers[f"/serviceusage/v1/projects/{PROJECT}/services"] = {"services": services}

    def answer(self, verb: str, target: str) -> Any:
        """The answer to a request."""
        parts = urlsplit(target)
        token = parse_qs(parts.query).get("pageToken", [""])[0]
        self.asked.append((verb, parts.path))
        found = self.answers.get(f"{parts.path}#{token}" if token else parts.path, {})
        return found() if callable(found) else found


class _Handler(BaseHTTPRequestHandler):
    script: Script

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = self.script.answer(self.command, self.path)
        if found == DROP:
            self.close_connection = True
            self.connection.close()
            return
        status, body = found if isinstance(found, tuple) else (200, found)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def refusal(code: int, status: str, message: str = "No.", reason: str = "") -> tuple[int, Mapping[str, Any]]:
    """An error in Google's form."""
    details = [{"reason": reason}] if reason else []
    return code, {"error": {"code": code, "status": status, "message": message, "details": details}}


@contextmanager
def scripted() -> Iterator[Script]:
    """A server with an empty script: no API is on but Cloud Storage."""
    script = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": script}))
    script.base = f"http://127.0.0.1:{server.server_port}"
    script.enable()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
