"""The proxy: clients that know nothing of the local cloud reach it under Google's names, and tunnels elsewhere need a token."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import grpc
import pytest
import requests
from google.cloud import secretmanager
from google.cloud.logging_v2.types import TailLogEntriesResponse
from google.logging.type.log_severity_pb2 import ERROR
from localcloud.server import certificates, launcher
from localcloud.server.grpc_calls import Transcoder
from localcloud.server.launcher import LocalCloud

PROJECT = "way-in"
HOST = "secretmanager.googleapis.com"
LOGGING = "logging.googleapis.com"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    state = tmp_path_factory.mktemp("way-in") / "local"
    running = launcher.start(state)
    owner = {"Authorization": f"Bearer {launcher.token(state, launcher.OWNER)}"}
    url = f"{running.base}/cloudresourcemanager/v3/projects"
    requests.post(url, json={"projectId": PROJECT}, headers=owner, timeout=30).raise_for_status()
    enable = f"{running.base}/serviceusage/v1/projects/{PROJECT}/services/{HOST}:enable"
    requests.post(enable, json={}, headers=owner, timeout=30).raise_for_status()
    yield running
    launcher.stop(state)


@pytest.fixture(scope="module")
def owner(cloud: LocalCloud) -> str:
    return launcher.token(cloud.state, launcher.OWNER)


@pytest.fixture(scope="module")
def bundle(cloud: LocalCloud) -> Path:
    return certificates.bundle(cloud.state)


def proxies(cloud: LocalCloud, token: str = "") -> dict[str, str]:
    credentials = f"local:{quote(token, safe='')}@" if token else ""
    address = f"http://{credentials}127.0.0.1:{cloud.port}"
    return {"https": address, "http": address}


def test_a_google_host_is_answered_over_tls(cloud: LocalCloud, owner: str, bundle: Path) -> None:
    url = f"https://{HOST}/v1/projects/{PROJECT}/secrets"
    headers = {"Authorization": f"Bearer {owner}"}
    answer = requests.get(url, headers=headers, proxies=proxies(cloud), verify=str(bundle), timeout=30)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["server"] == "local-cloud (simulated)"


def test_without_a_token_it_is_refused_as_on_every_other_way(cloud: LocalCloud, bundle: Path) -> None:
    url = f"https://{HOST}/v1/projects/{PROJECT}/secrets"
    assert requests.get(url, proxies=proxies(cloud), verify=str(bundle), timeout=30).status_code == 401


def test_a_regional_host_and_the_absolute_form_arrive_too(cloud: LocalCloud, owner: str, bundle: Path) -> None:
    headers = {"Authorization": f"Bearer {owner}"}
    url = f"https://storage.europe-west1.rep.googleapis.com/storage/v1/b?project={PROJECT}"
    assert requests.get(url, headers=headers, proxies=proxies(cloud), verify=str(bundle), timeout=30).ok
    plain = f"http://storage.googleapis.com/storage/v1/b?project={PROJECT}"
    assert requests.get(plain, headers=headers, proxies=proxies(cloud), timeout=30).ok


def test_a_client_without_our_authority_gets_no_answer(cloud: LocalCloud) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{HOST}/v1/projects/x/secrets", proxies=proxies(cloud), timeout=30)


def test_a_library_that_speaks_only_grpc_creates_reads_and_is_refused(
    cloud: LocalCloud, owner: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cloud.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    trusted = grpc.ssl_channel_credentials(bundle.read_bytes())

    def client(token: str) -> secretmanager.SecretManagerServiceClient:
        bearer = grpc.access_token_call_credentials(token)
        channel = grpc.secure_channel(f"{HOST}:443", grpc.composite_channel_credentials(trusted, bearer))
        transport = secretmanager.SecretManagerServiceClient.get_transport_class("grpc")
        return secretmanager.SecretManagerServiceClient(transport=transport(channel=channel))

    mine = client(owner)
    parent = f"projects/{PROJECT}"
    created = mine.create_secret(
        parent=parent, secret_id="by-grpc", secret={"replication": {"automatic": {}}, "labels": {"a": "b"}}
    )
    assert created.labels == {"a": "b"}
    mine.add_secret_version(parent=created.name, payload={"data": b"bytes \x00 and all"})
    assert mine.access_secret_version(name=f"{created.name}/versions/latest").payload.data == b"bytes \x00 and all"
    assert [one.name for one in mine.list_secrets(request={"parent": parent, "page_size": 1})] == [created.name]
    theirs = client(launcher.token(cloud.state, "user:eve@example.com"))
    from google.api_core.exceptions import NotFound, PermissionDenied

    with pytest.raises(PermissionDenied, match=r"secretmanager\.versions\.access"):
        theirs.access_secret_version(name=f"{created.name}/versions/latest")
    with pytest.raises(NotFound):
        mine.get_secret(name=f"{parent}/secrets/nobody-made")


def test_logs_are_tailed_over_grpc_by_those_who_may_read_them(
    cloud: LocalCloud, owner: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cloud.port}")
    channel = grpc.secure_channel(f"{LOGGING}:443", grpc.ssl_channel_credentials(bundle.read_bytes()))
    tail = channel.stream_stream("/google.logging.v2.LoggingServiceV2/TailLogEntries")
    name = f"projects/{PROJECT}".encode()
    wanted = b'textPayload:"wanted"'
    sent = b"\x0a" + bytes([len(name)]) + name + b"\x12" + bytes([len(wanted)]) + wanted

    def write(text: str) -> None:
        entry = {"logName": f"projects/{PROJECT}/logs/app", "resource": {"type": "global"}, "textPayload": text}
        url, headers = f"{cloud.base}/logging/v2/entries:write", {"Authorization": f"Bearer {owner}"}
        labelled = {**entry, "labels": {"run": "7"}, "severity": "ERROR"}
        assert requests.post(url, headers=headers, json={"entries": [labelled]}, timeout=30).ok

    write("wanted before")
    call = tail(iter([sent]), metadata=[("authorization", f"Bearer {owner}")], timeout=60)
    assert list(call.initial_metadata()) == []
    for text in ("other", "wanted now"):
        write(text)
    (found,) = TailLogEntriesResponse.deserialize(next(call)).entries
    assert (found.text_payload, found.severity, found.labels) == ("wanted now", ERROR, {"run": "7"})
    call.cancel()
    stranger = launcher.token(cloud.state, "user:eve@example.com")
    refused = tail(iter([sent]), metadata=[("authorization", f"Bearer {stranger}")], timeout=60)
    with pytest.raises(grpc.RpcError, match=r"logging\.logEntries\.list"):
        next(refused)


def test_a_grpc_method_that_cannot_be_transcoded_says_so(
    cloud: LocalCloud, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cloud.port}")
    channel = grpc.secure_channel(f"{HOST}:443", grpc.ssl_channel_credentials(bundle.read_bytes()))
    with pytest.raises(grpc.RpcError, match=r"does not answer /google\.cloud\.nowhere\.v1\.Nothing/Do over gRPC"):
        channel.unary_unary("/google.cloud.nowhere.v1.Nothing/Do")(b"", timeout=30)


def test_unknown_hosts_share_one_server(tmp_path: Path) -> None:
    transcoder = Transcoder("http://127.0.0.1:1")
    try:
        known = transcoder.socket("storage.googleapis.com")
        assert transcoder.socket("europe-west1-aiplatform.googleapis.com") == transcoder.socket(
            "aiplatform.googleapis.com"
        )
        others = {transcoder.socket(f"x{number}.y.googleapis.com") for number in range(50)}
        others |= {transcoder.socket(f"x{number}.googleapis.com") for number in range(50)}
        assert len(others) == 1
        assert known not in others
    finally:
        transcoder.close()


class Elsewhere:
    """Another host, on loopback: echoes what each connection sends."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, self._socket:
            connection.sendall(b"me first;")
            while data := connection.recv(65536):
                connection.sendall(data)


