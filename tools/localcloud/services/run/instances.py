"""The life of an instance: its containers are started as its service account, probed until they answer, and stopped."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from localcloud.containers.workload import ExitStatus, ImageGone, RuntimeProblem, Workload
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.lines import Lines
from localcloud.engine.orders import NoRoom, Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.run import container_environment, journal, limits, names, probes, revisions, templates
from localcloud.services.run.container_environment import Volumes
from localcloud.services.run.fleet import IDLE, IDLE_SECONDS, Instance, NotReady
from localcloud.services.run.images import Images, fetched, placeholder
from localcloud.services.run.probes import Knock

GRACE = 10
STAND_IN = "local-cloud/command"
"""The annotation of a template that names the command which stands in for its image where no container can run."""
_MIB = 1 << 20
_ENDS_WITHIN = 5.0
_COPIED_EVERY = 5.0
_OF_OBJECTS = ("google.cloud.storage.object.v1.finalized", "google.cloud.storage.object.v1.deleted")
_LOOKS, _BETWEEN_LOOKS = 100, 0.1


@dataclass(eq=False)
class Containers:
    """The containers of one instance, the one with the port first."""

    cloud: Cloud
    revision: str
    identity: str
    volumes: Volumes
    running: list[StartedWorkload] = field(default_factory=list)
    ended: ExitStatus | None = None
    problem: RuntimeProblem | None = None
    stopping: bool = False
    on_end: Callable[[], None] = lambda: None
    asked: Knock | None = None
    noticed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> tuple[str, int]:
        """Where the port answers on this machine."""
        host, _, port = self.running[0].address.partition(":")
        return host, int(port)

    @property
    def over(self) -> bool:
        """Whether one of them has ended."""
        return self.ended is not None or self.problem is not None

    async def answers(self) -> bool:
        """Whether it still answers; of one that does not, the end is waited for, so that it can be explained."""
        if not self.over and self.asked is not None and await self.asked():
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN):
                await self.noticed.wait()
        if not self.over and not await runs(self.cloud, self.running[0]):
            await self.noticed.wait()  # a busy machine hears of an end late
        return False

    async def stop(self) -> None:
        """SIGTERM, ten seconds, SIGKILL."""
        self.stopping = True
        await self.give_up()
        await asyncio.to_thread(self.volumes.copy_out)
        await asyncio.to_thread(self.volumes.remove)

    async def give_up(self) -> None:
        """The same of what should have gone on: its end is told, and what it has written kept, when it is noticed."""
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in reversed(self.running)))

    def watch(self, running: StartedWorkload) -> None:
        """Notices the end of a container, in a thread of its own: most instances live for long."""
        loop = asyncio.get_running_loop()

        def wait() -> None:
            try:
                ended, problem = running.wait(), None
            except RuntimeProblem as found:
                ended, problem = None, found
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
        self._hears = False

    async def start(self, revision: str, reason: str) -> Instance:
        """A new instance that answers. Raises NotReady."""
        try:
            return await self._tried(revision, reason)
        except ImageGone:  # somebody has tidied up on this machine: now it is pulled
            try:
                return await self._tried(revision, reason)
            except ImageGone as problem:
                raise NotReady(str(problem), {"reason": "CONTAINER_MISSING"}) from None

    async def _tried(self, revision: str, reason: str) -> Instance:
        body = self._cloud.store.get(names.API, revision)
        if body is None:
            raise _gone()
        images = await fetched(self._cloud, revision, revisions.pinned(body), sure=False)
        identity = uuid.uuid4().hex
        try:
            found = secrets(self._cloud, revision, body)
            volumes = await asyncio.to_thread(container_environment.volumes, self._cloud, identity, body, found)
        except CloudError as problem:
            raise NotReady(problem.message, {"reason": problem.reason}) from None
        containers = Containers(self._cloud, revision, identity, volumes)
        try:
            await self._begun(containers, body, images, found, reason)
            await self._answering(containers, body)
        except BaseException:
            await asyncio.shield(containers.stop())
            raise
        instance = Instance(revision, identity, containers, self._cloud.clock.seconds())
        containers.on_end = lambda: self._ended(instance, containers)
        if containers.over:  # since its first answer
            asyncio.get_running_loop().call_soon(containers.on_end)
        self._attend(instance, containers, body)
        return instance

    async def _begun(
        self, containers: Containers, body: Body, images: Images, found: container_environment.Read, reason: str
    ) -> None:
        about, project = journal.resource(containers.revision), names.RunName.of(containers.revision).project
        heard = journal.lines(self._cloud, project, about, {"instanceId": containers.identity})
        main = templates.serving(body)
        each = zip(body["containers"], images, strict=True)
        for container, image in sorted(each, key=lambda one: one[0] is not main):
            own = container_environment.variables(container, found)
            order = _order(containers, body, container, own, main is container).of(image.made)
            if order.workload.joins and self._cloud.workloads.how(order) == "simulated":
                text = f"{order.workload.image} does not run (simulated): nothing stands in for it on this machine."
                await self._note(containers, text, "WARNING")
                continue
            if order.workload.joins:
                await there(self._cloud, containers.running[0])
            try:
                running = await self._started(order, heard)
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

    async def _started(self, order: Order, heard: Lines) -> StartedWorkload:
        """A container; where this machine carries no more, in the place of an instance that has nothing to do."""
        while True:
            try:
                return await self._cloud.workloads.started(order, heard)
            except NoRoom as problem:
                if not await self._make_room():
                    raise NotReady(str(problem), {}, 429) from None

    async def _answering(self, containers: Containers, body: Body) -> None:
        main = templates.serving(body)
        probe, port = main["startupProbe"], templates.port(body)
        asked = containers.asked = probes.knock(probe, containers.address, main["ports"][0]["name"] == "h2c")
        times = await probes.until(asked, probe, lambda: containers.over or self._deleted(containers))
        kind = "HTTP" if "httpGet" in probe else "TCP"
        name = revisions.container_name(body, main)
        if times:
            text = f'STARTUP {kind} probe succeeded after {times} attempt{"s"[: times != 1]} for container "{name}" on port {port}.'
            await self._note(containers, text)
            return
        if isinstance(containers.problem, ImageGone):
            raise containers.problem
        if self._deleted(containers):
            raise _gone()
        why = explained(containers, body)
        text = f'STARTUP {kind} probe failed for container "{name}" on port {port}. The instance was not started. {why}'
        await self._note(containers, text, "ERROR")
        raise NotReady(
            "The user-provided container failed to start and listen on the port defined provided by the "
            f"PORT={port} environment variable within the allocated timeout. This can happen when the container port is "
            f"misconfigured or if the timeout is too short. The health check timeout can be extended. {why}",
            {"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR"},
        )

    def _deleted(self, containers: Containers) -> bool:
        return self._cloud.store.get(names.API, containers.revision) is None

    async def _copy_out(self, containers: Containers) -> None:
        """Brings what an instance writes into its buckets while it runs."""
        while not containers.over and not containers.stopping:
            await asyncio.sleep(_COPIED_EVERY)
            for sentence in await asyncio.to_thread(containers.volumes.copy_out):
                await self._note(containers, sentence, "ERROR")

    def _attend(self, instance: Instance, containers: Containers, body: Body) -> None:
        if containers.volumes.buckets:
            self._keep(self._copy_out(containers))
        if containers.volumes.shown:
            self._show(containers)
        main = templates.serving(body)
        probe = main.get("livenessProbe")
        if probe is None:
            return
        asked = probes.knock(probe, containers.address, main["ports"][0]["name"] == "h2c")

        async def attend() -> None:
            if await probes.lost(asked, probe, lambda: containers.over or containers.stopping):
                await self._note(containers, "LIVENESS probe failed; the instance is ended.", "ERROR")
                self._gone(instance)
                await containers.stop()

        self._keep(attend())

    def _show(self, containers: Containers) -> None:
        """Keeps the buckets that an instance reads as they are; before the first, nobody hears what happens in buckets."""
        if not self._hears:
            self._hears = True
            for kind in _OF_OBJECTS:
                self._cloud.events.subscribe(kind, self._happened)
        self._readers.add(containers)

    def _happened(self, event: Event) -> None:
        bucket, name = event.data["bucket"], event.data["name"]
        self._readers = {one for one in self._readers if not (one.over or one.stopping)}
        for one in self._readers:
            if any(each.name == bucket for folders in one.volumes.shown for each in folders.buckets):
                self._keep(asyncio.to_thread(one.volumes.bring, bucket, name))

    def _ended(self, instance: Instance, containers: Containers) -> None:
        self._gone(instance)
        if containers.stopping:
            return

        async def tell() -> None:
            body = self._cloud.store.get(names.API, containers.revision) or {"containers": []}
            await self._note(containers, explained(containers, body), "ERROR")
            await containers.stop()

        self._keep(tell())

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self, containers: Containers, text: str, severity: str = "INFO") -> None:
        await self._cloud.commits.write(lambda: self._say(containers, text, severity))

    def _say(self, containers: Containers, text: str, severity: str = "INFO") -> None:
        labels = {"instanceId": containers.identity}
        about, project = journal.resource(containers.revision), names.RunName.of(containers.revision).project
        journal.system(self._cloud, project, about, text, severity, labels=labels)


def _gone() -> NotReady:
    return NotReady("The revision is gone.", {}, 404)


async def there(cloud: Cloud, first: StartedWorkload) -> None:
    """Waits until a container exists whose network others are to share; one that ended at once is noticed elsewhere."""
    for _ in range(_LOOKS):
        if first.kind == "process" or await runs(cloud, first):
            return
        await asyncio.sleep(_BETWEEN_LOOKS)


async def runs(cloud: Cloud, one: StartedWorkload) -> bool:
    """Whether a workload runs now, whatever was heard of its end."""
    client = cloud.workloads.client
    if client is None or one.kind == "process":
        return await asyncio.to_thread(one.wait, 0) is None
    ask = ("container", "inspect", "--format={{.State.Running}}", one.name)
    with suppress(RuntimeProblem):
        return await asyncio.to_thread(client.call, *ask) == ["true"]
    return False


def secrets(cloud: Cloud, full: str, template: Body) -> container_environment.Read:
    """The secrets that a revision or task is given. Raises NotReady."""
    try:
        return container_environment.read(cloud, full, template)
    except CloudError as problem:
        raise NotReady(problem.message, {"reason": problem.reason}) from None


def explained(containers: Containers, body: Body) -> str:
    """How a container's life ended, in a sentence that says what to do."""
    if containers.problem:
        return str(containers.problem)
    ended = containers.ended
    if ended is None:
        port = templates.port(body)
        return (
            f"The container runs, but nothing in it answers on port {port}: let it listen on 0.0.0.0 and on the port in the variable "
            "PORT, or name the port that it listens on."
        )
    if ended.out_of_memory:
        limit = max(limits.memory(one) for one in body["containers"]) // _MIB if body["containers"] else 0
        return (
            f"Memory limit of {limit} MiB exceeded. Consider increasing the memory limit, see "
            "https://cloud.google.com/run/docs/configuring/memory-limits"
        )
    gave_up = "The instance did not answer any more and was ended. " if ended.stopped else ""
    return f"{gave_up}Container called exit({ended.code})."


def _order(containers: Containers, body: Body, container: Body, own: dict[str, str], serving: bool) -> Order:
    place = names.RunName.of(containers.revision)
    revision = containers.revision.rpartition("/")[2]
    contract = {"K_SERVICE": place.name, "K_REVISION": revision, "K_CONFIGURATION": place.name}
    command = body.get("annotations", {}).get(STAND_IN, "")
    workload = Workload(
        name=f"run-{place.name}",
        image=container["image"],
        entrypoint=tuple(container["command"]) if container.get("command") else None,
        args=tuple(container["args"]) if container.get("args") else None,
        env={**own, **contract},
        mounts=containers.volumes.mounts(container),
        workdir=container.get("workingDir", ""),
        memory=limits.memory(container),
        cpus=limits.cpus(container),
        port=templates.port(body) if serving else 0,
        grace=GRACE,
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
    """How a revision's containers run on this machine: podman, docker, process or simulated."""
    main = {key: value for key, value in templates.serving(body).items() if key != "volumeMounts"}
    containers = Containers(cloud, revision, "", Volumes(cloud.store.folder))
    found = cloud.workloads.how(_order(containers, body, main, {}, True))
    return "simulated" if placeholder(main["image"]) and found != "process" else found
