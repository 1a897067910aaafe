"""The life cycle of an instance: its containers are started as its service account, probed until they answer, and stopped."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from localcloud.containers.workload import ExitStatus, ImageGone, RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.lines import Lines
from localcloud.engine.orders import NoRoom, Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.run import (
    container_environment,
    container_workload,
    journal,
    limits,
    names,
    probes,
    revisions,
    templates,
)
from localcloud.services.run.container_environment import Volumes
from localcloud.services.run.fleet import IDLE, IDLE_SECONDS, Instance, NotReady
from localcloud.services.run.images import Images, fetched, placeholder
from localcloud.services.run.probes import Check

STAND_IN = "local-cloud/command"
"""The annotation with the command that stands in for a template's image where no container can run."""
_MIB = 1 << 20
_EXIT_SECONDS = 5.0
_COPY_SECONDS = 5.0
_OBJECT_EVENTS = ("google.cloud.storage.object.v1.finalized", "google.cloud.storage.object.v1.deleted")
_POLLS, _POLL_SECONDS = 100, 0.1


@dataclass(eq=False)
class Containers:
    """The containers of one instance; the serving one, which has the port, comes first."""

    cloud: Cloud
    revision: str
    identity: str
    volumes: Volumes
    running: list[StartedWorkload] = field(default_factory=list)
    ended: ExitStatus | None = None
    problem: RuntimeProblem | None = None
    stopping: bool = False
    on_end: Callable[[], None] = lambda: None
    check: Check | None = None
    noticed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port on this machine of the serving container."""
        host, _, port = self.running[0].address.partition(":")
        return host, int(port)

    @property
    def over(self) -> bool:
        """Whether one of the containers has ended."""
        return self.ended is not None or self.problem is not None

    async def answers(self) -> bool:
        """Whether the instance still answers; if not, waits for its end, so that the end can be explained."""
        if not self.over and self.check is not None and await self.check():
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(_EXIT_SECONDS):
                await self.noticed.wait()
        if not self.over and not await is_running(self.cloud, self.running[0]):
            await self.noticed.wait()  # a busy machine reports an exit late
        return False

    async def stop(self) -> None:
        """Stops the containers (SIGTERM, ten seconds, SIGKILL), saves what they wrote, and removes the volumes."""
        self.stopping = True
        await self.give_up()
        await asyncio.to_thread(self.cloud.workloads.claim, self.volumes.folder)
        await asyncio.to_thread(self.volumes.copy_out)
        await asyncio.to_thread(self.volumes.remove)

    async def give_up(self) -> None:
        """Stops the containers of an instance that should have kept running; its exit is then logged like any other."""
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in reversed(self.running)))

    def watch(self, running: StartedWorkload) -> None:
        """Waits for a container's exit in a thread of its own, since most instances are long-lived."""
        loop = asyncio.get_running_loop()

        def wait() -> None:
            try:
                ended, problem = running.wait(), None
            except RuntimeProblem as error:
                ended, problem = None, error
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._over, ended, problem)

        threading.Thread(target=wait, name=f"{self.identity} waits", daemon=True).start()

    def _over(self, ended: ExitStatus | None, problem: RuntimeProblem | None) -> None:
        if not self.over:
            self.ended, self.problem = ended, problem
            self.noticed.set()
            self.on_end()


