"""What a revision runs after its image's tag has moved, and after images were removed from this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from localcloud.containers import detection

from tests.localcloud.containers import images
from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
PLACE = f"projects/{PROJECT}/locations/europe-west1"
SERVICES = f"run/v2/{PLACE}/services"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/api"
DOCKERFILE = f"""FROM {images.PYTHON}
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


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), "run", "iam", "artifactregistry", "logging") as cloud:
        cloud("POST", f"artifactregistry/v1/{PLACE}/repositories", {"format": "DOCKER"}, repositoryId="images")
        yield cloud


def push(cloud: Serving, folder: Path, text: str) -> str:
    """The digest of an app that prints the text, pushed under the tag `latest`."""
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(APP % text)
    run("build", "--network=host", f"--tag={reachable(cloud)}", str(folder))
    run("push", "--quiet", reachable(cloud), **cloud.cloud.workloads.commands(OWNER, folder))
    tag = cloud("GET", f"artifactregistry/v1/{PLACE}/repositories/images/packages/api/tags/latest")
    return str(tag["version"]).rpartition("/")[2]


def reachable(cloud: Serving) -> str:
    """What podman or docker calls the image."""
    client = cloud.cloud.workloads.client
    assert client is not None
    return cloud.cloud.workloads.reachable(client, f"{IMAGE}:latest")


def run(*arguments: str, **env: str) -> str:
    kind = detection.kind()
    assert kind is not None
    result = subprocess.run(
        [kind.program, *arguments], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return result.stdout


def ask(service: Any) -> str:
    address = service["annotations"]["local-cloud/address"].removeprefix("http://")
    with closing(HTTPConnection(address, timeout=60)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def test_a_revision_keeps_the_image_that_its_tag_meant_when_it_was_made(cloud: Serving, folder: Path) -> None:
    digest = push(cloud, folder, "one")
    image_id = run("image", "inspect", "--format={{.Id}}", reachable(cloud)).strip()
    template = {"containers": [{"image": f"{IMAGE}:latest"}]}
    operation = cloud("POST", SERVICES, {"template": template, "invokerIamDisabled": True}, serviceId="api")
    cloud("POST", f"run/v2/{operation['name']}:wait", {})
    service = cloud("GET", f"{SERVICES}/api")
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    assert ask(service) == "one"
    revision = cloud("GET", f"run/v2/{service['latestReadyRevision']}")
    assert revision["containers"][0]["image"] == f"{IMAGE}:latest"
    assert [one["imageDigest"] for one in revision["containerStatuses"]] == [f"{IMAGE}@{digest}"]
    short = revision["name"].rpartition("/")[2]
    older = cloud("GET", f"run/apis/serving.knative.dev/v1/namespaces/{PROJECT}/revisions/{short}")
    assert older["status"]["imageDigest"] == f"{IMAGE}@{digest}"

    assert push(cloud, folder, "two") != digest
    cloud.write(lambda: cloud.cloud.clock.advance(2000))
    while cloud.cloud.workloads.running():
        cloud.settled()
    run("rmi", "--force", image_id)
    assert ask(service) == "one"
