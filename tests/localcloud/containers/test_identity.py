"""Google's libraries inside a workload: the identity that they find, its permissions, and where the rest of their traffic goes."""

from __future__ import annotations

import base64
import json
import socket
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from localcloud.containers import detection
from localcloud.containers.workload import Mount, Workload
from localcloud.engine.orders import Order

from tests.localcloud.containers.images import PYTHON
from tests.localcloud.containers.test_client import Answering
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
BUCKET = "inside-data"
PROGRAM = """
import json, os, socket, sys
from urllib.parse import urlsplit
import google.auth, google.auth.transport.requests
from google.api_core.exceptions import Forbidden
from google.cloud import storage, secretmanager
from google.oauth2 import id_token

def tried(work):
    try:
        return work()
    except Forbidden as refused:
        return f"403 {refused.message}"

def tunnelled(target):
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    with socket.create_connection((proxy.hostname, proxy.port)) as through:
        through.sendall(f"CONNECT {target} HTTP/1.1\\r\\n\\r\\n".encode())
        assert through.recv(100).startswith(b"HTTP/1.1 200")
        through.sendall(b"hello")
        return through.recv(100).decode().strip()

credentials, project = google.auth.default()
credentials.refresh(google.auth.transport.requests.Request())
secrets = secretmanager.SecretManagerServiceClient()
version = f"projects/{project}/secrets/key/versions/latest"
print(json.dumps({
    "project": project,
    "account": credentials.service_account_email,
    "data": tried(lambda: storage.Client().bucket("inside-data").blob("rows.csv").download_as_text()),
    "secret": tried(lambda: secrets.access_secret_version(name=version).payload.data.decode()),
    "transport": secrets.transport.kind,
    "id token": id_token.fetch_id_token(google.auth.transport.requests.Request(), "https://api.example").count("."),
    "elsewhere": tunnelled(sys.argv[1]),
}))
"""


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("state"), "storage", "secretmanager", "iam", "iamcredentials") as cloud:
        cloud("POST", "storage/v1/b", {"name": BUCKET}, project=PROJECT)
        cloud("POST", f"upload/storage/v1/b/{BUCKET}/o", b"a,b", uploadType="media", name="rows.csv")
        secret = f"secretmanager/v1/projects/{PROJECT}/secrets"
        cloud("POST", secret, {"replication": {"automatic": {}}}, secretId="key")
        cloud("POST", f"{secret}/key:addVersion", {"payload": {"data": base64.b64encode(b"hidden").decode()}})
        yield cloud


def order(principal: str, *command: str, **more: str) -> Order:
    packages = Mount(Path(sysconfig.get_paths()["purelib"]), "/packages", read_only=True)
    env = {"PYTHONPATH": "/packages"}
    workload = Workload("inside", PYTHON, ("python", "-c"), command, env, mounts=(packages,))
    return Order(
        principal, PROJECT, "europe-west1", f"projects/{PROJECT}/locations/europe-west1/customJobs/7", workload
    )


def last_line(cloud: Serving, order: Order) -> Mapping[str, Any]:
    """The last line that the program printed."""
    lines: list[str] = []
    ended = cloud.cloud.workloads.start(order, lambda _, line: lines.append(line)).wait(120)
    assert ended is not None
    assert ended.code == 0, "\n".join(lines)
    result: Mapping[str, Any] = json.loads(lines[-1])
    return result


def test_its_libraries_find_its_account_and_permissions(cloud: Serving, python: str) -> None:
    account = cloud.account("trainer")
    elsewhere = f"{socket.gethostname()}:{Answering(socket.gethostname()).port}"
    first = last_line(cloud, order(account, PROGRAM, elsewhere))
    assert (first["project"], first["account"]) == (PROJECT, account.partition(":")[2])
    assert "does not have storage.objects.get access" in first["data"]
    assert first["secret"].startswith("403 Permission 'secretmanager.versions.access' denied")
    assert (first["transport"], first["id token"], first["elsewhere"]) == ("grpc", 2, "hello yourself")
    cloud.grant("roles/storage.objectViewer", account)
    cloud.grant("roles/secretmanager.secretAccessor", account)
    second = last_line(cloud, order(account, PROGRAM, elsewhere))
    assert (second["data"], second["secret"]) == ("a,b", "hidden")


def test_two_workloads_are_two_accounts_and_nothing_answers_for_one_that_ended(cloud: Serving, python: str) -> None:
    ask = (
        "import os, urllib.request as r; print(os.environ['GCE_METADATA_HOST']); print(r.urlopen(r.Request('http://'"
        " + os.environ['GCE_METADATA_HOST'] + '/computeMetadata/v1/instance/service-accounts/default/email',"
        " headers={'Metadata-Flavor': 'Google'})).read().decode())"
    )
    for name in ("first", "second"):
        account = cloud.account(name)
        lines: list[str] = []
        cloud.cloud.workloads.start(order(account, ask), lambda _, line, lines=lines: lines.append(line)).wait(60)
        assert lines[1] == account.partition(":")[2]
        port = int(lines[0].rpartition(":")[2])
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), 5)
    assert not cloud.cloud.workloads.running()


def test_a_workload_learns_nothing_of_anothers_identity(cloud: Serving, python: str) -> None:
    if (kind := detection.kind()) is not None and kind.name == "docker":
        pytest.skip("workloads in docker share this machine's network, as docs/security.md says")
    show = "import os, time; print(os.environ['GCE_METADATA_HOST'], flush=True); time.sleep(600)"
    lines: list[str] = []
    other = cloud.cloud.workloads.start(order(cloud.account("other"), show), lambda _, line: lines.append(line))
    while not lines:
        other.wait(0.1)
    steal = (
        "import sys, urllib.request as r, urllib.error\n"
        "where = f'http://{sys.argv[1]}/computeMetadata/v1/instance/service-accounts/default/token'\n"
        "try: print(r.urlopen(r.Request(where, headers={'Metadata-Flavor': 'Google'})).read().decode())\n"
        "except urllib.error.HTTPError as refused: print(refused.code, refused.read().decode().strip())\n"
    )
    stolen: list[str] = []
    thief = cloud.cloud.workloads.start(
        order(cloud.account("thief"), steal, lines[0]), lambda _, line: stolen.append(line)
    )
    thief.wait(60)
    other.stop()
    assert stolen == ["403 This metadata server answers only the workload that it belongs to."]