class Starter:
    """Starts instances of revisions."""

    def __init__(
        self, cloud: Cloud, gone: Callable[[Instance], None], make_room: Callable[[], Awaitable[bool]]
    ) -> None:
        self._cloud, self._gone, self._make_room = cloud, gone, make_room
        self._tasks: set[asyncio.Task[None]] = set()
        self._readers: set[Containers] = set()
        self._subscribed = False

    async def start(self, revision: str, reason: str) -> Instance:
        """Starts an instance and waits until it answers. Raises NotReady."""
        try:
            return await self._try_start(revision, reason)
        except ImageGone:  # the image was removed from this machine meanwhile; this time it is pulled
            try:
                return await self._try_start(revision, reason)
            except ImageGone as problem:
                raise NotReady(str(problem), {"reason": "CONTAINER_MISSING"}) from None

    async def _try_start(self, revision: str, reason: str) -> Instance:
        body = self._cloud.store.get(names.API, revision)
        if body is None:
            raise _deleted()
        images = await fetched(self._cloud, revision, revisions.pinned(body), sure=False)
        identity = uuid.uuid4().hex
        try:
            secret_values = secrets(self._cloud, revision, body)
            volumes = await asyncio.to_thread(container_environment.volumes, self._cloud, identity, body, secret_values)
        except CloudError as problem:
            raise NotReady(problem.message, {"reason": problem.reason}) from None
        containers = Containers(self._cloud, revision, identity, volumes)
        try:
            await self._start_containers(containers, body, images, secret_values, reason)
            await self._await_startup(containers, body)
        except BaseException:
            await asyncio.shield(containers.stop())
            raise
        instance = Instance(revision, identity, containers, self._cloud.clock.seconds())
        containers.on_end = lambda: self._exited(instance, containers)
        if containers.over:  # it has already exited since the probe succeeded
            asyncio.get_running_loop().call_soon(containers.on_end)
        self._monitor(instance, containers, body)
        return instance

    async def _start_containers(
        self,
        containers: Containers,
        body: Body,
        images: Images,
        secret_values: container_environment.SecretValues,
        reason: str,
    ) -> None:
        resource, project = journal.resource(containers.revision), names.RunName.of(containers.revision).project
        log_lines = journal.lines(self._cloud, project, resource, {"instanceId": containers.identity})
        main = templates.serving(body)
        each = zip(body["containers"], images, strict=True)
        for container, image in sorted(each, key=lambda one: one[0] is not main):
            own = container_environment.variables(container, secret_values)
            order = _order(containers, body, container, own, main is container).of(image.made)
            if order.workload.joins and self._cloud.workloads.how(order) == "simulated":
                text = f"{order.workload.image} does not run (simulated): nothing stands in for it on this machine."
                await self._note(containers, text, "WARNING")
                continue
            if order.workload.joins:
                await wait_for_container(self._cloud, containers.running[0])
            try:
                running = await self._started(order, log_lines)
            except RuntimeProblem as problem:
                raise NotReady(str(problem), {"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR"}) from None
            containers.running.append(running)
            containers.watch(running)
        kind = containers.running[0].kind
        text = f"Starting new instance. Reason: {reason} (runs as {kind})"

        def begun() -> None:
            self._say(containers, text)
            revisions.began(self._cloud, containers.revision, kind, [one.pinned for one in images])
            self._cloud.due.after(names.API, IDLE, containers.revision, IDLE_SECONDS)

        await self._cloud.commits.write(begun)

    async def _started(self, order: Order, log_lines: Lines) -> StartedWorkload:
        """Starts a container; if this machine has no room, stops an idle instance first."""
        while True:
            try:
                return await self._cloud.workloads.started(order, log_lines)
            except NoRoom as problem:
                if not await self._make_room():
                    raise NotReady(str(problem), {}, 429) from None

    async def _await_startup(self, containers: Containers, body: Body) -> None:
        main = templates.serving(body)
        probe, port = main["startupProbe"], templates.port(body)
        check = containers.check = probes.checker(probe, containers.address, main["ports"][0]["name"] == "h2c")
        times = await probes.until(check, probe, lambda: containers.over or self._is_deleted(containers))
        kind = probes.kind(probe)
        name = revisions.container_name(body, main)
        if times:
            text = f'STARTUP {kind} probe succeeded after {times} attempt{"s"[: times != 1]} for container "{name}" on port {port}.'
            await self._note(containers, text)
            return
        if isinstance(containers.problem, ImageGone):
            raise containers.problem
        if self._is_deleted(containers):
            raise _deleted()
        why = explained(containers, body)
        text = f'STARTUP {kind} probe failed for container "{name}" on port {port}. The instance was not started. {why}'
        await self._note(containers, text, "ERROR")
        raise NotReady(
            "The user-provided container failed to start and listen on the port defined provided by the "
            f"PORT={port} environment variable within the allocated timeout. This can happen when the container port is "
            f"misconfigured or if the timeout is too short. The health check timeout can be extended. {why}",
            {"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR"},
        )

    def _is_deleted(self, containers: Containers) -> bool:
        return self._cloud.store.get(names.API, containers.revision) is None

    async def _copy_out(self, containers: Containers) -> None:
        """Uploads what an instance writes to its buckets, regularly while it runs."""
        while not containers.over and not containers.stopping:
            await asyncio.sleep(_COPY_SECONDS)
            for sentence in await asyncio.to_thread(containers.volumes.copy_out):
                await self._note(containers, sentence, "ERROR")

    def _monitor(self, instance: Instance, containers: Containers, body: Body) -> None:
        if containers.volumes.buckets:
            self._spawn(self._copy_out(containers))
        if containers.volumes.read_only:
            self._follow_buckets(containers)
        main = templates.serving(body)
        probe = main.get("livenessProbe")
        if probe is None:
            return
        check = probes.checker(probe, containers.address, main["ports"][0]["name"] == "h2c")

        async def watch() -> None:
            if await probes.lost(check, probe, lambda: containers.over or containers.stopping):
                await self._note(containers, "LIVENESS probe failed; the instance is stopped.", "ERROR")
                self._gone(instance)
                await containers.stop()

        self._spawn(watch())

    def _follow_buckets(self, containers: Containers) -> None:
        """Keeps the copies of an instance's read-only buckets up to date; subscribes to object events with the first one."""
        if not self._subscribed:
            self._subscribed = True
            for kind in _OBJECT_EVENTS:
                self._cloud.events.subscribe(kind, self._object_changed)
        self._readers.add(containers)

    def _object_changed(self, event: Event) -> None:
        bucket, name = event.data["bucket"], event.data["name"]
        self._readers = {one for one in self._readers if not (one.over or one.stopping)}
        for one in self._readers:
            if any(each.name == bucket for folders in one.volumes.read_only for each in folders.buckets):
                self._spawn(asyncio.to_thread(one.volumes.bring, bucket, name))

    def _exited(self, instance: Instance, containers: Containers) -> None:
        self._gone(instance)
        if containers.stopping or self._cloud.workloads.closed:
            return

        async def report() -> None:
            body = self._cloud.store.get(names.API, containers.revision) or {"containers": []}
            await self._note(containers, explained(containers, body), "ERROR")
            await containers.stop()

        self._spawn(report())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self, containers: Containers, text: str, severity: str = "INFO") -> None:
        await self._cloud.commits.write(lambda: self._say(containers, text, severity))

    def _say(self, containers: Containers, text: str, severity: str = "INFO") -> None:
        labels = {"instanceId": containers.identity}
        resource, project = journal.resource(containers.revision), names.RunName.of(containers.revision).project
        journal.system(self._cloud, project, resource, text, severity, labels=labels)


