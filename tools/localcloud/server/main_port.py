"""The listening port: plain HTTP, CONNECT, TLS for Google's hosts and gRPC, told apart by the first bytes of a connection.

A client that is pointed here as at a proxy, and trusts the authority of the state folder, reaches the local cloud under Google's
own names; every other host is tunnelled for this user's processes, and for clients with a token.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

from localcloud.errors import CloudError
from localcloud.server import splice
from localcloud.server.certificates import Authority
from localcloud.server.connection_limit import is_over_limit, others_share
from localcloud.server.heads import Bounded

_log = logging.getLogger("localcloud")
_CONNECT = b"CONNECT "
_PREFACE = b"PRI * HTTP/2"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_LONGEST = 8192
_TARGET = re.compile(r"CONNECT ([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5}) HTTP/1\.[01]")
_GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)*googleapis\.com|accounts\.google\.com|metadata\.google\.internal")
_HOST = re.compile(rb"\r\n[Hh][Oo][Ss][Tt]: *([A-Za-z0-9.-]+)(?::\d{1,5})?\r\n")
_PATIENCE = 20.0


@dataclass(frozen=True)
class Targets:
    """The targets of the listening port.

    authority   ends TLS
    grpc        host -> path of the Unix socket on which gRPC for it is answered
    claimed     whether a service answers for a host that is not one of googleapis.com
    connection  what takes a whole connection to a host; None where each request is answered by itself
    admitted    raises CloudError for a token that is none
    same_user   whether a connection is held by a process of this user's: (its other end, our port)
    """

    authority: Authority
    grpc: Callable[[str], str]
    claimed: Callable[[str], bool]
    connection: Callable[[str], asyncio.Protocol | None]
    admitted: Callable[[str], object]
    same_user: Callable[[str, int], bool]

    def ours(self, host: str) -> bool:
        """Whether the local cloud stands in for a host."""
        return bool(_GOOGLE.fullmatch(host)) or self.claimed(host)


class EntryProtocol(Bounded):
    """uvicorn's protocol, after a look at a connection's first bytes."""

    targets: Targets
    others_share = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._again = partial(type(self), *arguments, **named)
        self._begun = b""
        self._http = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Drops another user's connection if many files are open."""
        if transport.get_extra_info("peername") and is_over_limit(transport, self.others_share):
            transport.abort()
        else:
            super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Looks at the first bytes, once."""
        if self._http:
            super().data_received(data)
            return
        self._begun += data
        if self._begun.startswith(_CONNECT):
            if b"\r\n\r\n" in self._begun or len(self._begun) > _LONGEST:
                self._leave(self._connect())
        elif self._begun.startswith(_PREFACE):
            self._leave(self._spliced("", self._begun))
        elif not any(one.startswith(self._begun) for one in (_CONNECT, _PREFACE)):
            host = _HOST.search(self._begun, 0, _LONGEST)
            other = self.targets.connection(host[1].decode().lower()) if host else None
            if other is None:
                self._http = True
                super().data_received(self._begun)
            else:
                self._give(other)

    def _give(self, other: asyncio.Protocol) -> None:
        """Hands the connection over to another protocol."""
        self.connections.discard(self)
        self._unset_keepalive_if_required()
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        other.data_received(self._begun)

    def _leave(self, then: Any) -> None:
        """Hands the connection over; uvicorn no longer counts it."""
        self.connections.discard(self)
        self._unset_keepalive_if_required()
        self.transport.pause_reading()
        task = self.loop.create_task(then)
        self.tasks.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, OSError | asyncio.TimeoutError):
            self.transport.close()
        elif problem is not None:
            _log.error("A connection broke off.", exc_info=problem)
            self.transport.abort()

    async def _connect(self) -> None:
        head, _, rest = self._begun.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        target = _TARGET.fullmatch(line)
        if target is None:
            self._refuse("400 Bad Request", "That is not an address to connect to.")
            return
        host, port = target[1].lower().rstrip("."), int(target[2])
        if self.targets.ours(host):
            self.transport.write(_ESTABLISHED)
            await self._secured(host)
        elif not self._admitted(fields):
            self._refuse(
                "407 Proxy Authentication Required",
                "The local cloud tunnels for its own user's processes, and for those who send a token as the proxy's password.",
                'Proxy-Authenticate: Basic realm="local cloud"',
            )
        else:
            await self._tunnelled(host.strip("[]"), port, rest)

    def _admitted(self, fields: list[str]) -> bool:
        """Whether a process of this user's asks, or one that sends a token as the proxy's password."""
        peer = self.transport.get_extra_info("peername")
        port = self.transport.get_extra_info("sockname")[1]
        if self.targets.same_user(f"ipv4:{peer[0]}:{peer[1]}", port):
            return True
        credentials = next(
            (one.partition(":")[2].strip() for one in fields if one.lower().startswith("proxy-authorization:")), ""
        )
        try:
            token = base64.b64decode(credentials.partition(" ")[2]).decode().partition(":")[2]
            self.targets.admitted(unquote(token))
        except (ValueError, CloudError):
            return False
        return bool(token)

    async def _secured(self, host: str) -> None:
        """Ends TLS; what comes out of it is HTTP, or for one of Google's APIs gRPC where that is all that the client speaks."""
        waiting = _Buffer()
        whole = self.targets.connection(host)
        context = self.targets.authority.context(host, whole is not None)
        inner = await self.loop.start_tls(
            self.transport, waiting, context, server_side=True, ssl_handshake_timeout=_PATIENCE
        )
        assert inner is not None
        if whole is None and inner.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
            self.transport = cast("Any", inner)
            inner.pause_reading()  # what comes from now on is the socket's
            await self._spliced(host, b"".join(waiting.data))
            return
        protocol = whole or self._again()
        protocol.connection_made(inner)
        inner.set_protocol(protocol)
        for piece in waiting.data:
            protocol.data_received(piece)

    async def _spliced(self, host: str, begun: bytes) -> None:
        path = await self.loop.run_in_executor(None, self.targets.grpc, host)
        await splice.join(self.transport, lambda made: self.loop.create_unix_connection(made, path), begun=begun)

    async def _tunnelled(self, host: str, port: int, rest: bytes) -> None:
        def connect(factory: Callable[[], asyncio.Protocol]) -> Any:
            return asyncio.wait_for(self.loop.create_connection(factory, host, port), _PATIENCE)

        try:
            await splice.join(self.transport, connect, begun=rest, answer=_ESTABLISHED)
        except (TimeoutError, OSError, UnicodeError) as problem:  # UnicodeError: an invalid host name
            self._refuse("502 Bad Gateway", f"{host}:{port} cannot be reached: {problem or 'it does not answer'}.")

    def _refuse(self, status: str, sentence: str, *headers: str) -> None:
        body = f"{sentence}\n".encode()
        head = [
            f"HTTP/1.1 {status}",
            *headers,
            "Content-Type: text/plain",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + body)
        self.transport.close()


class _Buffer(asyncio.Protocol):
    """Keeps what arrives between the handshake and the choice of who reads it."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.data.append(data)


def entry(targets: Targets) -> type[EntryProtocol]:
    """The protocol class for uvicorn with these targets."""
    return type("TargetsEntry", (EntryProtocol,), {"targets": targets, "others_share": others_share()})
