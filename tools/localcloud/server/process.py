"""The server process: locks the state folder, opens the listening socket, writes its record, and serves until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from localcloud.engine.cloud import Cloud
from localcloud.engine.state_folder import Untrusted, damage, is_damage
from localcloud.errors import CloudError
from localcloud.provider import callers
from localcloud.server import assembly, connection_limit, edition, endpoints, main_port, ports, records
from localcloud.server.app import App
from localcloud.server.certificates import Authority
from localcloud.server.workload_host import ServingHost
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN

if TYPE_CHECKING:
    from localcloud.server.grpc_calls import Transcoder

_log = logging.getLogger("localcloud")
HOST = "127.0.0.1"
_BACKLOG = 512
_RESTS = 50  # ticks to wait after a disk error
_COUNTED = 10  # ticks between writes of usage counts
_THREADS = 64
_LOOKS = 20  # ticks between checks of the state folder
_FOLDS = 15 * _LOOKS


class CannotServe(Exception):
    """The server could not start: a sentence with the reason."""


class Server(uvicorn.Server):
    """uvicorn's server, which also stops when its database or lock is deleted, since nobody could find or stop it any more.

    It checkpoints the database when nobody writes, and at least twice a minute.
    """

    def __init__(self, config: uvicorn.Config, cloud: Cloud, lock: Path) -> None:
        super().__init__(config)
        self.cloud = cloud
        self._store = cloud.store
        self._lock = lock
        self._identity = lock.stat().st_ino
        self._changes = 0
        self._rests_until = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts serving; workloads can reach the cloud from then on."""
        await super().startup(sockets)
        loop, port = asyncio.get_running_loop(), (sockets or self.servers[0].sockets)[0].getsockname()[1]
        # Each running workload occupies a thread.
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, "blocking"))
        self.cloud.workloads.serve(ServingHost(self.cloud, self._lock.parent, port, loop, threading.get_ident()))
        self.cloud.ports.serve(ports.opener(loop))
        if self.cloud.workloads.left:
            self._sweeping = loop.run_in_executor(None, self.cloud.workloads.sweep)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops workloads first: the threads that wait for them would keep the process alive."""
        self.cloud.ports.end()
        await asyncio.to_thread(self.cloud.workloads.close)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop; called ten times a second."""
        await self._tend(counter)
        if await super().on_tick(counter):
            return True
        if counter % _LOOKS:
            return False
        changes = self._store.changes
        if changes == self._changes or counter % _FOLDS == 0:
            self._fold()
        self._changes = changes
        return not self._store.in_place or self._is_unlocked()

    async def _tend(self, counter: int) -> None:
        """Starts queued jobs, runs what is due, and writes usage counts; after a disk error, tries again later."""
        cloud = self.cloud
        cloud.jobs.launch()
        if counter < self._rests_until:
            return
        try:
            if cloud.due.ready:
                await cloud.commits.write(cloud.due.run)
            if self._store.deferred.pending:
                await cloud.commits.write(self._store.settle)
            if counter % _COUNTED == 0 and cloud.usage.pending:
                await cloud.commits.write(cloud.usage.flush)
        except (CloudError, sqlite3.Error, OSError) as problem:
            self._rests_until = counter + _RESTS
            _log.warning("Scheduled work could not be written to disk: %s", problem)

    def _fold(self) -> None:
        try:
            self._store.fold()
        except (sqlite3.Error, OSError) as problem:
            _log.warning("%s", self._store.explain(problem).message)

    def _is_unlocked(self) -> bool:
        try:
            return self._lock.stat().st_ino != self._identity
        except OSError:
            return True


