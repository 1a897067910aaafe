"""One request to a service and its response: what the proxy's two sides share, the forwarded headers, and error pages."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from localcloud.services.run.fleet import Instance

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authorization",
        b"te",
        b"upgrade",
        b"x-serverless-authorization",
    }
)
_OWN_TOKEN = b"local/"
_SIGNATURE = b"SIGNATURE_REMOVED_BY_GOOGLE"


Headers = Sequence[tuple[bytes, bytes]]


class ProxyError(Exception):
    """An error response from the front end, in place of the instance's response."""

    def __init__(self, status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, headers


class Head(Protocol):
    """A request of which the head has been received."""

    target: bytes

    def field(self, name: bytes) -> bytes:
        """The value of a header by its lower-case name; empty if it is missing."""
        ...


class Chosen(Protocol):
    """The revision chosen to answer a request."""

    revision: str
    timeout: float
    h2c: bool
    placeholder: bool


class RequestRouter(Protocol):
    """Authorizes and routes requests, assigns instances to them, and records how they ended."""

    def choose(self, head: Head) -> Chosen:
        """The revision that answers a request. Raises ProxyError."""
        ...

    def enter(self, chosen: Chosen) -> Instance | None: ...

    async def acquire(self, chosen: Chosen) -> Instance: ...

    def leave(self, instance: Instance) -> None: ...

    def suspect(self, instance: Instance) -> None: ...

    def answered(self, exchange: Exchange) -> None: ...


class Exchange:
    """A request and its answer.

    body   what has come of the request's body and has not gone on yet
    early  what came behind a request for another protocol
    again  the body of a request that can be repeated; None for one that cannot
    old    whether the client speaks HTTP/1.0
    """

    __slots__ = (
        "again",
        "answer_size",
        "body",
        "chosen",
        "chunked",
        "complete",
        "early",
        "fields",
        "headers",
        "instance",
        "keep",
        "old",
        "peer",
        "protocol",
        "secure",
        "size",
        "started",
        "status",
        "target",
        "task",
        "timer",
        "trace",
        "upgrade",
        "upstream",
        "verb",
    )  # fmt: skip

    def __init__(self, peer: str, secure: bool, protocol: str = "HTTP/1.1") -> None:
        self.peer, self.secure, self.protocol = peer, secure, protocol
        self.verb, self.target, self.trace = b"", b"", ""
        self.headers: list[tuple[bytes, bytes, bytes]] = []
        self.fields: dict[bytes, bytes] = {}
        self.body: deque[bytes] = deque()
        self.size = self.answer_size = self.status = 0
        self.complete = self.chunked = self.upgrade = self.old = False
        self.again: tuple[bytes, ...] | None = None
        self.early = b""
        self.keep = True
        self.chosen: Any = None
        self.instance: Instance | None = None
        self.upstream: InstanceConnection | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self.started = 0.0

    def field(self, name: bytes) -> bytes:
        """The first value of a header by its lower-case name; empty if it is missing."""
        return self.fields.get(name, b"")

    def add(self, name: bytes, value: bytes) -> None:
        """Notes a header."""
        lower = name.lower()
        self.headers.append((lower, name, value))
        self.fields.setdefault(lower, value)

    @property
    def codings(self) -> list[bytes]:
        """The values of its Transfer-Encoding headers, in lower case."""
        return [value.lower() for lower, _, value in self.headers if lower == b"transfer-encoding"]

    def piece(self, data: bytes) -> bytes:
        """A piece of the body, encoded for forwarding."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def onward(self) -> list[tuple[bytes, bytes]]:
        """The headers as they go on: what is between two neighbours left out, what Google's front end says added."""
        found: list[tuple[bytes, bytes]] = []
        forwarded, kept_trace = self.peer.encode(), False
        for lower, name, value in self.headers:
            if lower in _HOP_BY_HOP:
                continue
            if lower == b"x-forwarded-for":
                forwarded = value + b"," + forwarded
                continue
            if lower == b"x-forwarded-proto":
                continue
            if lower == b"x-cloud-trace-context":
                kept_trace, self.trace = True, value.partition(b"/")[0].decode("latin-1")
            found.append((name, _unsigned(value) if lower == b"authorization" else value))
        if not kept_trace:
            self.trace = os.urandom(16).hex()
            found.append((b"X-Cloud-Trace-Context", b"%b/1;o=0" % self.trace.encode()))
        found.append((b"X-Forwarded-For", forwarded))
        found.append((b"X-Forwarded-Proto", b"https" if self.secure else b"http"))
        return found

    def head(self) -> bytes:
        """The head as it goes on to an instance that speaks HTTP/1.1."""
        lines = [b"%b %b HTTP/1.1" % (self.verb, self.target)]
        lines += [b"%b: %b" % header for header in self.onward()]
        if self.upgrade:
            lines.append(b"Connection: Upgrade\r\nUpgrade: " + self.field(b"upgrade"))
        return b"\r\n".join(lines) + b"\r\n\r\n"


def _unsigned(value: bytes) -> bytes:
    """An Authorization header of no use to its reader: identity tokens without signature, this cloud's access tokens without secret."""
    scheme, _, token = value.partition(b" ")
    mark = b"/" if token.lstrip().startswith(_OWN_TOKEN) else b"."
    if scheme.lower() != b"bearer" or (mark == b"." and token.count(b".") != 2):
        return value
    return value.rpartition(mark)[0] + mark + _SIGNATURE


class InstanceConnection(Protocol):
    """A connection to an instance, as the client's side sees it."""

    usable: bool

    def begin(self, client: ClientConnection, exchange: Exchange) -> None:
        """From now on it is there for an exchange: what is known of the request is sent."""
        ...

    def send(self, data: bytes) -> None:
        """Sends a piece of the request's body."""
        ...

    def finish(self) -> None:
        """The request is whole."""
        ...

    def tunnel(self, data: bytes) -> None:
        """Sends bytes of another protocol."""
        ...

    def end(self) -> None: ...

    def close(self) -> None: ...

    def reading(self, on: bool) -> None: ...


class ClientConnection(Protocol):
    """Who asked, as the instance's side sees it; one that `takes_bytes` of HTTP/1.1 is given the answer as it comes, others in parts."""

    takes_bytes: bool

    def answer(self, data: bytes) -> None:
        """Forwards bytes of the instance's response."""
        ...

    def head(self, exchange: Exchange, status: int, headers: Headers, *, whole: bool = False) -> None:
        """The head of an answer, which may be all of it, or one that says only that it is to come."""
        ...

    def piece(self, data: bytes) -> None:
        """A piece of its body."""
        ...

    def trailers(self, headers: Headers) -> None:
        """The headers behind its body."""
        ...

    def done(self, exchange: Exchange, *, reusable: bool) -> None:
        """The response is complete."""
        ...

    def changed(self, upstream: InstanceConnection) -> None:
        """The instance has switched protocols."""
        ...

    def broken(self, exchange: Exchange) -> None:
        """The connection to the instance ended before the response was complete."""
        ...

    def refuse(self, exchange: Exchange, refused: ProxyError) -> None:
        """Answers in place of an instance."""
        ...

    def cut(self) -> None:
        """Ends an answer that cannot be completed, so that nobody takes it for whole."""
        ...

    def stop_reading(self) -> None: ...

    def read_on(self) -> None: ...

    def taken(self) -> None:
        """What has come of the request has gone on."""
        ...
