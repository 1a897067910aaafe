"""The running instances: started on demand, kept while busy, stopped after a long idle time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from localcloud.engine.cloud import Cloud
from localcloud.services.run import journal, limits, names, templates
from localcloud.services.run.journal import RequestJournal

IDLE = "idle"
IDLE_SECONDS = 900.0
"""How long an instance without a request is kept. Source: https://cloud.google.com/run/docs/about-instance-autoscaling."""
_WAIT_SECONDS = 10.0
_MINIMUM_BILLED_SECONDS = 0.1


class NoInstance(Exception):
    """No instance can answer: a sentence with the reason, and the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class NotReady(NoInstance):
    """An instance did not become ready; `reason` is for the revision's condition."""

    def __init__(self, sentence: str, reason: dict[str, str], status: int = 503) -> None:
        super().__init__(status, sentence)
        self.reason = reason


class InstanceContainers(Protocol):
    """An instance's containers."""

    @property
    def address(self) -> tuple[str, int]: ...

    async def answers(self) -> bool:
        """Whether the instance still answers."""
        ...

    async def stop(self) -> None:
        """Stops an instance that is no longer needed, and cleans up."""
        ...

    async def give_up(self) -> None:
        """Stops an instance that no longer answers; this is logged like an exit of its own."""
        ...


@dataclass(eq=False)
class Instance:
    """One instance of a revision. `since`: when its last request ended, by the cloud's clock; `busy_from`: when billing began."""

    revision: str
    identity: str
    containers: InstanceContainers
    since: float
    active: int = 0
    busy_from: float = 0.0
    connections: list[Any] = field(default_factory=list)
    ended: bool = False


