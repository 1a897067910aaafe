"""The client against servers that keep connections, close them, or answer badly."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from localcloud.provider.client import Answer, Client, HttpError, NoAnswer

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
CLOSED = b""


@dataclass
class Server:
    """Answers one request after another as told; a connection on which nothing more is told ends."""

    url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serving(*connections: Sequence[bytes]) -> Iterator[Server]:
    """A server that has these responses for the requests of its first connection, of its second …"""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(f"http://127.0.0.1:{listening.getsockname()[1]}/v1/things?a=b")

        def serve() -> None:
            for responses in connections:
                with listening.accept()[0] as peer:
                    for response in responses:
                        server.requests.append(_request(peer))
                        peer.sendall(response)

        running = threading.Thread(target=serve, daemon=True)
        running.start()
        yield server
        running.join(30)


def _request(peer: socket.socket) -> bytes:
    head, body = b"", b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    while len(body) < length:
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


def sent(client: Client, server: Server, verb: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    return client.send(verb, server.url, body, headers, 30)


def test_a_connection_is_used_again() -> None:
    client = Client()
    with serving([OK, OK]) as server:
        assert sent(client, server).body == sent(client, server, "POST", b"{}", Accept="application/json").body
    first, second = server.requests
    assert first.startswith(b"GET /v1/things?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Length" not in first
    assert second.endswith(b"\r\nAccept: application/json\r\nContent-Length: 2\r\n\r\n{}")


def test_a_large_body_and_an_empty_one_are_sent_whole() -> None:
    client = Client()
    with serving([OK, OK]) as server:
        sent(client, server, "PUT", b"x" * 3_000_000)
        sent(client, server, "POST")
    assert server.requests[0].endswith(b"x" * 3_000_000)
    assert b"Content-Length: 0" in server.requests[1]


def test_a_server_that_closes_is_connected_to_again() -> None:
    client = Client()
    closing = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with serving([closing], [OK], [OK]) as server:
        assert [sent(client, server).code for _ in range(3)] == [200] * 3  # the second closes without saying so


def test_only_a_get_is_sent_again_when_an_old_connection_turns_out_to_be_closed() -> None:
    client = Client()
    with serving([OK]) as server:
        sent(client, server)
        with pytest.raises(NoAnswer) as lost:
            sent(client, server, "POST", b"{}")
    assert lost.value.sent


@pytest.mark.parametrize(
    "answer",
    [CLOSED, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nA"],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    with serving([answer]) as server, pytest.raises(NoAnswer, match="did not answer") as lost:
        sent(Client(), server)
    assert lost.value.sent


def test_nobody_there_means_that_nothing_was_sent() -> None:
    with serving() as server:
        pass
    with pytest.raises(NoAnswer) as lost:
        sent(Client(), server)
    assert not lost.value.sent


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", {}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnone", {}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[{}]", {}),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n', {"a": 1}),
    ],
)
def test_a_body_is_an_object_or_nothing(response: bytes, body: object) -> None:
    with serving([response]) as server:
        assert sent(Client(), server).body == body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "There is none.", "status": "NOT_FOUND"}}', "404 NOT_FOUND: There is none."),
        (b'{"error": "none"}', "404: none"),
        (b"<p>none", "404: <p>none"),
        (b"", "404: no reason was given"),
    ],
)
def test_an_error_says_what_the_server_says(body: bytes, message: str) -> None:
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving([head + body]) as server, pytest.raises(HttpError) as refused:
        sent(Client(), server)
    assert str(refused.value) == message


@pytest.mark.parametrize("reason", ["a\r\nX-Other: b", "a\nb", "a\0b", "…"])
def test_a_header_cannot_end_in_its_middle(reason: str) -> None:
    with serving() as server, pytest.raises(HttpError, match="has a character that cannot be there"):
        sent(Client(), server, Reason=reason)


@pytest.mark.parametrize("path", ["/a b", "/a\x7f", "/ä"])
def test_a_target_cannot_end_in_its_middle(path: str) -> None:
    with pytest.raises(HttpError, match="has a character that cannot be there"):
        Client().send("GET", f"http://127.0.0.1:9{path}", None, {}, 1)
