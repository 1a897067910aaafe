"""Requests to a service compared with requests straight to its container, and the memory of a local cloud that serves ten of them."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from localcloud.containers.client import RuntimeProgram
from localcloud.server import launcher
from localcloud.server.launcher import LocalCloud

from tests.localcloud.containers import images, stores

from . import load, processes
from .cloud import PROJECT, Target, call
from .rows import Row

PLACE = f"projects/{PROJECT}/locations/europe-west1"
SERVICES = f"/run/v2/{PLACE}/services"
OWNER = "user:owner@example.com"
REQUESTS, ROUNDS, TEN = 1000, 5, 10
# What an app of a team's does at least: Python's own server reads a request and answers it.
APP = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", -1
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answer).serve_forever()
"""


def rows(folder: Path) -> list[Row]:
    """The rows, or those that explain why there are none."""
    names = {"public": 2.0, "private": 5.0}
    root = folder / "services"
    root.mkdir()
    with stores.own(root) as found:
        if found is None:
            return [_ratio(name, None, most, "neither podman nor docker answers") for name, most in names.items()]
        kind, _ = found
        images.imported(kind.program, images.with_python(root / "python"), images.PYTHON)
        with _serving(root) as (running, target):
            rates = [_compared(kind, running, target, name, most) for name, most in names.items()]
            return [*rates, _memory(running, target)]


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[LocalCloud, Target]]:
    running = launcher.start(folder / "state")
    try:
        target = Target("local cloud", running.base, launcher.token(running.state, OWNER))
        call(target, "POST", "/cloudresourcemanager/v3/projects", {"projectId": PROJECT})
        call(target, "POST", f"/serviceusage/v1/projects/{PROJECT}/services/run.googleapis.com:enable", {})
        yield running, target
    finally:
        launcher.stop(running.state)


def _compared(kind: RuntimeProgram, running: LocalCloud, target: Target, name: str, most: float) -> Row:
    service = _deployed(target, name, public=name == "public")
    token = "" if name == "public" else launcher.identity_token(running, OWNER, service["uri"])
    straight = f"http://{_container(kind, name)}"
    ours, theirs = [], []
    for _ in range(ROUNDS):
        for taken, base, shown in (
            (theirs, straight, ""),
            (ours, service["annotations"]["local-cloud/address"], token),
        ):
            requests = (load.Request("GET", "/") for _ in range(REQUESTS))
            taken.append(load.run(base, requests, token=shown, clients=1).seconds / REQUESTS * 1e6)
    one, other = min(ours), min(theirs)
    return _ratio(name, one / other, most, f"{one:.0f} µs against {other:.0f} µs: one connection, Python's http.server")


def _ratio(name: str, value: float | None, most: float, note: str) -> Row:
    return Row(f"request to a {name} service's address ÷ straight to its container", value, at_most=most, note=note)


def _memory(running: LocalCloud, target: Target) -> Row:
    for number in range(TEN):
        service = _deployed(target, f"service-{number}", public=True)
        with urlopen(service["annotations"]["local-cloud/address"]) as answer:
            assert answer.status == 200
    note = "without their containers, of which as many run as this machine is to carry"
    return Row("MiB resident with ten services that answered", processes.resident_mib(running.pid), note=note)


def _deployed(target: Target, name: str, *, public: bool) -> Mapping[str, Any]:
    container = {"image": images.PYTHON, "command": ["python", "-c"], "args": [APP]}
    body = {"template": {"containers": [container]}, "invokerIamDisabled": public}
    operation: Any = call(target, "POST", f"{SERVICES}?serviceId={name}", body)
    while not operation.get("done"):
        time.sleep(0.05)
        operation = call(target, "GET", f"/run/v2/{operation['name']}")
    return call(target, "GET", f"{SERVICES}/{name}")


def _container(kind: RuntimeProgram, name: str) -> str:
    """The address that the container of a service publishes on loopback."""
    listed = subprocess.run(
        [kind.program, "ps", f"--filter=name=run-{name}", "--format={{.Ports}}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"127\.0\.0\.1:\d+", listed)
    assert found is not None, listed
    return found[0]