def run(state: Path, port: int | None = None, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serves the folder `state` in this process until SIGTERM or SIGINT. Raises CannotServe.

    Without `port`, it uses the last port if that is free, or else any. `ready` is called with the base address.
    """
    connection_limit.make_room()
    try:
        records.folder(state)
        with records.locked(state / records.SERVER_LOCK, wait=True, seconds=1), _listening(state, port) as listening:
            _serve(state, listening, ready)
    except records.Locked:
        raise CannotServe(f"Another local cloud already serves {state}.") from None
    except Untrusted as problem:
        raise CannotServe(str(problem)) from None
    except (OSError, sqlite3.Error) as problem:
        raise CannotServe(_unusable(state, problem)) from None


def _unusable(state: Path, problem: OSError | sqlite3.Error) -> str:
    if is_damage(problem):
        return damage(state, problem)
    if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return f"Another local cloud already serves {state}."
    return f"The local cloud cannot use the folder {state} ({problem}); make it writable, free space on its disk, or choose another."


def _serve(state: Path, listening: socket.socket, ready: Callable[[str], None]) -> None:
    port = listening.getsockname()[1]
    base = f"http://{HOST}:{port}"
    key = secrets.token_hex(16)
    record = {
        "base": base,
        "pid": os.getpid(),
        "port": port,
        "control_key": key,
        "code": edition.current(),
        "endpoints": endpoints.variables(base, (*UNWRITTEN, *SERVICES)),
    }
    opened = assembly.opened(state)
    record["profile"] = opened.lateness.name

    def publish(profile: str) -> None:
        record["profile"] = profile
        records.write(state / records.SERVER, record)

    with closing(opened.store):
        application = assembly.application(opened, SERVICES, base, key, publish)
        transcoding = Transcoding(base)
        config = configured(application, main_port.entry(targets(state, opened, application, transcoding)))
        # uvicorn raises the signal again after it has stopped, and the record must be removed, too.
        signal.signal(signal.SIGTERM, _leave)
        try:
            records.write(state / records.PORT, {"port": port})
            records.write(state / records.SERVER, record)  # last: whoever reads it may kill the server at once
            ready(base)
            _tune_garbage_collection()
            Server(config, opened, state / records.SERVER_LOCK).run(sockets=[listening])
        except KeyboardInterrupt:
            pass
        finally:
            transcoding.close()
            records.remove(state / records.SERVER, record)


def _tune_garbage_collection() -> None:
    """Collects less often: a request creates hundreds of objects in cycles, and what exists after the start is never garbage."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)


def targets(state: Path, cloud: Cloud, application: App, transcoding: Transcoding) -> main_port.Targets:
    """The targets of a cloud's listening port."""
    return main_port.Targets(
        authority=Authority(state),
        grpc=transcoding.socket,
        claimed=application.sites.claims,
        connection=application.sites.connection,
        same_user=callers.ours,
        admitted=lambda token: cloud.tokens.principal({"authorization": f"Bearer {token}"}, cloud.clock.seconds()),
    )


class Transcoding:
    """Transcodes gRPC; loaded on first use, since its library takes longer to load than everything else."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._transcoder: Transcoder | None = None

    def socket(self, host: str) -> str:
        """The path of the socket that serves gRPC calls to a host."""
        if self._transcoder is None:
            from localcloud.server.grpc_calls import Transcoder

            self._transcoder = Transcoder(self._base)
        return self._transcoder.socket(host)

    def close(self) -> None:
        """Stops the running calls."""
        if self._transcoder is not None:
            self._transcoder.close()


def configured(application: App, protocol: type[main_port.EntryProtocol]) -> uvicorn.Config:
    """uvicorn's configuration for a cloud."""
    return uvicorn.Config(
        application,
        http=protocol,
        loop=_loop(),
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        headers=[("server", "local-cloud (simulated)")],
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        backlog=_BACKLOG,
    )


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _loop() -> str:
    try:
        import uvloop  # noqa: F401 - not available on every platform
    except ImportError:
        return "asyncio"
    return "uvloop"


@contextmanager
def _listening(state: Path, port: int | None) -> Iterator[socket.socket]:
    free = ports.free()
    remembered = (records.read(state / records.PORT) or {}).get("port", free[0])
    wanted = [port] if port is not None else [remembered, *free]
    problem: OSError | None = None
    for one in wanted:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listening.bind((HOST, one))
            listening.listen(_BACKLOG)
        except OSError as found:
            problem = found
            listening.close()
            continue
        with listening:
            yield listening
        return
    raise CannotServe(f"Port {port} is taken ({problem}); stop what uses it or choose another port.")