@dataclass(eq=False)
class RevisionInstances:
    """The instances of one revision.

    most, least   how many may, and must, run
    memory        bytes per instance
    always        whether CPU is billed all the time, not only during requests
    seconds       instance time that has not been metered yet
    """

    revision: str
    concurrency: int
    most: int
    least: int
    cpus: float
    memory: int
    always: bool
    instances: list[Instance] = field(default_factory=list)
    retired: bool = False
    waiting: deque[asyncio.Future[Instance]] = field(default_factory=deque)
    starting: int = 0
    seconds: float = 0.0

    def take_usage(self) -> list[tuple[str, str, float]]:
        """(service, SKU, amount) of what its instances have used since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        service = names.service(self.revision)
        return (
            [
                (service, journal.SERVICE_CPU, seconds * self.cpus),
                (service, journal.SERVICE_MEMORY, seconds * self.memory),
            ]
            if seconds
            else []
        )

    def free(self) -> Instance | None:
        """The least busy instance that has capacity for another request; None if there is none."""
        least_busy: Instance | None = None
        for one in self.instances:
            if one.active < self.concurrency and (least_busy is None or one.active < least_busy.active):
                least_busy = one
        return least_busy


Start = Callable[[str, str], Awaitable[Instance]]
"""(full name of a revision, reason) -> a new, ready instance; raises NoInstance."""


class Fleet:
    """All instances of one cloud. Used only on the server's event loop."""

    def __init__(self, cloud: Cloud, start: Start) -> None:
        self._cloud, self._start = cloud, start
        self.journal = RequestJournal(cloud, self._take_usage)
        self._unmetered: list[tuple[str, str, float]] = []
        self._groups: dict[str, RevisionInstances] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def group(self, revision: str) -> RevisionInstances:
        """A stored revision's instances. Raises NoInstance if the revision was deleted."""
        existing = self._groups.get(revision)
        if existing is None:
            existing = self._groups[revision] = _group(self._cloud, revision)
        return existing

    def groups(self) -> Iterator[RevisionInstances]:
        """The groups of all revisions that have or had instances."""
        yield from list(self._groups.values())

    def enter(self, revision: str) -> Instance | None:
        """Assigns a request to an instance if one has capacity now; call `leave` when the request ends."""
        group = self.group(revision)
        instance = group.free()
        if instance is not None:
            self._assign(group, instance)
        return instance

    async def acquire(self, revision: str) -> Instance:
        """Assigns a request to an instance, starting one if needed. Raises NoInstance."""
        group = self.group(revision)
        future: asyncio.Future[Instance] = asyncio.get_running_loop().create_future()
        group.waiting.append(future)
        self._scale(group)
        try:
            if group.starting:
                return await future
            async with asyncio.timeout(_WAIT_SECONDS):
                return await future
        except TimeoutError:
            raise NoInstance(429, "The request was aborted because there was no available instance.") from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.leave(future.result())
            raise
        finally:
            if not future.done():
                group.waiting.remove(future)

    def leave(self, instance: Instance) -> None:
        """A request has ended."""
        instance.active -= 1
        group = self._groups.get(instance.revision)
        if group is None:
            return
        if instance.active == 0:
            self._record_usage(group, instance)
            instance.since = self._cloud.clock.seconds()
        self._serve_waiting(group)
        if group.retired and not instance.active and not instance.ended:
            self.gone(instance)
            self._spawn(instance.containers.stop())

    async def add(self, instance: Instance) -> None:
        """Adds an instance that is ready, or answers again; stops it if its revision was deleted meanwhile."""
        if self._cloud.store.get(names.API, instance.revision) is None:
            self._forget(instance.revision)
            await instance.containers.stop()
            return
        group = self.group(instance.revision)
        instance.busy_from = instance.busy_from or asyncio.get_running_loop().time()
        group.instances.append(instance)
        self._serve_waiting(group)

    def gone(self, instance: Instance) -> None:
        """An instance has ended or is being stopped: it takes no more requests."""
        if instance.ended:
            return
        instance.ended = True
        group = self._groups.get(instance.revision)
        if group is None:
            return
        if instance in group.instances:
            group.instances.remove(instance)
        if group.always or instance.active:
            self._record_usage(group, instance)
        if group.waiting:
            self._scale(group)

    async def make_room(self) -> bool:
        """Stops the instance that has been idle for longest, so that another can start; False if all are busy."""
        idle = [one for group in self._groups.values() for one in group.instances[group.least :] if not one.active]
        if not idle:
            return False
        longest = min(idle, key=lambda one: one.since)
        self.gone(longest)
        await longest.containers.stop()
        return True

    def suspect(self, instance: Instance) -> None:
        """A connection to an instance broke: it takes no requests until a probe has succeeded."""
        group = self._groups.get(instance.revision)
        if group is not None and instance in group.instances:
            group.instances.remove(instance)
            self._spawn(self._check(instance))

    async def _check(self, instance: Instance) -> None:
        alive = await instance.containers.answers()
        if instance.ended:
            return
        if alive:
            await self.add(instance)
        else:
            self.gone(instance)
            await instance.containers.give_up()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, revision: str, keep: int = 0, idle_since: float | None = None) -> None:
        """Stops a revision's instances except `keep` of them; with `idle_since`, only those idle since that time."""
        group = self._groups.get(revision)
        if group is None:
            return
        idle = [one for one in group.instances if idle_since is None or (not one.active and one.since <= idle_since)]
        surplus = idle[: max(len(group.instances) - keep, 0)]
        for one in surplus:
            self.gone(one)
        if not keep and not group.instances and idle_since is None:
            self._forget(revision)
        await asyncio.gather(*(one.containers.stop() for one in surplus))

    async def retire(self, revision: str) -> None:
        """A revision gets no more requests: its instances stop, each after its current requests."""
        group = self._groups.get(revision)
        if group is not None:
            group.retired = True
            await self.stop(revision, idle_since=math.inf)

    def _assign(self, group: RevisionInstances, instance: Instance) -> None:
        instance.active += 1
        if instance.active == 1 and not group.always:
            instance.busy_from = asyncio.get_running_loop().time()

    def _record_usage(self, group: RevisionInstances, instance: Instance) -> None:
        now = asyncio.get_running_loop().time()
        seconds = max(now - instance.busy_from, _MINIMUM_BILLED_SECONDS)
        instance.busy_from = now
        group.seconds += seconds
        self.journal.soon()

    def _take_usage(self) -> list[tuple[str, str, float]]:
        """(service, SKU, amount) of what all instances have used since the last call."""
        usage, self._unmetered = self._unmetered, []
        return usage + [one for group in self._groups.values() for one in group.take_usage()]

    def _forget(self, revision: str) -> None:
        group = self._groups.pop(revision, None)
        self._unmetered += group.take_usage() if group is not None else []

    def _serve_waiting(self, group: RevisionInstances) -> None:
        while group.waiting:
            instance = group.free()
            if instance is None:
                return
            future = group.waiting.popleft()
            if not future.done():
                self._assign(group, instance)
                future.set_result(instance)

    def _scale(self, group: RevisionInstances) -> None:
        """Starts another instance if those running and starting are too few for the waiting requests."""
        instances = len(group.instances) + group.starting
        if instances < group.most and len(group.waiting) > group.starting * group.concurrency:
            group.starting += 1
            self._spawn(self._start_one(group))

    async def _start_one(self, group: RevisionInstances) -> None:
        problem: NoInstance | None = None
        try:
            instance = await self._start(group.revision, "AUTOSCALING")
        except NoInstance as found:
            problem = found
        finally:
            group.starting -= 1
        if problem is None:
            await self.add(instance)
        elif not group.instances and not group.starting:
            while group.waiting:
                future = group.waiting.popleft()
                if not future.done():
                    future.set_exception(problem)


def _group(cloud: Cloud, revision: str) -> RevisionInstances:
    body = cloud.store.get(names.API, revision)
    if body is None:
        raise NoInstance(404, "The revision was deleted.")
    service = cloud.store.get(names.API, names.service(revision)) or {}
    scaling, own = body.get("scaling", {}), service.get("scaling", {})
    containers = body["containers"]
    most = scaling.get("maxInstanceCount") or own.get("maxInstanceCount") or 100
    least = scaling.get("minInstanceCount", 0)
    if own.get("scalingMode") == "MANUAL":
        most = least = own["manualInstanceCount"]
    return RevisionInstances(
        revision=revision,
        concurrency=body["maxInstanceRequestConcurrency"],
        most=most,
        least=least,
        cpus=sum(limits.cpus(one) for one in containers),
        memory=sum(limits.memory(one) for one in containers),
        always=not templates.serving(body)["resources"].get("cpuIdle", True),
    )
