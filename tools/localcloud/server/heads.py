"""uvicorn's protocol with a limit on the heads of requests: one that is too long is refused before it is stored or parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localcloud.server.cycles import Cycle, text_head
from localcloud.server.wire import Whole

# Many times the head of any client's request; tokens of identity providers are the largest thing in one.
_LARGEST = 64 * 1024
_READS = {"GET", "HEAD"}
AtOnce = Callable[[Any], Whole | Any]
"""(method, headers, raw_path and query_string of a scope) -> the answer to a request without a body, or the ASGI application that will give it."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Bounded(HttpToolsProtocol):
    """Serves a connection; a request's scope tells how to drop it.

    Requests are answered by cycles of our own, but for those that the application can answer `at_once`: they need no task.
    """

    head: int | None = 0
    """Bytes of the present request's head that have come, None once it is whole."""
    _keep_alive = True
    _version = "1.1"
    _unbegun = False
    """Whether the present request is one that may be answered at its end."""
    _first = True
    """Whether nothing of what has just arrived was answered yet."""
    _most = 0
    """More bytes than these cannot be in a head that ends in what has just arrived."""
    _idle_since: float | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._at_once: AtOnce | None = getattr(self.app, "at_once", None)
        self._asgi = {"version": self.asgi_version, "spec_version": "2.3"}

    def data_received(self, data: bytes) -> None:
        """Refuses a head that does not come to its end."""
        self._first = True
        self._most = (self.head or 0) + len(data)
        if self.head is not None:
            self.head = self._most
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

    # One timer for a connection: uvicorn sets and cancels one for each of its requests.

    def on_response_complete(self) -> None:
        """Lets the next pipelined request begin, or the connection be idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that has been idle for long enough; the next response sets the timer again for a busy one."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again(left)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the timer, too."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def _look_again(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_message_begin(self) -> None:
        """The scope is made once the head is there."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Begins to answer, unless the request can be answered at its end.

        Raises ValueError, which the parser turns into a refusal, for a head that is too large.
        """
        if self._most > _LARGEST:
            self.head = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
            if self.head > _LARGEST:
                raise ValueError
        self.head = None
        self._version = self.parser.get_http_version()
        self._keep_alive = self._version != "1.0" and self.parser.should_keep_alive()
        self._asked = self._request()
        self._unbegun = self._may_answer_at_once()
        if not self._unbegun:
            self._begin(self.app)

    def on_body(self, body: bytes) -> None:
        """A request with a body is answered by ASGI."""
        if self._unbegun:
            self._begin(self.app)
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """After this the next head may come."""
        if self._unbegun:
            self._answer_or_begin()
        if self.cycle is not None:
            super().on_message_complete()
        self.head = 0

    def _may_answer_at_once(self) -> bool:
        """Once for what arrived together, so that a client that sends many requests lets others have their turn."""
        return (
            self._at_once is not None
            and self._first
            and self._asked["method"] in _READS
            and not self._busy
            and not self.expect_100_continue
            and not self.flow.write_paused
        )

    @property
    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _answer_or_begin(self) -> None:
        assert self._at_once is not None
        keep_alive, common = self._keep_alive, tuple(self.server_state.default_headers)
        try:
            found = self._at_once(self._asked)
            if isinstance(found, Whole):
                status, names, values, body = found
                response_head = text_head(status, common, names, values, keep_alive=keep_alive)
        except Exception:
            self._begin(self.app)  # which meets the same and says so
            return
        if not isinstance(found, Whole):
            self._begin(found)
            return
        self._unbegun = self._first = False
        self.transport.write(response_head if self._asked["method"] == "HEAD" else response_head + body)
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _begin(self, app: Any) -> None:
        """Lets an ASGI application answer, or a pipelined request wait for its turn."""
        self._unbegun = False
        if self.transport.is_closing():
            return
        busy = self._busy
        self._unset_keepalive_if_required()
        self.scope = self._scope()
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
            keep_alive=self._keep_alive,
            on_response=self.on_response_complete,
        )
        if busy:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))
        else:
            self._start_asgi_task(self.cycle, app)

    def _request(self) -> dict[str, Any]:
        url = httptools.parse_url(self.url)
        return {
            "method": self.parser.get_method().decode("ascii"),
            "raw_path": url.path,
            "query_string": url.query or b"",
            "headers": self.headers,
        }

    def _scope(self) -> Any:
        path = self._asked["raw_path"].decode("ascii")
        return {
            **self._asked,
            "type": "http",
            "asgi": self._asgi,
            "http_version": self._version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "state": {},
            "path": unquote(path) if "%" in path else path,
            "extensions": {"localcloud.drop": {"abort": self.transport.abort}},
        }
