"""The control interface below /_local/, for local tools only: health, faults, profiles, directory, clock, reset, coverage and the request log."""

from __future__ import annotations

import asyncio
import hmac
import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.engine.cloud import Cloud
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.lateness import PROFILES
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.server.coverage import coverage
from localcloud.server.fault_rules import Faults
from localcloud.server.request_log import RequestLog
from localcloud.spec import json_text, timestamps

Endpoint = Callable[[Request], Awaitable[Response]]
_CLOCK = (
    'Send {"advance_seconds": number} or {"set": "2026-11-21T00:00:00Z"}; it can be between the years 1970 and 9000.'
)
SIMULATED_ACCOUNT = "SIMULATED-000000-000001"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Control:
    """The control interface. `key` must be sent with each request in X-Local-Control (except health); `publish` is called with the profile in force."""

    dispatcher: Dispatcher
    faults: Faults
    log: RequestLog
    key: str
    publish: Callable[[str], object]

    def app(self) -> Starlette:
        """The ASGI application of the control interface."""
        routes = [
            Route("/_local/health", self.health),
            Route("/_local/faults", self._guarded(self.faults_), methods=["GET", "POST", "DELETE"]),
            Route("/_local/profile", self._guarded(self.profile), methods=["GET", "POST"]),
            Route("/_local/directory", self._guarded(self.directory), methods=["GET", "POST", "DELETE"]),
            Route("/_local/clock", self._guarded(self.clock), methods=["GET", "POST"]),
            Route("/_local/reset", self._guarded(self.reset), methods=["POST"]),
            Route("/_local/coverage", self._guarded(self.coverage)),
            Route("/_local/usage", self._guarded(self.usage)),
            Route("/_local/workloads", self._guarded(self.workloads), methods=["GET", "POST"]),
            Route("/_local/requests", self._guarded(self.requests)),
            *(
                Route(f"/_local/{name}", self._guarded(self._own(ask)), methods=["POST"])
                for name, ask in self._asked.items()
            ),
        ]
        return Starlette(routes=routes)

    @property
    def _asked(self) -> dict[str, Callable[[Cloud, Body], Body]]:
        services = self.dispatcher.router.services.values()
        return {name: ask for service in services for name, ask in service.controls.items()}

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            host = request.client.host if request.client else "127.0.0.1"
            key = request.headers.get("x-local-control", "")
            if host not in _LOOPBACK or not hmac.compare_digest(key.encode(), self.key.encode()):
                return _problem(
                    403, "The header X-Local-Control must hold the control_key from server.json in the state folder."
                )
            try:
                return await endpoint(request)
            except (sqlite3.Error, OSError) as problem:
                return _problem(400, self.dispatcher.cloud.store.explain(problem).message)

        return guarded

    def _own(self, ask: Callable[[Cloud, Body], Body]) -> Endpoint:
        """What a service answers local tools."""

        async def answered(request: Request) -> Response:
            cloud = self.dispatcher.cloud
            try:
                sent = await _sent(request)
            except ValueError as problem:
                return _problem(400, str(problem))
            if not isinstance(sent, dict):
                return _problem(400, "Send a JSON object.")
            try:
                return JSONResponse(await cloud.commits.write(lambda: ask(cloud, sent)))
            except CloudError as problem:
                return _problem(problem.code, problem.message)

        return answered

    async def health(self, _: Request) -> Response:
        """{"status": "ok"}: the local cloud is running here."""
        return JSONResponse({"status": "ok", "cloud": "local", "simulated": True})

    async def faults_(self, request: Request) -> Response:
        """GET the faults in force, POST one or a list of them, DELETE all."""
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            try:
                sent = await _sent(request)
                for one in sent if isinstance(sent, list) else [sent]:
                    self.faults.order(one)
            except (ValueError, TypeError) as problem:
                return _problem(400, str(problem))
        return JSONResponse({"faults": [fault.described() for fault in self.faults.ordered]})

    async def profile(self, request: Request) -> Response:
        """GET the profile of late visibility, POST {"name": "as-google"} to put one in force, {"name": ""} for none."""
        lateness = self.dispatcher.cloud.lateness
        if request.method == "POST":
            try:
                lateness.choose(str((await _sent(request))["name"]))
            except (KeyError, TypeError, ValueError):
                return _problem(400, f'Send {{"name": NAME}}; there are {", ".join(PROFILES)}, and "" for none.')
            self.publish(lateness.name)
        return JSONResponse({"name": lateness.name, "profiles": sorted(PROFILES)})

    async def directory(self, request: Request) -> Response:
        """GET the users and groups that there are, POST more of them, DELETE all; see engine/iam/directory.py."""
        store, known = self.dispatcher.cloud.store, self.dispatcher.cloud.iam.directory
        if request.method != "GET":
            try:
                sent = await _sent(request) if request.method == "POST" else None
                with store.transaction():
                    known.forget() if sent is None else known.tell(sent)
            except (ValueError, TypeError, AttributeError) as problem:
                return _problem(400, str(problem))
        return JSONResponse(known.told())

    async def clock(self, request: Request) -> Response:
        """GET the time, POST {"advance_seconds": n} or {"set": RFC 3339} to move it."""
        cloud = self.dispatcher.cloud
        if request.method == "POST":
            try:
                sent = await _sent(request)
                seconds = (
                    float(sent["advance_seconds"])
                    if "advance_seconds" in sent
                    else (timestamps.parse(sent["set"]) - cloud.clock.now()).total_seconds()
                )
                with cloud.store.transaction():
                    cloud.clock.advance(seconds)
            except (KeyError, TypeError, ValueError, OverflowError):
                return _problem(400, _CLOCK)
        return JSONResponse({"now": cloud.clock.rfc3339(), "offset_seconds": cloud.clock.offset})

    async def workloads(self, request: Request) -> Response:
        """GET what runs and how, POST {"limits": {…}, "standIns": {IMAGE: {"command": […], "folder": …}}, "projects": {…}, "runtime": …}.

        POST answers the settings alone: how containers run is found out by starting podman, which takes longer than all else here.
        """
        workloads = self.dispatcher.cloud.workloads
        if request.method == "POST":
            try:
                workloads.tell(await _sent(request))
            except (ValueError, AttributeError, TypeError):
                return _problem(400, "Send a JSON object with limits, standIns, projects or runtime.")
            except CloudError as problem:
                return _problem(problem.code, problem.message)
            return JSONResponse(workloads.settings.described())
        running, memory = workloads.running(), await asyncio.to_thread(workloads.memory)
        rows = [
            {
                "resource": one.order.resource,
                "account": one.order.email,
                "how": one.kind,
                "name": one.name,
                "memory": memory.get(one.name),
            }
            for one in running
        ]
        kind = await asyncio.to_thread(lambda: workloads.kind)
        return JSONResponse({"kind": kind, "running": rows, **workloads.settings.described()})

    async def reset(self, _: Request) -> Response:
        """Deletes everything: resources, policies, operations, bodies, faults, the profile and the clock's offset; stops all workloads."""
        cloud = self.dispatcher.cloud
        self.faults.clear()
        await asyncio.to_thread(cloud.workloads.sweep)
        await cloud.jobs.drop()
        await asyncio.to_thread(cloud.workloads.sweep)  # what was just about to start
        cloud.store.empty()
        self.publish("")
        return JSONResponse({"status": "empty"})

    async def coverage(self, _: Request) -> Response:
        """Which methods of which service are emulated, generic or absent."""
        return JSONResponse(coverage(self.dispatcher.router.services.values()))

    async def usage(self, _: Request) -> Response:
        """Metered usage, as rows of Google's billing export with a cost of 0."""
        cloud = self.dispatcher.cloud
        await cloud.commits.write(cloud.usage.flush)
        return JSONResponse({"rows": list(cloud.usage.rows(SIMULATED_ACCOUNT))})

    async def requests(self, request: Request) -> Response:
        """The last requests, oldest first; ?last=n gives the last n."""
        last = request.query_params.get("last", "")
        rows = self.log.rows()
        return JSONResponse({"requests": rows[-int(last) :] if _NUMBER.fullmatch(last) else rows})


async def _sent(request: Request) -> Any:
    """The JSON text in a body; {} for none. Raises ValueError."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > json_text.MOST_BYTES:
            break
    return json_text.read(bytes(data) or b"{}")


def _problem(code: int, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": text}}, code)