def _deleted() -> NotReady:
    return NotReady("The revision was deleted.", {}, 404)


async def wait_for_container(cloud: Cloud, first: StartedWorkload) -> None:
    """Waits until a container whose network others will share exists; an immediate exit is noticed elsewhere."""
    for _ in range(_POLLS):
        if first.kind == "process" or await is_running(cloud, first):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def is_running(cloud: Cloud, one: StartedWorkload) -> bool:
    """Whether a workload is running now, regardless of what its watcher has reported."""
    client = cloud.workloads.client
    if client is None or one.kind == "process":
        return await asyncio.to_thread(one.wait, 0) is None
    ask = ("container", "inspect", "--format={{.State.Running}}", one.name)
    with suppress(RuntimeProblem):
        return await asyncio.to_thread(client.call, *ask) == ["true"]
    return False


def secrets(cloud: Cloud, full: str, template: Body) -> container_environment.SecretValues:
    """The secrets of a revision or task. Raises NotReady."""
    try:
        return container_environment.read_secrets(cloud, full, template)
    except CloudError as problem:
        raise NotReady(problem.message, {"reason": problem.reason}) from None


def explained(containers: Containers, body: Body) -> str:
    """Why an instance failed or ended, in a sentence that says what to do."""
    if containers.problem:
        return str(containers.problem)
    ended = containers.ended
    if ended is None:
        port = templates.port(body)
        return (
            f"The container runs, but nothing in it answers on port {port}: make it listen on 0.0.0.0 and on the port in the variable "
            "PORT, or configure the port that it listens on."
        )
    if ended.out_of_memory:
        limit = max(limits.memory(one) for one in body["containers"]) // _MIB if body["containers"] else 0
        return (
            f"Memory limit of {limit} MiB exceeded. Consider increasing the memory limit, see "
            "https://cloud.google.com/run/docs/configuring/memory-limits"
        )
    gave_up = "The instance no longer answered and was stopped. " if ended.stopped else ""
    return f"{gave_up}Container called exit({ended.code})."


def _order(containers: Containers, body: Body, container: Body, own: dict[str, str], serving: bool) -> Order:
    place = names.RunName.of(containers.revision)
    revision = containers.revision.rpartition("/")[2]
    contract = {"K_SERVICE": place.name, "K_REVISION": revision, "K_CONFIGURATION": place.name}
    command = body.get("annotations", {}).get(STAND_IN, "")
    workload = container_workload.workload(
        place,
        container,
        {**own, **contract},
        containers.volumes,
        port=templates.port(body) if serving else 0,
        joins="" if serving else containers.running[0].name,
    )
    return Order(
        principal=f"serviceAccount:{body['serviceAccount']}",
        project=place.project,
        location=place.region,
        resource=containers.revision,
        workload=workload,
        stand_in=tuple(command.split()) if serving else (),
    )


def how(cloud: Cloud, revision: str, body: Body) -> str:
    """What a revision's containers run as on this machine: podman, docker, process or simulated."""
    main = {key: value for key, value in templates.serving(body).items() if key != "volumeMounts"}
    containers = Containers(cloud, revision, "", Volumes(cloud.store.folder))
    runtime = cloud.workloads.how(_order(containers, body, main, {}, True))
    return "simulated" if placeholder(main["image"]) and runtime != "process" else runtime
