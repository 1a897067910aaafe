"""Raw request bodies, and replies that are more than JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

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
    """Raised when something takes too long for the event loop: `work` runs in a thread, then the request is repeated with its result.

    `work` may only read, since the request's writes are rolled back.
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


class Reply(NamedTuple):
    """An answer that is more than a 200 with JSON.

    body    raw bytes, a dict to encode as JSON, a str that is JSON already, or None for an empty body
    file    (path, start, length), streamed instead of `body`
    pieces  streamed instead of `body`, when the length is not known in advance
    wait    a long poll; the reply is sent if nothing happens in that time
    later   returns the actual reply after the transaction, when another party has to be called for it; may raise CloudError
    """

    status: int = 200
    body: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    file: tuple[Path, int, int] | None = None
    pieces: Iterator[bytes] | None = None
    wait: Wait | None = None
    later: Callable[[], Awaitable[Reply]] | None = None
