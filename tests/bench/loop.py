"""Time from a push to the answering revision, and from a job to its first line, on the local cloud and by hand."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from localcloud.containers.client import RuntimeProgram

from tests.localcloud.containers import images, stores
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

from .rows import Row

NAME = "push to answering revision ÷ podman build + run by hand"
TURNS = 3
PLACE = f"projects/{PROJECT}/locations/europe-west1"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/api"
URL = "https://github.com/team/api.git"
# Changing the first line makes everything after it anew, as a new dependency does; changing the app alone the last layer.
DOCKERFILE = """FROM python:3.11-slim
RUN echo %s && python -m compileall -q -f /usr/local/lib/python3.11/json /usr/local/lib/python3.11/asyncio /usr/local/lib/python3.11/email
COPY app.py /app.py
CMD ["python", "/app.py"]
"""
APP = """import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"%s")
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answer).serve_forever()
"""
STEPS: list[dict[str, Any]] = [
    {"name": "gcr.io/cloud-builders/docker", "args": ["build", "-t", f"{IMAGE}:$COMMIT_SHA", "."]},
    {"name": "gcr.io/cloud-builders/docker", "args": ["push", f"{IMAGE}:$COMMIT_SHA"]},
    {
        "name": "gcr.io/google.com/cloudsdktool/cloud-sdk",
        "entrypoint": "gcloud",
        "args": [
            "run",
            "deploy",
            "api",
            f"--image={IMAGE}:$COMMIT_SHA",
            "--region=europe-west1",
            "--allow-unauthenticated",
        ],
    },
]


def rows(folder: Path) -> list[Row]:
    """The minimum of several runs each, with all image layers rebuilt, and with the unchanged ones cached."""
    root = folder / "loop"
    root.mkdir()
    with stores.own(root) as found:
        if found is None:
            return [Row(NAME, None, at_most=1.3, note="neither podman nor docker answers on this machine")]
        kind, _ = found
        images.imported(kind.program, images.with_python(root / "python"), images.PYTHON)
        app = root / "app"
        app.mkdir()
        apis = ("run", "iam", "artifactregistry", "cloudbuild", "logging", "storage", "aiplatform")
        with serving(root / "state", *apis) as cloud:
            push = _connected(cloud, app)
            return [*(_row(kind, app, push, anew=anew) for anew in (True, False)), _job_row(kind, cloud)]


def _row(kind: RuntimeProgram, app: Path, push: Callable[[], str], *, anew: bool) -> Row:
    ours, theirs = [], []
    for turn in range(TURNS):
        for taken, how in ((ours, "push"), (theirs, "hand")):
            text = f"{how}-{turn}-{anew}"
            (app / "Dockerfile").write_text(DOCKERFILE % (text if anew else "same"))
            (app / "app.py").write_text(APP % text)
            began = time.perf_counter()
            name = _until(push(), text) if how == "push" else _by_hand(kind, app, text)
            taken.append(time.perf_counter() - began)
            if name:
                subprocess.run([kind.program, "rm", "--force", "--time=0", name], check=True, capture_output=True)
    one, other = min(ours), min(theirs)
    what = "all layers new" if anew else "layers cached"
    return Row(f"{NAME}, {what}", one / other, at_most=1.3, note=f"{one:.2f} s against {other:.2f} s")


def _job_row(kind: RuntimeProgram, cloud: Serving) -> Row:
    """The start of a training job to its first line in the log."""
    cloud("POST", f"storage/v1/b?project={PROJECT}", {"name": "bench-staging"})
    ours, theirs = [], []
    for turn in range(TURNS):
        text = f"first line of {turn}"
        pool = {
            "machineSpec": {"machineType": "n1-standard-4"},
            "replicaCount": 1,
            "containerSpec": {"imageUri": images.PYTHON, "command": ["python", "-c", f"print({text!r})"]},
        }
        spec = {"workerPoolSpecs": [pool], "baseOutputDirectory": {"outputUriPrefix": "gs://bench-staging/out"}}
        query = {
            "resourceNames": [f"projects/{PROJECT}"],
            "filter": f'textPayload:"{text}" OR jsonPayload.message:"{text}"',
        }
        began = time.perf_counter()
        cloud("POST", f"aiplatform/v1/{PLACE}/customJobs", {"displayName": "bench", "jobSpec": spec})
        while not cloud("POST", "logging/v2/entries:list", query).get("entries"):
            time.sleep(0.02)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        run = [kind.program, "run", "--rm", *kind.network, images.PYTHON, "python", "-c", f"print({text!r})"]
        subprocess.run(run, check=True, capture_output=True)
        theirs.append(time.perf_counter() - began)
    one, other = min(ours), min(theirs)
    return Row(
        "training job to its first line ÷ podman run by hand", one / other, note=f"{one:.2f} s against {other:.2f} s"
    )


def _connected(cloud: Serving, app: Path) -> Callable[[], str]:
    """A function that commits, reports the push, and returns the address of the service once its build has ended."""
    cloud("POST", f"artifactregistry/v1/{PLACE}/repositories", {"format": "DOCKER"}, repositoryId="images")
    email = cloud.account("builder").partition(":")[2]
    cloud.grant("roles/owner", f"serviceAccount:{email}")
    _git(app, "init", "--quiet", "--initial-branch=main")
    _git(app, "commit", "--quiet", "--allow-empty", "--message=nothing")
    cloud.control("repositories", {"repository": URL, "folder": str(app)})
    trigger = {
        "name": "api",
        "github": {"owner": "team", "name": "api", "push": {"branch": "^main$"}},
        "build": {"steps": STEPS, "options": {"logging": "CLOUD_LOGGING_ONLY"}},
        "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{email}",
    }
    cloud("POST", f"cloudbuild/v1/{PLACE}/triggers", trigger)

    def push() -> str:
        _git(app, "add", "--all")
        _git(app, "commit", "--quiet", "--message=change")
        (one,) = cloud.control("pushes", {})["pushes"]
        build: dict[str, Any] = {}
        while "finishTime" not in build:
            time.sleep(0.02)
            build = cloud("GET", f"cloudbuild/v1/{one['triggers'][0]['build']}")
        assert build["status"] == "SUCCESS", build
        return str(cloud("GET", f"run/v2/{PLACE}/services/api")["annotations"]["local-cloud/address"])

    return push


def _by_hand(kind: RuntimeProgram, app: Path, expected: str) -> str:
    """The container's name, once it has answered."""
    subprocess.run(
        [kind.program, "build", *kind.build_options, "-q", "-t", "by-hand", str(app)], check=True, capture_output=True
    )
    run = [kind.program, "run", "-d", "--rm", *kind.network, "-e", "PORT=8080", "-p", "127.0.0.1::8080", "by-hand"]
    name = subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip()
    port = subprocess.run(
        [kind.program, "port", name, "8080"], check=True, capture_output=True, text=True
    ).stdout.strip()
    _until(f"http://{port}", expected)
    return name


def _until(address: str, expected: str) -> None:
    while True:
        with (
            suppress(OSError, HTTPException),
            closing(HTTPConnection(address.removeprefix("http://"), timeout=30)) as one,
        ):
            one.request("GET", "/")
            if one.getresponse().read().decode() == expected:
                return
        time.sleep(0.02)


def _git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["git", *settings, "-C", str(folder), *arguments], check=True, capture_output=True, env=env)
