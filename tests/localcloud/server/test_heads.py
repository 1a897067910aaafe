"""Heads of answers leave with their bodies, in order, and are not kept back when no body follows."""

import asyncio
from typing import Any, cast

from localcloud.server.heads import Gathered

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire:
    """A transport that notes what it is told to write."""

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


def written(*pieces: bytes | None) -> list[bytes]:
    """What goes out for these writes; None lets the loop come round."""
    wire = Wire()

    async def write() -> None:
        gathered = Gathered(cast("Any", wire), asyncio.get_running_loop())
        for piece in pieces:
            if piece is None:
                await asyncio.sleep(0)
            else:
                gathered.write(piece)
        gathered.close()

    asyncio.run(write())
    return wire.written


def test_a_head_and_its_body_are_one_write() -> None:
    assert written(HEAD, b"body", b"more") == [HEAD + b"body", b"more"]


def test_a_head_whose_body_is_still_to_come_does_not_wait_for_it() -> None:
    assert written(HEAD, None, b"body") == [HEAD, b"body"]


def test_a_head_alone_is_written_before_the_end() -> None:
    assert written(HEAD) == [HEAD]


def test_a_body_that_looks_like_a_head_stays_in_its_place() -> None:
    assert written(HEAD, HEAD, HEAD, b"end") == [HEAD + HEAD, HEAD + b"end"]
