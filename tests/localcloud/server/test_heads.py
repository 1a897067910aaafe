"""A connection with several requests: answered in order, each once, and a waiting one learns that its client has gone."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import uvicorn
from localcloud.server.heads import Bounded
from localcloud.server.wire import Whole
from uvicorn.server import ServerState

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 8 << 20


class Application:
    """Answers /slow late, /large with a lot, /wait when the client has gone, all else with path and body."""

    keep_alive = 60

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gone = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        self.asked.append(scope["path"])
        content, more = b"", True
        while more:
            message = await receive()
            content, more = content + message["body"], message["more_body"]
        if scope["path"] == "/slow":
            for _ in range(20):
                await asyncio.sleep(0)
        if scope["path"] == "/wait":
            assert (await receive())["type"] == "http.disconnect"
            self.gone.set()
        answer = b"x" * LARGE if scope["path"] == "/large" else f"[{scope['path']}]".encode() + content
        length = b"%d" % len(answer)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": answer})


class Quick(Application):
    """Answers at once what begins with /x, and all else as before; /fails goes wrong."""

    def at_once(self, scope: Any) -> Any:
        """See Bounded."""
        path = scope["raw_path"].decode()
        if path == "/fails":
            raise LookupError
        if not path.startswith("/x"):
            return self
        self.asked.append(path)
        return Whole(200, ("content-length",), (str(len(path) + 2),), f"[{path}]".encode())


def said(client: Client, application: Callable[[], Application] = Application) -> tuple[bytes, Application]:
    """What a client returns that is connected to an application, and that application."""

    async def run() -> tuple[bytes, Application]:
        served = application()
        config = uvicorn.Config(served, lifespan="off", ws="none", log_config=None, proxy_headers=False)
        config.timeout_keep_alive = served.keep_alive
        config.load()
        made = partial(Bounded, config=config, server_state=ServerState(), app_state={})
        server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1 << 20)
            answer = await client(reader, writer)
            writer.close()
            if "/wait" in served.asked:
                await served.gone.wait()
        return answer, served

    return asyncio.run(run())


def test_requests_that_were_sent_at_once_are_answered_in_their_order() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        post = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
        writer.write(GET % b"slow" + post + GET % b"last?a=b")
        return await reader.readuntil(b"[/last]")

    answer, application = said(client)
    assert application.asked == ["/slow", "/body", "/last"]
    assert answer.index(b"[/slow]") < answer.index(b"[/body]body") < answer.index(b"[/last]")
    assert answer.count(b"HTTP/1.1 200 OK") == 3


def test_thousands_of_requests_that_were_sent_at_once_are_answered() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"x" * 3000 + GET % b"last")
        return await reader.readuntil(b"[/last]")

    assert said(client)[0].count(b"[/x]") == 3000


def test_a_client_that_expects_it_is_told_to_send_the_body() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        return await reader.readuntil(b"[/x]body")

    assert said(client)[0].startswith(b"HTTP/1.1 200 OK")


def test_a_client_of_an_older_protocol_is_answered_once() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /a%20b HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return await reader.read()

    answer = said(client)[0]
    assert answer.endswith(b"[/a b]")
    assert b"\r\nconnection: close\r\n" in answer


def test_a_slow_reader_gets_everything_and_its_next_answer() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"large" + GET % b"last")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(LARGE) == b"x" * LARGE
        return await reader.readuntil(b"[/last]")

    assert said(client)[0].endswith(b"[/last]")


def test_a_waiting_reader_learns_that_the_client_has_gone() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"first" + GET % b"wait")
        return await reader.readuntil(b"[/first]")

    assert said(client)[1].gone.is_set()


def test_an_invalid_request_is_refused() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET\r\n\r\n")
        return await reader.read()

    assert said(client)[0].startswith(b"HTTP/1.1 400 ")


def test_what_is_answered_at_once_stays_in_its_order() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        post = b"POST /x-body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
        writer.write(GET % b"x1" + GET % b"slow" + GET % b"x2" + post + GET % b"x3" + GET % b"last")
        return await reader.readuntil(b"[/last]")

    answer, application = said(client, Quick)
    assert application.asked == ["/x1", "/slow", "/x2", "/x-body", "/x3", "/last"]
    places = [answer.index(b"[%b]" % path.encode()) for path in application.asked]
    assert places == sorted(places)
    assert b"[/x-body]body" in answer


def test_a_read_with_a_body_is_not_answered_before_that_is_read() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n")
        await writer.drain()
        writer.write(b"body" + GET % b"x2")
        return await reader.readuntil(b"[/x2]")

    assert b"[/x]body" in said(client, Quick)[0]


def test_nothing_is_answered_after_the_last_answer() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        last = b"%b /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        writer.write(last % b"HEAD" + GET % b"x2" + GET % b"slow")
        return await reader.read()

    answer, application = said(client, Quick)
    assert answer.endswith(b"content-length: 4\r\nconnection: close\r\n\r\n")
    assert application.asked == ["/x"]


def test_what_goes_wrong_at_once_is_told_by_the_application_itself() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"fails" + GET % b"x")
        return await reader.readuntil(b"[/x]")

    assert said(client, Quick)[1].asked == ["/fails", "/x"]


def test_an_answer_that_takes_time_is_not_cut_off_as_idle_after_one_that_does_not() -> None:
    class Impatient(Quick):
        keep_alive = 0

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(GET % b"x" + GET % b"slow")
        return await reader.read()

    assert said(client, Impatient)[0].endswith(b"[/slow]")


class Clockwork:
    """A loop whose clock the test moves; at most one timer is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """See asyncio."""
        return self.now

    def call_later(self, seconds: float, call: Callable[[], None]) -> Any:
        """See asyncio."""
        assert not self.timers
        self.timers.append((self.now + seconds, call))
        return SimpleNamespace(cancel=self.timers.clear)

    def advance(self, now: float) -> None:
        """Moves the clock, and calls what is due."""
        self.now = now
        if self.timers and self.timers[0][0] <= now:
            self.timers.pop()[1]()


