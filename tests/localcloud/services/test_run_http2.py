"""Services over HTTP/2: gRPC end to end on a port named h2c, and either version on either side of the front end."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from localcloud.engine.logs import topic
from localcloud.server import certificates

from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

SERVICES = f"run/v2/projects/{PROJECT}/locations/europe-west1/services"
MOST = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
SPEAKS_GRPC = """
import grpc, os, sys, threading
from concurrent.futures import ThreadPoolExecutor
LEFT = threading.Event()
def same(data, context):
    context.set_trailing_metadata((("seen", dict(context.invocation_metadata()).get("sent", "")),))
    return data
def none(data, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
def count(data, context):
    for number in range(int(data)):
        yield b"%d" % number
def total(requests, context):
    return b"%d" % sum(map(len, requests))
def turns(requests, context):
    for data in requests:
        yield data.upper()
def endless(data, context):
    context.add_callback(LEFT.set)
    yield b"begun"
    LEFT.wait(60)
def left(data, context):
    return b"%d" % LEFT.wait(30)
h = grpc
handlers = {
    "same": h.unary_unary_rpc_method_handler(same), "none": h.unary_unary_rpc_method_handler(none),
    "count": h.unary_stream_rpc_method_handler(count), "total": h.stream_unary_rpc_method_handler(total),
    "turns": h.stream_stream_rpc_method_handler(turns), "endless": h.unary_stream_rpc_method_handler(endless),
    "left": h.unary_unary_rpc_method_handler(left),
}
health = {"Check": h.unary_unary_rpc_method_handler(lambda data, context: b"\\x08\\x01")}
server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("models", handlers),))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", health),))
server.add_insecure_port("127.0.0.1:" + os.environ["PORT"])
server.start()
server.wait_for_termination()
"""
SPEAKS_HTTP_2 = """
import json, os, socket, threading
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
def serve(taken):
    http, bodies, heads = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8")), {}, {}
    http.initiate_connection()
    taken.sendall(http.data_to_send())
    while data := taken.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, RequestReceived):
                heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""
            elif isinstance(event, DataReceived):
                bodies[event.stream_id] += event.data
                http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                head = heads[event.stream_id]
                said = json.dumps({"head": head, "body": bodies[event.stream_id].decode(), "on": id(taken)}).encode()
                more = [("content-length", str(len(said)))] if head[":path"] == "/sized" else []
                http.send_headers(event.stream_id, [(":status", "200"), ("x-app", "two"), *more])
                if head[":method"] != "HEAD":
                    http.send_data(event.stream_id, said)
                if more:
                    http.end_stream(event.stream_id)
                else:
                    http.send_headers(event.stream_id, [("x-last", "word")], end_stream=True)
        taken.sendall(http.data_to_send())
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
"""
SPEAKS_HTTP_1 = """
import http.server, json, os
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.said(b"")
    def do_POST(self):
        pieces = []
        while self.headers.get("Transfer-Encoding") == "chunked" and pieces[-1:] != [b""]:
            pieces.append(self.rfile.read(int(self.rfile.readline(), 16)))
            self.rfile.readline()
        self.said(b"".join(pieces) or self.rfile.read(int(self.headers.get("Content-Length", 0))))
    do_HEAD = do_GET
    def said(self, body):
        text = json.dumps({"path": self.path, "head": dict(self.headers), "body": len(body)}).encode()
        self.send_response(200)
        self.send_header("Keep-Alive", "timeout=60")
        if self.path != "/until-the-end":
            self.send_header("Content-Length", str(len(text) * (2 if self.path == "/cut" else 1)))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = self.path in ("/cut", "/until-the-end")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def cloud(state: Path) -> Iterator[Serving]:
    with serving(state / "cloud", "run", "logging") as cloud:
        settings = cloud.cloud.workloads.settings
        settings.forced = "process"
        for name, program in (("grpc", SPEAKS_GRPC), ("two", SPEAKS_HTTP_2), ("one", SPEAKS_HTTP_1)):
            (state / f"speaks_{name}.py").write_text(program)
            settings.stand_ins[name] = ((sys.executable, f"speaks_{name}.py"), state)
        yield cloud


