"""Heads of answers leave with their bodies, in order, and are not kept back when no body follows; lengths are as the standard has them."""

import asyncio
import logging
from typing import Any, cast

import pytest
from localcloud.server.cycles import Cycle, text_head
from uvicorn.protocols.http.flow_control import FlowControl

LENGTH = (b"content-length", b"4")
LOG = logging.getLogger("test")


class Wire:
    """A transport that records what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def sent(*messages: dict[str, Any] | None, method: str = "GET", keep_alive: bool = True) -> Wire:
    """What is sent for these messages; None lets the event loop run."""
    wire = Wire()

    async def send() -> None:
        cycle = Cycle(
            scope=cast("Any", {"method": method}),
            transport=cast("Any", wire),
            flow=FlowControl(cast("Any", wire)),
            logger=LOG,
            access_logger=LOG,
            access_log=False,
            default_headers=[(b"server", b"us")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=lambda: None,
        )
        for message in messages:
            await (asyncio.sleep(0) if message is None else cycle.send(message))
        await asyncio.sleep(0)

    asyncio.run(send())
    return wire


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"\r\n".join([b"HTTP/1.1 " + status, b"server: us", *lines, b"", b""])


def test_a_head_and_its_body_are_one_write() -> None:
    assert sent(start(LENGTH), body(b"body")).written == [head(b"content-length: 4") + b"body"]


def test_a_head_whose_body_is_still_to_come_does_not_wait_for_it() -> None:
    assert sent(start(LENGTH), None, body(b"body")).written == [head(b"content-length: 4"), b"body"]


def test_a_head_alone_is_written_before_the_end() -> None:
    assert sent(start(LENGTH)).written == [head(b"content-length: 4")]


def test_a_body_that_looks_like_a_head_stays_in_its_place() -> None:
    likeness = head()
    length = b"%d" % (2 * len(likeness))
    pieces = sent(start((b"content-length", length)), body(likeness, more=True), body(likeness)).written
    assert b"".join(pieces) == head(b"content-length: " + length) + likeness * 2


def test_a_body_of_unknown_length_is_chunked() -> None:
    wire = sent(start(), body(b"body", more=True), body(b""))
    assert b"".join(wire.written) == head(b"transfer-encoding: chunked") + b"4\r\nbody\r\n0\r\n\r\n"


@pytest.mark.parametrize(("status", "line"), [(204, b"204 No Content"), (304, b"304 Not Modified")])
def test_an_answer_that_has_no_body_says_no_length(status: int, line: bytes) -> None:
    assert sent(start(status=status), body(b"")).written == [head(status=line)]


def test_a_head_request_keeps_the_content_length() -> None:
    for data in (b"", b"body"):
        assert b"".join(sent(start(LENGTH), body(data), method="HEAD").written) == head(b"content-length: 4")


def test_the_connection_closes_when_the_response_or_the_client_asks() -> None:
    closing = (b"Connection", b"Close")
    for wire in (
        sent(start(LENGTH, closing), body(b"body")),
        sent(start(LENGTH), body(b"body"), keep_alive=False),
        sent(start(LENGTH, closing), body(b"bo", more=True), body(b"dy"), keep_alive=False),
    ):
        assert b"".join(wire.written).lower() == head(b"content-length: 4", b"connection: close").lower() + b"body"
        assert wire.closed


@pytest.mark.parametrize(
    "bad", [(b"x", b"1\r\ny: 2"), (b"x", b"\0"), (b"x", b"\x7f"), (b"x: y", b"1"), (b"", b"1"), (b"x\n", b"1")]
)
def test_a_header_that_would_end_its_line_is_not_written(bad: tuple[bytes, bytes]) -> None:
    with pytest.raises(RuntimeError, match="Invalid HTTP header"):
        sent(start(LENGTH, bad))


def test_a_body_of_another_length_than_the_head_says_is_an_error() -> None:
    for data in (b"bodies", b"bod"):
        with pytest.raises(RuntimeError, match="Content-Length"):
            sent(start(LENGTH), body(data))


def test_percent_signs_are_only_that() -> None:
    assert sent(start(LENGTH, (b"x-%s", b"%d %%")), body(b"body")).written == [
        head(b"content-length: 4", b"x-%s: %d %%") + b"body"
    ]


def test_a_head_of_text_says_the_same_in_the_same_form() -> None:
    common, names, values = ((b"server", b"50 % us"),), ("X-%s", "content-length"), ("%d % é", "4")
    lines = "server: 50 % us\r\nx-%s: %d % é\r\ncontent-length: 4\r\n"
    for keep_alive, end in ((True, "\r\n"), (False, "connection: close\r\n\r\n")):
        answer = text_head(200, common, names, values, keep_alive=keep_alive)
        assert answer == f"HTTP/1.1 200 OK\r\n{lines}{end}".encode()


def test_a_name_that_would_end_its_line_is_not_written() -> None:
    for name in ("", "x\n", "x: y"):
        with pytest.raises(RuntimeError, match="Invalid HTTP header name"):
            text_head(200, (), (name,), ("1",), keep_alive=True)
