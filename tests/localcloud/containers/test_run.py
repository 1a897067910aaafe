"""Cloud Run with real containers: which revision answers, as which account, for which callers; what gets no traffic; what is left."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from localcloud.server import certificates

from tests.localcloud.containers.images import PYTHON
from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving
from tests.polling import until

pytestmark = pytest.mark.slow
PLACE = f"projects/{PROJECT}/locations/europe-west1"
SERVICES = f"run/v2/{PLACE}/services"
# The app reports its identity and its input, and answers a WebSocket's handshake; it is small enough for a command line.
APP = """
import http.server, json, os, signal, sys, urllib.request
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/die":
            os._exit(7)
        if self.headers.get("Upgrade"):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n")
            self.wfile.flush()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True
            return
        if self.path == "/whoami":
            ask = urllib.request.Request("http://" + os.environ["GCE_METADATA_HOST"]
                + "/computeMetadata/v1/instance/service-accounts/default/email", headers={"Metadata-Flavor": "Google"})
            said = urllib.request.urlopen(ask).read()
        else:
            files = {name: open(name).read() for name in os.environ.get("FILES", "").split() }
            said = json.dumps({"env": dict(os.environ), "headers": dict(self.headers), "files": files}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def do_POST(self):
        size = 0
        if self.headers.get("Transfer-Encoding") == "chunked":
            while length := int(self.rfile.readline(), 16):
                size += len(self.rfile.read(length)); self.rfile.readline()
            self.rfile.readline()
        else:
            size = len(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", str(len(str(size))))
        self.end_headers()
        self.wfile.write(str(size).encode())
    def log_message(self, *_): pass
print(json.dumps({"severity": "notice", "message": "up", "revision": os.environ["K_REVISION"]}), flush=True)
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), os._exit(0)))
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def cloud(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    apis = ("run", "iam", "iamcredentials", "secretmanager", "logging", "storage", "cloudscheduler", "monitoring")
    with serving(tmp_path_factory.mktemp("state"), *apis) as cloud:
        yield cloud
    assert not cloud.cloud.workloads.running()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def template(**more: Any) -> dict[str, Any]:
    container = {"image": PYTHON, "command": ["python", "-c"], "args": [APP], **more.pop("container", {})}
    return {"containers": [container], **more}


def deployed(cloud: Serving, name: str, body: Any, *, public: bool = False) -> Any:
    """The service once its deployment has ended, successfully or not."""
    existing = [one["name"].rpartition("/")[2] for one in cloud("GET", SERVICES).get("services", [])]
    if name in existing:
        operation = cloud("PATCH", f"{SERVICES}/{name}", {"template": body}, updateMask="template")
    else:
        operation = cloud("POST", SERVICES, {"template": body, "invokerIamDisabled": public}, serviceId=name)
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    return cloud("GET", f"{SERVICES}/{name}")


def address(service: Any) -> str:
    return str(service["annotations"]["local-cloud/address"])


def fetch(service: Any, path: str = "/", token: str = "", **more: Any) -> Answer:
    with closing(HTTPConnection(address(service).removeprefix("http://"), timeout=60)) as connection:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(more.pop("verb", "GET"), path, more.pop("body", None), headers, **more)
        return _read(connection.getresponse())


def _read(answer: HTTPResponse) -> Answer:
    return Answer(answer.status, answer.read(), dict(answer.getheaders()))


def logged(cloud: Serving, service: str, log: str, most: int = 1) -> list[Any]:
    """The entries of a service's log, once there are enough."""
    query = f'resource.labels.service_name="{service}" AND logName="projects/{PROJECT}/logs/run.googleapis.com%2F{log}"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query}
    found: list[Any] = []

    def is_enough() -> bool:
        found[:] = cloud("POST", "logging/v2/entries:list", body).get("entries", [])
        return len(found) >= most

    until(is_enough)
    return found


def running(cloud: Serving, service: str) -> int:
    """The number of a service's containers."""
    return sum(f"/{service}/" in one.order.resource for one in cloud.cloud.workloads.running())


def test_a_private_service_answers_its_members_and_nobody_else(cloud: Serving) -> None:
    account = cloud.account("serving")
    service = deployed(cloud, "private", template(serviceAccount=account.partition(":")[2]))
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    refused = fetch(service)
    assert refused.status == 403
    assert b"Your client does not have permission to get URL / from this server" in refused.body
    now = cloud.cloud.clock.seconds()
    owner = cloud.cloud.tokens.identity(OWNER, service["uri"], now)
    answer = fetch(service, token=owner)
    assert answer.status == 200, answer.body
    env = answer.json["env"]
    assert (env["K_SERVICE"], env["K_CONFIGURATION"]) == ("private", "private")
    assert env["K_REVISION"] == service["latestReadyRevision"].rpartition("/")[2]
    assert owner not in json.dumps(answer.json)
    assert answer.json["headers"]["Authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
    assert fetch(service, "/whoami", token=owner).body.decode() == account.partition(":")[2]
    eve = cloud.cloud.tokens.identity("user:eve@example.com", service["uri"], now)
    assert fetch(service, token=eve).status == 403
    other = cloud.cloud.tokens.identity(OWNER, "https://elsewhere.example", now)
    assert fetch(service, token=other).status == 401
    access = fetch(service, token=cloud.cloud.tokens.token(OWNER))
    assert access.status == 401
    assert b"takes identity tokens" in access.body
    forged = owner[:-3] + ("abc" if not owner.endswith("abc") else "xyz")
    assert fetch(service, token=forged).status == 401
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    cloud("POST", f"{SERVICES}/private:setIamPolicy", {"policy": policy})
    assert fetch(service).status == 200


def test_each_change_is_a_revision_traffic_can_be_rolled_back_and_a_broken_one_gets_none(cloud: Serving) -> None:
    first = deployed(cloud, "turns", template(container={"env": [{"name": "N", "value": "1"}]}), public=True)
    second = deployed(cloud, "turns", template(container={"env": [{"name": "N", "value": "2"}]}))
    assert fetch(second).json["env"]["N"] == "2"
    rollback = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "percent": 100}
    rollback["revision"] = first["latestReadyRevision"].rpartition("/")[2]
    operation = cloud("PATCH", f"{SERVICES}/turns", {"traffic": [rollback]}, updateMask="traffic")
    cloud("POST", f"run/v2/{operation['name']}:wait", {})
    assert fetch(second).json["env"]["N"] == "1"
    latest = {"traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]}
    operation = cloud("PATCH", f"{SERVICES}/turns", latest, updateMask="traffic")
    cloud("POST", f"run/v2/{operation['name']}:wait", {})
    broken = {"containers": [{"image": PYTHON, "command": ["python", "-c"], "args": ["raise SystemExit(3)"]}]}
    service = deployed(cloud, "turns", broken)
    assert service["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert "Container called exit(3)" in service["terminalCondition"]["message"]
    assert service["latestReadyRevision"] == second["latestReadyRevision"]
    assert service["latestCreatedRevision"] != service["latestReadyRevision"]
    assert fetch(service).json["env"]["N"] == "2"
    messages = [one["textPayload"] for one in logged(cloud, "turns", "varlog%2Fsystem")]
    assert any("probe failed" in one and "exit(3)" in one for one in messages)


def test_an_idle_service_has_no_container_and_the_next_request_starts_one(cloud: Serving) -> None:
    service = deployed(cloud, "sleepy", template(), public=True)
    assert fetch(service).status == 200
    assert running(cloud, "sleepy") == 1
    for _ in range(2):
        cloud.write(lambda: cloud.cloud.clock.advance(1000))
        until(lambda: not running(cloud, "sleepy"))
    assert fetch(service).status == 200
    assert any("bye" in one["textPayload"] for one in logged(cloud, "sleepy", "stdout") if "textPayload" in one)
    assert [one["httpRequest"]["status"] for one in logged(cloud, "sleepy", "requests", 2)] == [200, 200]


def test_lines_that_are_json_become_entries_with_their_fields_lifted(cloud: Serving) -> None:
    deployed(cloud, "logging", template(), public=True)
    entry = logged(cloud, "logging", "stdout")[0]
    assert entry["severity"] == "NOTICE"
    assert entry["jsonPayload"]["message"] == "up"
    assert entry["resource"]["type"] == "cloud_run_revision"
    assert "instanceId" in entry["labels"]


def test_secrets_come_as_variables_and_as_files_that_everybody_inside_may_read(cloud: Serving) -> None:
    account = cloud.account("reader")
    cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets", {"replication": {"automatic": {}}}, secretId="key")
    cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets/key:addVersion", {"payload": {"data": "aGlkZGVu"}})
    cloud.grant("roles/secretmanager.secretAccessor", account)
    env = [
        {"name": "KEY", "valueSource": {"secretKeyRef": {"secret": "key", "version": "latest"}}},
        {"name": "FILES", "value": "/secrets/key"},
    ]
    mounts = [{"name": "keys", "mountPath": "/secrets"}]
    volumes = [{"name": "keys", "secret": {"secret": "key", "items": [{"path": "key", "version": "1"}]}}]
    body = template(
        serviceAccount=account.partition(":")[2], volumes=volumes, container={"env": env, "volumeMounts": mounts}
    )
    service = deployed(cloud, "secretive", body, public=True)
    found = fetch(service).json
    assert found["env"]["KEY"] == "hidden"
    assert found["files"] == {"/secrets/key": "hidden"}


def test_its_own_host_is_reached_through_the_proxy(cloud: Serving) -> None:
    service = deployed(cloud, "hosted", template(), public=True)
    for url in service["urls"]:
        host = url.removeprefix("https://")
        with socket.create_connection(("127.0.0.1", cloud.port), 30) as plain:
            plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            assert plain.recv(1000).startswith(b"HTTP/1.1 200")
            trust = ssl.create_default_context(cafile=str(certificates.bundle(cloud.cloud.store.folder)))
            with trust.wrap_socket(plain, server_hostname=host) as secured:
                secured.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                received = b"".join(iter(lambda: secured.recv(65536), b""))
        assert received.startswith((b"HTTP/1.0 200", b"HTTP/1.1 200")), received[:300]
        assert b'"X-Forwarded-Proto": "https"' in received


def test_uploads_of_both_kinds_and_another_protocol_pass(cloud: Serving) -> None:
    service = deployed(cloud, "passing", template(), public=True)
    assert fetch(service, verb="POST", body=b"x" * 3_000_000).body == b"3000000"
    pieces = iter([b"a" * 100_000] * 20)
    assert fetch(service, verb="POST", body=pieces, encode_chunked=True).body == b"2000000"
    host, _, port = address(service).removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 101")
        plain.sendall(b"hello\n")
        assert plain.recv(1000) == b"hello\n"


def test_an_instance_that_dies_is_explained_and_replaced(cloud: Serving) -> None:
    service = deployed(cloud, "mortal", template(), public=True)
    assert fetch(service, "/die").status == 503
    assert fetch(service).status == 200
    until(lambda: any("exit(7)" in one["textPayload"] for one in logged(cloud, "mortal", "varlog%2Fsystem")))


def test_requests_and_seconds_are_metered_with_the_services_labels(cloud: Serving) -> None:
    service = deployed(cloud, "costly", template(), public=True)
    fetch(service)

    def metered() -> set[str]:
        rows = cloud.write(lambda: list(cloud.cloud.usage.rows("a")))
        return {one["sku"]["id"] for one in rows if one["service"]["description"] == "Cloud Run"}

    until(lambda: {"run.requests", "run.cpu", "run.memory"} <= metered())


def test_an_alert_sees_how_full_the_memory_of_a_service_is(cloud: Serving) -> None:
    hungry = {"args": [f"held = b'x' * (120 << 20)\n{APP}"], "resources": {"limits": {"memory": "256Mi"}}}
    deployed(cloud, "hungry", template(container=hungry, scaling={"minInstanceCount": 1}))
    fullest = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_99", "crossSeriesReducer": "REDUCE_MAX"}
    by_service = {**fullest, "groupByFields": ["resource.labels.service_name"]}
    above = {
        "filter": 'resource.type="cloud_run_revision" AND resource.labels.service_name="hungry" AND '
        'metric.type="run.googleapis.com/container/memory/utilizations"',
        "aggregations": [by_service],
        "comparison": "COMPARISON_GT",
        "thresholdValue": 0.4,
        "duration": "0s",
    }
    condition = {"displayName": "full", "conditionThreshold": above}
    body = {"displayName": "memory", "combiner": "OR", "conditions": [condition]}
    policy = cloud("POST", f"monitoring/v3/projects/{PROJECT}/alertPolicies", body)
    for _ in range(60):
        cloud.write(lambda: cloud.cloud.clock.advance(60))
        time.sleep(0.5)
        found = cloud("GET", f"monitoring/v3/projects/{PROJECT}/alerts").get("alerts", [])
        if found:
            break
    assert [one["policy"]["name"] for one in found] == [policy["name"]]
    assert found[0]["resource"]["labels"]["service_name"] == "hungry"
    cloud("DELETE", f"monitoring/v3/{policy['name']}")


def test_a_deleted_service_leaves_no_container_and_no_port(cloud: Serving) -> None:
    service = deployed(cloud, "gone", template(), public=True)
    assert fetch(service).status == 200
    cloud("DELETE", f"{SERVICES}/gone")
    until(lambda: not running(cloud, "gone"))
    with pytest.raises(OSError, match="refused"):
        fetch(service)


def test_a_second_container_is_reached_on_localhost(cloud: Serving) -> None:
    ask = APP.replace(
        "said = urllib.request.urlopen(ask).read()", "said = urllib.request.urlopen('http://localhost:9000').read()"
    )
    beside = (
        "import http.server as h\nclass A(h.BaseHTTPRequestHandler):\n def do_GET(self):\n  self.send_response(200)\n"
        "  self.end_headers()\n  self.wfile.write(b'beside')\nh.HTTPServer(('127.0.0.1', 9000), A).serve_forever()"
    )
    containers = [
        {
            "name": "app",
            "image": PYTHON,
            "command": ["python", "-c"],
            "args": [ask],
            "ports": [{"containerPort": 8080}],
        },
        {"name": "beside", "image": PYTHON, "command": ["python", "-c"], "args": [beside]},
    ]
    service = deployed(cloud, "two", {"containers": containers}, public=True)
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    until(lambda: fetch(service, "/whoami").status == 200)
    assert fetch(service, "/whoami").body == b"beside"


def test_schedules_run_a_job_and_call_a_private_service(cloud: Serving) -> None:
    account = cloud.account("clock")
    email = account.partition(":")[2]
    service = deployed(cloud, "ticked", template())
    policy = {"bindings": [{"role": "roles/run.invoker", "members": [account]}]}
    cloud("POST", f"{SERVICES}/ticked:setIamPolicy", {"policy": policy})
    target = {"uri": f"{service['uri']}/tick", "httpMethod": "GET"}
    target["oidcToken"] = {"serviceAccountEmail": email, "audience": service["uri"]}
    job = f"{PLACE}/jobs/tick"
    cloud("POST", f"cloudscheduler/v1/{PLACE}/jobs", {"name": job, "schedule": "0 0 1 1 *", "httpTarget": target})
    cloud("POST", f"cloudscheduler/v1/{job}:run", {})
    requests = logged(cloud, "ticked", "requests")
    assert requests[0]["httpRequest"]["status"] == 200
    assert requests[0]["httpRequest"]["userAgent"] == "Google-Cloud-Scheduler"


def test_a_service_sees_what_happens_in_a_bucket_that_it_reads(cloud: Serving) -> None:
    account = cloud.account("reader")
    cloud("POST", "storage/v1/b", {"name": "read-models"}, project=PROJECT)
    cloud.grant("roles/storage.objectViewer", account)
    listing = (
        "import http.server as h, os, pathlib as p\nclass A(h.BaseHTTPRequestHandler):\n def do_GET(self):\n  self.send_response(200)\n"
        "  self.end_headers()\n  self.wfile.write(b' '.join(sorted(f.read_bytes() for f in p.Path('/gcs/models').rglob('*.txt'))))\n"
        "h.HTTPServer(('', int(os.environ['PORT'])), A).serve_forever()"
    )
    container = {
        "image": PYTHON,
        "command": ["python", "-c"],
        "args": [listing],
        "ports": [{"containerPort": 8080}],
        "volumeMounts": [{"name": "models", "mountPath": "/gcs/models"}],
    }
    volumes = [{"name": "models", "gcs": {"bucket": "read-models", "readOnly": True}}]
    template = {"containers": [container], "volumes": volumes, "serviceAccount": account.partition(":")[2]}
    service = deployed(cloud, "models", template, public=True)
    assert fetch(service, "/").body == b""
    for name in ("a/one.txt", "two.txt"):
        cloud("POST", "upload/storage/v1/b/read-models/o", name.encode(), uploadType="media", name=name)
    until(lambda: fetch(service, "/").body == b"a/one.txt two.txt")
    cloud("DELETE", "storage/v1/b/read-models/o/two.txt")
    until(lambda: fetch(service, "/").body == b"a/one.txt")