def deployed(
    cloud: Serving, name: str, image: str, port: str, public: bool = True, probe: Any = None, **template: Any
) -> Any:
    container = {"image": f"{image}:1", "ports": [{"name": port, "containerPort": 8080}]}
    containers = [container | {"startupProbe": probe} if probe else container]
    body = {"template": {"containers": containers, **template}, "invokerIamDisabled": public}
    operation = cloud("POST", SERVICES, body, serviceId=name)
    cloud("POST", f"run/v2/{operation['name']}:wait", {"timeout": "60s"})
    service = cloud("GET", f"{SERVICES}/{name}")
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED", service["terminalCondition"]
    return service


@pytest.fixture(scope="module")
def models(cloud: Serving) -> Iterator[grpc.Channel]:
    address = deployed(cloud, "models", "grpc", "h2c", probe={"grpc": {}})["annotations"]["local-cloud/address"]
    with grpc.insecure_channel(address.removeprefix("http://"), MOST) as channel:
        yield channel


@pytest.fixture(scope="module")
def http_1(cloud: Serving) -> Any:
    return deployed(cloud, "one", "one", "http1")


@pytest.fixture(scope="module")
def http_2(cloud: Serving) -> Any:
    return deployed(cloud, "two", "two", "h2c")


def address(service: Any) -> str:
    result: str = service["annotations"]["local-cloud/address"]
    return result


def test_a_call_is_answered_with_its_metadata_and_its_status(models: grpc.Channel) -> None:
    answer, call = models.unary_unary("/models/same").with_call(b"a", timeout=30, metadata=(("sent", "word"),))
    assert answer == b"a"
    assert ("seen", "word") in call.trailing_metadata()
    with pytest.raises(grpc.RpcError, match="no such model") as error:
        models.unary_unary("/models/none")(b"", timeout=30)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_streams_pass_in_both_directions_while_both_are_open(models: grpc.Channel) -> None:
    assert list(models.unary_stream("/models/count")(b"500", timeout=30)) == [b"%d" % one for one in range(500)]
    assert models.stream_unary("/models/total")(iter([b"ab"] * 500), timeout=30) == b"1000"
    echoed = threading.Semaphore(1)

    def ask() -> Iterator[bytes]:
        for number in range(5):
            echoed.acquire()
            yield b"turn %d" % number

    for number, answer in enumerate(models.stream_stream("/models/turns")(ask(), timeout=30)):
        assert answer == b"TURN %d" % number
        echoed.release()


def test_messages_larger_than_any_window_arrive_whole_and_side_by_side(models: grpc.Channel) -> None:
    data = [bytes([number]) * 3_000_000 for number in range(4)]
    calls = [models.unary_unary("/models/same").future(one, timeout=60) for one in data]
    assert [one.result() for one in calls] == data


def test_a_client_that_leaves_a_stream_is_gone_for_the_server_too(models: grpc.Channel) -> None:
    stream = models.unary_stream("/models/endless")(b"", timeout=60)
    assert next(stream) == b"begun"
    stream.cancel()
    assert models.unary_unary("/models/left")(b"", timeout=60) == b"1"


def test_a_stream_ends_at_the_request_timeout(cloud: Serving) -> None:
    service = deployed(cloud, "short", "grpc", "h2c", timeout="3s")
    with grpc.insecure_channel(address(service).removeprefix("http://")) as channel:
        stream = channel.unary_stream("/models/endless")(b"", timeout=60)
        assert next(stream) == b"begun"
        with pytest.raises(grpc.RpcError) as error:
            next(stream)
    assert error.value.code() == grpc.StatusCode.INTERNAL


