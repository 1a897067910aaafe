"""Raw request bodies, and replies that are more than JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.engine.store import file_pieces


@dataclass(frozen=True, slots=True)
class Content:
    """A raw request body: in memory (`data`) when it is at most 1 MiB, else spooled to the file `path`.

    The file lies on the same disk as the store's blobs and belongs to the request: rename it to keep it, it is removed
    otherwise. `type` is the Content-Type header.
    """

    type: str
    size: int
    data: bytes | None = None
    path: Path | None = None

    def read(self) -> bytes:
        """The whole body in memory."""
        return self.data if self.data is not None else self.path.read_bytes() if self.path else b""

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most 1 MiB."""
        return iter((self.data or b"",)) if self.path is None else file_pieces(self.path)


class Beside(Exception):
    """Something takes too long for the event loop: `work` is to run in a thread, and the request is then run again with its result.

    Only reads what it needs, since the request's own writes are taken back.
    """

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__(name)
        self.name = name
        self.work = work


@dataclass(frozen=True, slots=True)
class Wait:
    """A long poll: the request is run again when the signal `topic` is rung, for at most so many seconds in all."""

    topic: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than a 200 with JSON.

    `body`: bytes as they are, a dict as JSON, a str that is JSON already, None for empty. `file`: (path, start, length) is
    streamed instead of `body`, and so are `pieces`, whose length nobody knows beforehand. `wait`: the answer if nothing happens in that time. `later`: what
    gives the answer, once the transaction is over, when somebody else has to be asked for it; it may raise CloudError.
    """

    status: int = 200
    body: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: tuple[Path, int, int] | None = None
    pieces: Iterator[bytes] | None = None
    wait: Wait | None = None
    later: Callable[[], Awaitable[Reply]] | None = None
