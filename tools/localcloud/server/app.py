"""The ASGI application: reads requests, writes replies and keeps the request log; the dispatcher does everything else."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cache, partial
from typing import Any

from localcloud.console.address import PREFIX
from localcloud.engine import rendering
from localcloud.engine.dispatch import Dispatcher, Outcome, Request
from localcloud.engine.exchange import Beside, Reply
from localcloud.engine.router import Target
from localcloud.errors import CloudError, permission_denied
from localcloud.server import bodies, origins
from localcloud.server.bodies import Receive
from localcloud.server.fault_rules import Faults
from localcloud.server.faults import Dropped, before, disturbed
from localcloud.server.request_log import RequestLog
from localcloud.server.sites import Mounted, Sites
from localcloud.server.unpacking import unpacked
from localcloud.server.wire import BrokenOff, Message, Send, Whole, compressed, send_reply, whole

Scope = MutableMapping[str, Any]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("localcloud")
_GOOGLE = re.compile(
    r"((?:[a-z]+(?:-[a-z]+)*-[a-z]+\d+-)?)([a-z]+)(?:\.([a-z0-9-]+)\.rep|\.mtls)?\.googleapis\.com(?::\d+)?"
)
_AT_ROOT = {"storage", "compute", "bigquery", "www"}
_READS = {"GET", "HEAD"}


class App:
    """Serves the cloud. `base` is its own address; `control` handles /_local/, `sites` the services' own requests, `console` the console."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        faults: Faults,
        log: RequestLog,
        control: ASGI,
        base: str,
        sites: Sites,
        console: Callable[[], ASGI],
    ) -> None:
        self.base = base
        self.sites = sites
        self._console = cache(console)
        self._log = log
        self._faults = faults
        self._dispatcher = dispatcher
        self._control = control
        self._store = dispatcher.cloud.store
        self._clock = dispatcher.cloud.clock
        self._commits = dispatcher.cloud.commits
        self._signals = dispatcher.cloud.signals
        self._due = dispatcher.cloud.due

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        asked = self._asked(scope)
        if isinstance(asked, Request):
            await self._serve(asked, scope, receive, send)
        else:
            await asked(scope, receive, send)

    def at_once(self, scope: Scope) -> Whole | ASGI:
        """The answer to a read without a body, or, if something has to be waited for, the application that gives it."""
        request = self._asked(scope)
        if not isinstance(request, Request):
            return request
        if not self._faults.quiet or "content-encoding" in request.headers:
            return self
        started, since = time.perf_counter(), self._signals.moment
        target: Target | None = None
        try:
            target = self._dispatcher.target(request)
            found = self._dispatcher.run(request, target)
        except Beside as beside:
            return partial(self._resumed, request, target, beside, since, started)
        except Exception as problem:
            found = self._dispatcher.failed(problem, target)
        if _takes_time(found.reply):
            return partial(self._resumed, request, target, found, since, started)
        self._note(request, target, found, started)
        return whole(compressed(found.reply, request.headers), self._clock.seconds())

    async def _resumed(
        self,
        request: Request,
        target: Target | None,
        found: Outcome | Beside,
        since: int,
        started: float,
        scope: Scope,
        _receive: Receive,
        send: Send,
    ) -> None:
        """Goes on where `at_once` had to stop."""
        assert target is not None
        outcome = await self._settled(request, target, await self._done(request, target, found), since)
        self._note(request, target, outcome, started)
        await self._send(request, outcome, scope, send)

    def _asked(self, scope: Scope) -> Request | ASGI:
        """A request to an API, still without its body, or the application that answers another one."""
        unwanted = origins.refusal(scope["headers"])
        if unwanted:
            return partial(self._refused, unwanted)
        raw = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        if raw.startswith("/_local/"):
            return self._control
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if raw.startswith(PREFIX) or (raw == "/" and _is_looking(headers)):
            return self._console()
        if (site := self.sites.find(headers.get("host", ""), raw)) is not None:
            return partial(self._visited, site, headers)
        base, path, named = self._addressed(headers, raw[1:])
        return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, None, base, named, {})

    async def _refused(self, unwanted: str, _scope: Scope, _receive: Receive, send: Send) -> None:
        refused = self._dispatcher.failed(permission_denied(unwanted), None)
        await send_reply(refused.reply, send, self._clock.seconds())

    async def _serve(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            content = await bodies.read(self._dispatcher, request, receive)
            request = bodies.overridden(request if content is None else request._replace(content=content))
            if "content-encoding" in request.headers:
                request = await unpacked(self._dispatcher, request)
                content = request.content or content
        except bodies.Disconnected:
            return
        except (bodies.Unwelcome, OSError) as problem:
            refused = (
                problem.outcome if isinstance(problem, bodies.Unwelcome) else self._dispatcher.failed(problem, None)
            )
            self._log.add(request, "", refused.reply.status, 0)
            await send_reply(refused.reply, send, self._clock.seconds())
            return
        try:
            await self._send(request, await self._outcome(request), scope, send)
        finally:
            if content is not None and content.path is not None:
                content.path.unlink(missing_ok=True)

    async def _send(self, request: Request, outcome: Outcome | None, scope: Scope, send: Send) -> None:
        try:
            if outcome is None:
                scope["extensions"]["localcloud.drop"]["abort"]()
            else:
                await send_reply(compressed(outcome.reply, request.headers), send, self._clock.seconds())
        except BrokenOff as problem:
            _log.warning("The response to %s /%s broke off: %s", request.verb, request.path, problem)
            scope["extensions"]["localcloud.drop"]["abort"]()

    async def _visited(
        self, site: Mounted, headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serves a request to a site, with the faults in force; the log omits its query, which may contain tokens."""
        started, status = time.perf_counter(), 0
        method = f"{site.name}.{scope['method'].lower()}"

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        if self._due.ready:
            self._due.run()
        try:
            refused = await before(self._faults.striking(method), self._dispatcher)
            if refused is None:
                await site.app(scope, receive, noted)
            else:
                await send_reply(refused.reply, noted, self._clock.seconds())
        except Dropped:
            scope["extensions"]["localcloud.drop"]["abort"]()
        request = Request(scope["method"], scope["path"][1:], "", headers, None, self.base)
        self._log.add(request, method, status, time.perf_counter() - started)

    async def _outcome(self, request: Request) -> Outcome | None:
        started, since = time.perf_counter(), self._signals.moment
        target: Target | None = None
        try:
            target = self._dispatcher.target(request)
        except CloudError as problem:
            outcome: Outcome | None = self._dispatcher.failed(problem, None)
        else:
            if self._faults.quiet:
                outcome = await self._done(request, target)
            else:
                outcome = await disturbed(self._faults, self._dispatcher, target, partial(self._done, request, target))
            if outcome is not None:
                outcome = await self._settled(request, target, outcome, since)
        self._note(request, target, outcome, started)
        return outcome

    def _note(self, request: Request, target: Target | None, outcome: Outcome | None, started: float) -> None:
        method, status = target.method.id if target else "", outcome.reply.status if outcome else 0
        body = outcome.reply.body if outcome and status >= 400 else None
        refusal = body if isinstance(body, (bytes, str)) else None
        self._log.add(request, method, status, time.perf_counter() - started, refusal)

    async def _settled(self, request: Request, target: Target, outcome: Outcome, since: int) -> Outcome:
        if outcome.reply.wait is not None:
            outcome = await self._waited(request, target, outcome, since)
        if outcome.reply.later is not None:
            outcome = await self._later(target, outcome)
        return outcome

    async def _later(self, target: Target, outcome: Outcome) -> Outcome:
        """The outcome of a reply's `later`, awaited outside any transaction."""
        assert outcome.call is not None
        assert outcome.reply.later is not None
        try:
            reply = await outcome.reply.later()
        except Exception as problem:
            return self._dispatcher.failed(problem, target)
        return outcome._replace(reply=rendering.reply(outcome.call, reply))

    async def _waited(self, request: Request, target: Target, outcome: Outcome, since: int) -> Outcome:
        """The outcome once what the caller waits for has happened after `since`, or its timeout has passed."""
        ends = time.monotonic() + (outcome.reply.wait.seconds if outcome.reply.wait else 0)
        while outcome.reply.wait is not None:
            if not await self._signals.wait(outcome.reply.wait.topic, ends - time.monotonic(), since):
                break
            since = self._signals.moment
            outcome = await self._done(request, target)
        return outcome

    async def _done(self, request: Request, target: Target, found: Outcome | Beside | None = None) -> Outcome:
        """The outcome of a request; `found` is what came of it at first."""
        while not isinstance(found, Outcome):
            try:
                if found is not None:
                    assert request.known is not None
                    request.known[found.name] = await asyncio.to_thread(found.work)
            except Exception as problem:
                return self._dispatcher.failed(problem, target)
            found = self._read(request, target) if request.verb in _READS else await self._written(request, target)
        return found

    def _read(self, request: Request, target: Target) -> Outcome | Beside:
        try:
            return self._dispatcher.run(request, target)
        except Exception as problem:
            return self._failed(problem, target)

    async def _written(self, request: Request, target: Target) -> Outcome | Beside:
        return await self._commits.run(
            lambda: self._dispatcher.run(request, target), lambda problem: self._failed(problem, target)
        )

    def _failed(self, problem: Exception, target: Target) -> Outcome | Beside:
        return problem if isinstance(problem, Beside) else self._dispatcher.failed(problem, target)

    def _addressed(self, headers: Mapping[str, str], path: str) -> tuple[str, str, bool]:
        """The base URL that the client used, the path with the API's prefix if the host is Google's, and whether it is an API host."""
        host = headers.get("x-forwarded-host") or headers.get("host", "")
        google = _GOOGLE.fullmatch(host) if host.endswith("m") or ".googleapis.com:" in host else None
        if google is None:
            return self.base, path, ".googleapis.com" in host
        base = f"{'http' if headers.get('x-forwarded-proto') == 'http' else 'https'}://{host}"
        region = google[1] or (f"{google[3]}-" if google[3] else "")
        at_root = google[2] in _AT_ROOT
        return base, path if at_root else f"{region}{google[2]}/{path}", google[2] != "storage"


def _takes_time(reply: Reply) -> bool:
    """Whether a reply is streamed, or nobody knows yet what it will be."""
    return not (reply.wait is None and reply.later is None and reply.file is None and reply.pieces is None)


def _is_looking(headers: Mapping[str, str]) -> bool:
    """Whether a person opened the address in a browser, rather than a client listing buckets."""
    return "authorization" not in headers and ".googleapis.com" not in headers.get("host", "")
