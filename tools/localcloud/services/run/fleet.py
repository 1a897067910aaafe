"""The running instances: started when a request needs one, kept while busy, stopped after a long idle time."""

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
_PATIENCE = 10.0
_LEAST_BILLED = 0.1


class NoInstance(Exception):
    """A sentence: why no instance answers, and the status that says so."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class NotReady(NoInstance):
    """An instance that never answered; `reason` is the word of the revision's condition."""

    def __init__(self, sentence: str, reason: dict[str, str], status: int = 503) -> None:
        super().__init__(status, sentence)
        self.reason = reason


class Stopping(Protocol):
    """What runs as an instance: its containers."""

    @property
    def address(self) -> tuple[str, int]: ...

    async def answers(self) -> bool:
        """Whether it still answers."""
        ...

    async def stop(self) -> None:
        """Ends it, since it is not needed any more; nothing of it is left."""
        ...

    async def give_up(self) -> None:
        """Ends it, since it does not answer any more; its end is told as one of its own."""
        ...


@dataclass(eq=False)
class Instance:
    """One instance of a revision. `since`: the cloud's time of its last request's end; `busy_from`: when it began to cost."""

    revision: str
    identity: str
    containers: Stopping
    since: float
    active: int = 0
    busy_from: float = 0.0
    connections: list[Any] = field(default_factory=list)
    ended: bool = False


@dataclass(eq=False)
class RevisionInstances:
    """The instances of one revision."""

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

    def spent(self) -> list[tuple[str, str, float]]:
        """What its instances have cost since this was asked last."""
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
        """An instance that takes another request, the least busy one."""
        found: Instance | None = None
        for one in self.instances:
            if one.active < self.concurrency and (found is None or one.active < found.active):
                found = one
        return found


Start = Callable[[str, str], Awaitable[Instance]]
"""(full name of a revision, reason) -> a new instance that is ready; raises NoInstance."""


class Fleet:
    """All instances of one cloud. Everything here happens on the server's loop."""

    def __init__(self, cloud: Cloud, start: Start) -> None:
        self._cloud, self._start = cloud, start
        self.journal = RequestJournal(cloud, self._spent)
        self._left: list[tuple[str, str, float]] = []
        self._groups: dict[str, RevisionInstances] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def group(self, revision: str) -> RevisionInstances:
        """The instances of a revision that is stored."""
        found = self._groups.get(revision)
        if found is None:
            found = self._groups[revision] = _group(self._cloud, revision)
        return found

    def groups(self) -> Iterator[RevisionInstances]:
        """All revisions that have, or had, instances."""
        yield from list(self._groups.values())

    def enter(self, revision: str) -> Instance | None:
        """An instance for a request, if one is free now; to be left again."""
        group = self.group(revision)
        found = group.free()
        if found is not None:
            self._entered(group, found)
        return found

    async def acquire(self, revision: str) -> Instance:
        """The same, with a new instance when none is free. Raises NoInstance."""
        group = self.group(revision)
        future: asyncio.Future[Instance] = asyncio.get_running_loop().create_future()
        group.waiting.append(future)
        self._scale(group)
        try:
            if group.starting:
                return await future
            async with asyncio.timeout(_PATIENCE):
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
        """A request is over."""
        instance.active -= 1
        group = self._groups.get(instance.revision)
        if group is None:
            return
        if instance.active == 0:
            self._billed(group, instance)
            instance.since = self._cloud.clock.seconds()
        self._serve_waiting(group)
        if group.retired and not instance.active and not instance.ended:
            self.gone(instance)
            self._keep(instance.containers.stop())

    async def add(self, instance: Instance) -> None:
        """An instance is ready, or answers again; one whose revision has gone meanwhile is ended."""
        if self._cloud.store.get(names.API, instance.revision) is None:
            self._forget(instance.revision)
            await instance.containers.stop()
            return
        group = self.group(instance.revision)
        instance.busy_from = instance.busy_from or asyncio.get_running_loop().time()
        group.instances.append(instance)
        self._serve_waiting(group)

    def gone(self, instance: Instance) -> None:
        """An instance has ended, by itself or by us."""
        if instance.ended:
            return
        instance.ended = True
        group = self._groups.get(instance.revision)
        if group is None:
            return
        if instance in group.instances:
            group.instances.remove(instance)
        if group.always or instance.active:
            self._billed(group, instance)
        if group.waiting:
            self._scale(group)

    async def make_room(self) -> bool:
        """Ends the instance that was without a request for longest, so that another can start; False when all are busy."""
        idle = [one for group in self._groups.values() for one in group.instances[group.least :] if not one.active]
        if not idle:
            return False
        longest = min(idle, key=lambda one: one.since)
        self.gone(longest)
        await longest.containers.stop()
        return True

    def suspect(self, instance: Instance) -> None:
        """A connection to an instance broke: no other request is given to it before it has answered a question."""
        group = self._groups.get(instance.revision)
        if group is not None and instance in group.instances:
            group.instances.remove(instance)
            self._keep(self._asked(instance))

    async def _asked(self, instance: Instance) -> None:
        alive = await instance.containers.answers()
        if instance.ended:
            return
        if alive:
            await self.add(instance)
        else:
            self.gone(instance)
            await instance.containers.give_up()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, revision: str, keep: int = 0, idle_since: float | None = None) -> None:
        """Ends the instances of a revision but `keep` of them; only those without a request since a moment, when one is given."""
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
        """No more requests come to a revision: its instances end, each when it has answered those that it has."""
        group = self._groups.get(revision)
        if group is not None:
            group.retired = True
            await self.stop(revision, idle_since=math.inf)

    def _entered(self, group: RevisionInstances, instance: Instance) -> None:
        instance.active += 1
        if instance.active == 1 and not group.always:
            instance.busy_from = asyncio.get_running_loop().time()

    def _billed(self, group: RevisionInstances, instance: Instance) -> None:
        now = asyncio.get_running_loop().time()
        seconds = max(now - instance.busy_from, _LEAST_BILLED)
        instance.busy_from = now
        group.seconds += seconds
        self.journal.soon()

    def _spent(self) -> list[tuple[str, str, float]]:
        """What instances have cost since this was asked last."""
        found, self._left = self._left, []
        return found + [one for group in self._groups.values() for one in group.spent()]

    def _forget(self, revision: str) -> None:
        group = self._groups.pop(revision, None)
        self._left += group.spent() if group is not None else []

    def _serve_waiting(self, group: RevisionInstances) -> None:
        while group.waiting:
            found = group.free()
            if found is None:
                return
            future = group.waiting.popleft()
            if not future.done():
                self._entered(group, found)
                future.set_result(found)

    def _scale(self, group: RevisionInstances) -> None:
        """One more instance, when those that run and those that start are too few for who waits."""
        there = len(group.instances) + group.starting
        if there < group.most and len(group.waiting) > group.starting * group.concurrency:
            group.starting += 1
            self._keep(self._started(group))

    async def _started(self, group: RevisionInstances) -> None:
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
        raise NoInstance(404, "The revision is gone.")
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
