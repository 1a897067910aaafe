"""Sending answers: pieces of unknown length, and answers that break off."""

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.engine.exchange import Reply
from localcloud.server.wire import BrokenOff, Message, send_reply, whole
from localcloud.services.storage import SERVICE

from tests.localcloud.inside import PROJECT, Inside, inside


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, SERVICE)
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "a-bucket"})
    return cloud


def test_pieces_are_sent_as_they_come_and_others_have_their_turn_between() -> None:
    turns: list[str] = []

    async def other() -> None:
        for _ in range(3):
            turns.append("other")
            await asyncio.sleep(0)

    async def send(message: Message) -> None:
        turns.append(f"{message.get('body', b'start')!r}")

    async def both() -> None:
        task = asyncio.create_task(other())
        await send_reply(Reply(pieces=iter((b"1", b"2"))), send, 0)
        await task

    asyncio.run(both())
    assert turns == ["b'start'", "b'1'", "other", "b'2'", "other", "b''", "other"]


def test_an_answer_that_breaks_off_does_not_look_complete(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"1"
        raise EOFError("ended early")

    async def send(message: Message) -> None:
        sent.append(message)

    (tmp_path / "short").write_bytes(b"123")
    for reply in (Reply(pieces=pieces()), Reply(file=(tmp_path / "short", 0, 4)), Reply(file=(tmp_path / "no", 0, 4))):
        sent: list[Message] = []
        with pytest.raises(BrokenOff):
            asyncio.run(send_reply(reply, send, 0))
        assert all(message.get("more_body", True) for message in sent)


def test_an_object_that_unpacks_only_in_part_drops_the_connection(cloud: Inside) -> None:
    whole = gzip.compress(bytes(range(256)) * 40_000, 0)
    path = "upload/storage/v1/b/a-bucket/o?uploadType=media&contentEncoding=gzip&name=x"
    assert cloud("POST", path, whole[:-50_000], content_type="text/plain").status == 200
    response = cloud("GET", "storage/v1/b/a-bucket/o/x?alt=media")
    assert (response.status, response.dropped) == (200, True)
    assert "content-length" not in (response.headers or {})


def test_no_header_of_an_answer_can_end_its_line() -> None:
    answer = whole(Reply(body=b"1234", headers={"x-note": "a\r\nx-b:\tc\0\x7f\ud800", "x-who": "é"}), 0)
    assert dict(zip(answer.names, answer.values, strict=True)) == {
        "x-note": "a  x-b: c  ?",
        "x-who": "é",
        "date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "content-length": "4",
    }
