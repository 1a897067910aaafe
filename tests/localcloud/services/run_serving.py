"""Services that run as processes of this machine, and requests to them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

PLACE = f"projects/{PROJECT}/locations/europe-west1"
SERVICES = f"run/v2/{PLACE}/services"
APP = """
import http.server, json, os, signal, threading
OPEN, HANGS = threading.Event(), threading.Event()
signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/wait":
            OPEN.wait(30)
        if self.path == "/open":
            OPEN.set()
        if self.path == "/hang":
            HANGS.set()
        if HANGS.is_set():
            self.close_connection = True
            return
        said = json.dumps({"revision": os.environ["K_REVISION"], "path": self.path, "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)  # an answer to HEAD, too: such apps there are
    do_HEAD = do_GET
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def cloud(state: Path) -> Iterator[Serving]:
    with serving(state / "cloud", "run", "logging") as cloud:
        cloud.cloud.workloads.settings.forced = "process"
        cloud.cloud.workloads.settings.stand_ins["api"] = ((sys.executable, "app.py"), state)
        cloud.cloud.workloads.settings.stand_ins["job"] = ((sys.executable, "-c", "print('done')"), state)
        yield cloud


def deployed(cloud: Serving, name: str, **template: Any) -> Any:
    body = {"containers": [{"image": "api:1"}], **template}
    existing = [one["name"].rpartition("/")[2] for one in cloud("GET", SERVICES).get("services", [])]
    if name in existing:
        operation = cloud("PATCH", f"{SERVICES}/{name}", {"template": body}, updateMask="template")
    else:
        operation = cloud("POST", SERVICES, {"template": body, "invokerIamDisabled": True}, serviceId=name)
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    service = cloud("GET", f"{SERVICES}/{name}")
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    return service


def connected(service: Any) -> HTTPConnection:
    return HTTPConnection(service["annotations"]["local-cloud/address"].removeprefix("http://"), timeout=30)


def fetch(connection: HTTPConnection, path: str = "/", verb: str = "GET") -> tuple[int, Any]:
    connection.request(verb, path, headers={"Content-Length": "0"})
    answer: HTTPResponse = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if answer.status == 200 and body else body.decode()


def address(service: Any) -> tuple[str, int]:
    host, _, port = service["annotations"]["local-cloud/address"].removeprefix("http://").partition(":")
    return host, int(port)
