"""uvicorn's protocol with a limit on the heads of requests: one that is too long is refused before it is stored or parsed."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localcloud.server.cycles import Cycle

# Many times the head of any client's request; tokens of identity providers are the largest thing in one.
_LARGEST = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Bounded(HttpToolsProtocol):
    """Serves a connection. Requests are answered by cycles of our own, and their scope tells how to drop the connection."""

    head: int | None = 0
    """Bytes of the present request's head that have come, None once it is whole."""

    def data_received(self, data: bytes) -> None:
        """Refuses a head that does not come to its end."""
        if self.head is not None:
            self.head += len(data)
        super().data_received(data)
        if self.head is not None and self.head > _LARGEST and not self.transport.is_closing():
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """The same for what cannot be parsed, or is too large to be."""
        if self.head is None or self.head <= _LARGEST:
            super().send_400_response(msg)
            return
        self.transport.write(_TOO_LARGE)
        self.transport.close()

    def on_message_begin(self) -> None:
        """The scope is made once the head is there."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_message_complete(self) -> None:
        """After this the next head may come."""
        super().on_message_complete()
        self.head = 0

    def on_headers_complete(self) -> None:
        """Begins to answer, or lets a pipelined request wait for its turn.

        Raises ValueError, which the parser turns into a refusal, for a head that is too large.
        """
        self.head = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if self.head > _LARGEST:
            raise ValueError
        self.head = None
        busy = self.cycle is not None and not self.cycle.response_complete
        version = self.parser.get_http_version()
        self.scope = cast("Any", self._scope(version))
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if busy:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _scope(self, version: str) -> dict[str, Any]:
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "headers": self.headers,
            "state": {},
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "extensions": {"localcloud.drop": {"abort": self.transport.abort}},
        }
