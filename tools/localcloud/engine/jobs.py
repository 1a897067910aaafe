"""Long-running work: it runs in the background, writes through the same commits as requests, and survives restarts of the server.

A request starts a job within its transaction; the job runs once that is on disk. Its row stays until it has ended, so that the
next start of the server finds interrupted jobs, and fails or restarts them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from localcloud.engine.commits import Commits
from localcloud.engine.state_folder import disk_refused
from localcloud.engine.store import Store
from localcloud.errors import DISK_REFUSED, CloudError, aborted, cancelled
from localcloud.spec import json_text
from localcloud.spec.json_text import Body

T = TypeVar("T")
# AUTOINCREMENT never reuses an id: a job's task ends after its row is deleted, and must not be confused with the next job.
TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, api TEXT NOT NULL, kind TEXT NOT NULL, operation TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_of_operations ON jobs (api, operation);
"""
AGAIN = 5.0
"""Seconds until the end of a job is written again after a disk error."""
_log = logging.getLogger("localcloud")
_BUG = "The local cloud failed because of a bug of its own; the traceback is in its log."
_STOPPED = "The local cloud was stopped while it was working on this; send the request again."


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: its API and kind, its input (`body`), and the operation that it ends ("" = none).

    `commits.write(change)` runs a function as one transaction, and returns its result once that is on disk.
    Blocking calls belong in a thread (asyncio.to_thread), since jobs run on the server's event loop.
    """

    id: int
    api: str
    kind: str
    operation: str
    body: Body
    commits: Commits

    async def write(self, change: Callable[[], T]) -> T:
        """The result of `change` once all its writes are on disk; raises what it raised, or the disk's refusal."""
        return await self.commits.write(change)


@dataclass(frozen=True, slots=True)
class BoundWorker:
    """Runs the jobs of one kind.

    `run(job)` does the work; `cut(job, problem)` records, in a transaction, that it did not complete: it failed, was cancelled, or
    the server was stopped. `again`: after a stop of the server, the job is restarted instead.
    """

    run: Callable[[Job], Awaitable[None]]
    cut: Callable[[Job, CloudError], None]
    again: bool = False


class Jobs:
    """Starts, runs, cancels and recovers jobs."""

    def __init__(self, store: Store, commits: Commits) -> None:
        store.define(TABLES)
        self._store = store
        self._commits = commits
        self._workers: dict[tuple[str, str], BoundWorker] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ready: list[int] = []
        self._called_off: set[int] = set()
        store.on_commit(self.launch)

    def serve(self, api: str, kind: str, worker: BoundWorker) -> None:
        """Registers the worker of a kind of job."""
        self._workers[api, kind] = worker

    def start(self, api: str, kind: str, body: Mapping[str, Any], operation: str = "") -> None:
        """Queues a job; it runs once the current transaction is on disk."""
        text = json_text.write(body)
        row = self._store.row(
            "INSERT INTO jobs (api, kind, operation, body) VALUES (?, ?, ?, ?) RETURNING id",
            *(api, kind, operation, text),
        )
        self._ready.append(row[0])

    def busy(self, api: str, operation: str) -> bool:
        """Whether work on an operation, or on what a job was given in its place, is running or queued."""
        return self._store.row("SELECT 1 FROM jobs WHERE api = ? AND operation = ?", api, operation) is not None

    def call_off(self, api: str, operation: str) -> bool:
        """Cancels the work on an operation; False when there is none."""
        rows = self._store.sql("SELECT id FROM jobs WHERE api = ? AND operation = ?", api, operation)
        self._called_off.update(identity for (identity,) in rows)
        self._ready.extend(identity for (identity,) in rows)
        return bool(rows)

    def launch(self) -> None:
        """Starts queued jobs and stops cancelled ones; without a running event loop, the next call does."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        ready, self._ready = self._ready, []
        for identity in ready:
            if (task := self._tasks.get(identity)) is not None:
                # A number that is ready twice was taken back with its transaction and given again: one job, which goes on.
                if identity in self._called_off:
                    task.cancel()
            elif (job := self._found(identity)) is not None:
                self._tasks[identity] = loop.create_task(self._run(job), name=f"{job.api} {job.kind}")

    def recover(self) -> None:
        """After a restart of the server: interrupted jobs are marked as such or started again."""
        for (identity,) in self._store.sql("SELECT id FROM jobs"):
            job = self._found(identity)
            worker = self._workers.get((job.api, job.kind)) if job else None
            if job is None or worker is None:
                self._forget(identity)
            elif worker.again:
                self._ready.append(identity)
            else:
                worker.cut(job, aborted(_STOPPED))
                self._forget(identity)

    async def drop(self) -> None:
        """Stops all work silently, because everything it belongs to is about to be deleted."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._ready.clear()
        self._called_off.clear()

    async def settled(self) -> None:
        """Waits until no job is running."""
        self.launch()
        while self._tasks:
            await asyncio.wait(self._tasks.values())
            self.launch()

    async def _run(self, job: Job) -> None:
        worker = self._workers[job.api, job.kind]
        problem: CloudError | None = None
        try:
            if job.id in self._called_off:
                problem = cancelled()
            else:
                await worker.run(job)
        except asyncio.CancelledError:
            if job.id not in self._called_off:
                raise  # the server is stopping; its next start ends the job
            problem = cancelled()
        except CloudError as refused:
            problem = refused
        except Exception as bug:
            _log.error("A job failed.", exc_info=bug)
            problem = CloudError(500, "INTERNAL", _BUG)
        try:
            await self._written(lambda: self._over(job, worker, problem))
        finally:
            self._called_off.discard(job.id)
            self._tasks.pop(job.id, None)

    async def _written(self, end: Callable[[], None]) -> None:
        """Stores the end of a job, retrying after disk errors, since clients would otherwise wait for it forever."""
        while True:
            try:
                return await self._commits.write(end)
            except (CloudError, sqlite3.Error, OSError) as problem:
                if getattr(problem, "reason", "") != DISK_REFUSED and not disk_refused(problem):
                    raise
                _log.warning("The end of a job could not be stored: %s", problem)
            await asyncio.sleep(AGAIN)

    def _over(self, job: Job, worker: BoundWorker, problem: CloudError | None) -> None:
        if problem is not None:
            worker.cut(job, problem)
        self._forget(job.id)

    def _found(self, identity: int) -> Job | None:
        row = self._store.row("SELECT api, kind, operation, body FROM jobs WHERE id = ?", identity)
        return Job(identity, row[0], row[1], row[2], json.loads(row[3]), self._commits) if row else None

    def _forget(self, identity: int) -> None:
        self._store.sql("DELETE FROM jobs WHERE id = ?", identity)