class Wire(asyncio.Transport):
    """A transport that leads nowhere."""

    closed = False

    def write(self, data: Any) -> None:
        """See asyncio."""

    def is_closing(self) -> bool:
        """See asyncio."""
        return self.closed

    def close(self) -> None:
        """See asyncio."""
        self.closed = True


def idle(loop: Clockwork) -> tuple[Bounded, Wire]:
    """A connection that answers at once, and its transport."""
    config = uvicorn.Config(Quick(), lifespan="off", ws="none", log_config=None, proxy_headers=False)
    config.timeout_keep_alive = 60
    config.load()
    transport = Wire()
    made = Bounded(config=config, server_state=ServerState(), app_state={}, _loop=loop)
    made.connection_made(transport)
    return made, transport


def test_a_connection_is_closed_once_it_was_idle_for_long_enough() -> None:
    loop = Clockwork()
    connection, transport = idle(loop)
    for now in (0, 30, 50):
        loop.advance(now)
        connection.data_received(GET % b"x")
    loop.advance(60)
    assert not transport.closed
    loop.advance(109)
    assert not transport.closed
    loop.advance(110)
    assert transport.closed


def test_a_connection_that_is_being_written_to_is_not_idle() -> None:
    loop = Clockwork()
    connection, transport = idle(loop)
    connection.data_received(GET % b"x")
    connection.data_received(b"GET /x")
    loop.advance(100)
    assert not transport.closed
    connection.data_received(b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    loop.advance(160)
    assert transport.closed


def test_the_timer_goes_with_its_connection() -> None:
    loop = Clockwork()
    connection, _ = idle(loop)
    connection.data_received(GET % b"x")
    connection.connection_lost(ConnectionResetError())
    assert not loop.timers