def test_a_private_service_accepts_calls_to_its_name_from_its_callers_only(
    cloud: Serving, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = deployed(cloud, "private", "grpc", "h2c", public=False)
    trusted = grpc.ssl_channel_credentials(certificates.bundle(state / "cloud").read_bytes())
    url = service["urls"][0]
    token = cloud.cloud.tokens.identity(OWNER, url, cloud.cloud.clock.seconds())
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cloud.port}")
    with grpc.secure_channel(f"{url.removeprefix('https://')}:443", trusted) as channel:
        same = channel.unary_unary("/models/same")
        with pytest.raises(grpc.RpcError) as error:
            same(b"a", timeout=30)
        assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
        with pytest.raises(grpc.RpcError) as unknown:
            same(b"a", timeout=30, metadata=(("authorization", "Bearer a.b.c"),))
        assert unknown.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert same(b"a", timeout=30, metadata=(("authorization", f"Bearer {token}"),)) == b"a"


def test_an_http_1_instance_is_called_over_http_1_whatever_the_client_speaks(http_1: Any) -> None:
    with httpx.Client(http1=False, http2=True, base_url=address(http_1)) as client:
        for path in ("/a", "/until-the-end"):
            answer = client.get(path, headers=[("cookie", "a=1"), ("cookie", "b=2")])
            assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
            seen = answer.json()
            assert seen["path"] == path
            assert seen["head"]["cookie"] == "a=1; b=2"
            assert seen["head"]["host"] == address(http_1).removeprefix("http://")
        assert client.post("/b", content=iter([b"x" * 100_000] * 5)).json()["body"] == 500_000
        assert client.post("/b", content=b"xyz").json()["body"] == 3
        assert client.head("/a").content == b""
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/cut")
        assert client.get("/a").status_code == 200


def test_the_log_says_in_which_protocol_a_request_came(cloud: Serving, http_1: Any) -> None:
    with httpx.Client(http1=False, http2=True, base_url=address(http_1)) as client:
        assert client.get("/logged").status_code == 200

    protocols: list[str] = []
    counted: set[str] = set()

    def noted() -> bool:
        requests = [entry.get("httpRequest", {}) for _, entry in cloud.cloud.logs.read(f"projects/{PROJECT}")]
        protocols[:] = [one["protocol"] for one in requests if one.get("requestUrl", "").endswith("/logged")]
        series = cloud.cloud.metrics.series(PROJECT, "run.googleapis.com/request_count")
        counted.update(one.labels["response_code_class"] for one in series if one.labels["response_code"] == "200")
        return bool(protocols)

    cloud.until(noted, topic(f"projects/{PROJECT}"))
    assert protocols == ["HTTP/2"]
    assert counted == {"2xx"}


def test_an_h2c_instance_is_called_over_http_2_whatever_the_client_speaks(http_2: Any) -> None:
    with closing(HTTPConnection(address(http_2).removeprefix("http://"), timeout=30)) as client:
        on = set()
        for path, body in (("/", None), ("/sized", b"known"), ("/", iter([b"in ", b"pieces"])), ("/", b"again")):
            client.request("POST" if body else "GET", path, body, {"X-Mixed": "Case", "Connection": "keep-alive"})
            answer = client.getresponse()
            output = json.loads(answer.read())
            on.add(output["on"])
            assert (answer.status, answer.headers["x-app"]) == (200, "two")
            assert output["head"]["x-mixed"] == "Case"
            assert output["head"][":scheme"] == "http"
            assert output["head"][":authority"] == address(http_2).removeprefix("http://")
            assert not {"connection", "host", "transfer-encoding"} & set(output["head"])
        assert len(on) == 1
        client.request("HEAD", "/")
        assert client.getresponse().read() == b""
    with httpx.Client(http1=False, http2=True, base_url=address(http_2)) as both:
        assert both.post("/", content=b"x" * 10_000).json()["body"] == "x" * 10_000


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
)
def test_an_old_or_leaving_client_finds_the_end_of_an_answer_too(http_2: Any, sent: bytes) -> None:
    host, _, port = address(http_2).removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as plain:
        plain.sendall(sent)
        received = b"".join(iter(lambda: plain.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert (b"chunked" in head) == (b"1.1" in sent[:20])
    assert (b"x-last: word" in body) == (b"1.1" in sent[:20])