def connect(cloud: LocalCloud, target: str, token: str = "") -> socket.socket:
    code = base64.b64encode(f"local:{token}".encode()).decode()
    proof = f"Proxy-Authorization: Basic {code}\r\n" if token else ""
    opened = socket.create_connection(("127.0.0.1", cloud.port), timeout=30)
    opened.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proof}\r\n".encode())
    return opened


def test_another_host_is_tunnelled(cloud: LocalCloud, owner: str) -> None:
    elsewhere = Elsewhere()
    data = b"x" * 3_000_000
    with connect(cloud, f"127.0.0.1:{elsewhere.port}", owner) as tunnel:
        stream = tunnel.makefile("rb")
        assert stream.readline() == b"HTTP/1.1 200 Connection established\r\n"
        assert stream.readline() == b"\r\n"
        assert stream.read(9) == b"me first;"
        threading.Thread(target=lambda: (tunnel.sendall(data), tunnel.shutdown(socket.SHUT_WR)), daemon=True).start()
        assert stream.read() == data


ASKING = """
import base64, socket, sys
opened = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
code = base64.b64encode(f"local:{sys.argv[3]}".encode()).decode()
opened.sendall(f"CONNECT {sys.argv[2]} HTTP/1.1\\r\\nProxy-Authorization: Basic {code}\\r\\n\\r\\n".encode())
print(opened.recv(100).split(b"\\r\\n")[0].decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user; who is one is tested in test_callers.py")
@pytest.mark.parametrize("token", ["", "local/user:owner@example.com//forged", "\xff\xfe"])
def test_another_user_of_this_machine_gets_a_tunnel_only_with_a_token(
    cloud: LocalCloud, owner: str, tmp_path_factory: pytest.TempPathFactory, token: str
) -> None:
    def asked(with_token: str) -> str:
        target = f"127.0.0.1:{Elsewhere().port}"
        command = ["/usr/bin/env", "python3", "-c", ASKING, str(cloud.port), target, with_token]
        result = subprocess.run(command, user=65534, group=65534, cwd="/", capture_output=True, text=True, check=False)
        return result.stdout.strip() or result.stderr

    assert asked(token) == "HTTP/1.1 407 Proxy Authentication Required"
    assert asked(owner) == "HTTP/1.1 200 Connection established"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"CONNECT nowhere HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT a b:443 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT x:99999999 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT " + b"x" * 9000, b"400"),
        (b"CONNECT a..b:443 HTTP/1.1\r\n\r\n", b"502"),
        (b"CONNECT " + b"a" * 200 + b".x:443 HTTP/1.1\r\n\r\n", b"502"),
    ],
)
def test_an_invalid_address_is_refused(cloud: LocalCloud, head: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=30) as opened:
        opened.sendall(head)
        assert opened.recv(100).split()[1] == status


def test_a_host_that_does_not_answer_is_reported_in_one_sentence(cloud: LocalCloud, owner: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with connect(cloud, f"127.0.0.1:{port}", owner) as tunnel:
        answer = tunnel.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"127.0.0.1:{port} cannot be reached".encode() in answer


def test_a_request_that_comes_byte_by_byte_is_answered(cloud: LocalCloud) -> None:
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=30) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"COPY / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n":
            opened.sendall(bytes([byte]))
        assert opened.recv(100).startswith(b"HTTP/1.1 4")


def test_only_its_owner_can_read_the_authoritys_key(cloud: LocalCloud, bundle: Path) -> None:
    assert bundle.exists()
    assert ((cloud.state / "ca.key").stat().st_mode & 0o777) == 0o600
    assert list(cloud.state.glob("leaf-*")) == []


def test_the_bundle_holds_this_machines_authorities_and_our_own(cloud: LocalCloud, bundle: Path) -> None:
    context = ssl.create_default_context(cafile=str(bundle))
    names = [dict(pair for part in one["subject"] for pair in part) for one in context.get_ca_certs()]
    assert len(names) > 1
    assert [one for one in names if one.get("commonName") == "groundwork local cloud (simulated)"]
