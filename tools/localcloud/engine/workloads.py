"""Runs workloads as their service accounts, with the same identity and the same access to the cloud as on Google Cloud, and stops them with the cloud.

They run in podman or docker, else as the command that stands in for their image, else not at all, which is called simulated.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from localcloud.containers import detection, programs
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.leftovers import Leftovers
from localcloud.containers.plain import Plain, PlainProcess
from localcloud.containers.workload import OnOutput, Runtime, RuntimeProblem, Workload, check
from localcloud.containers.workload import Running as Started
from localcloud.engine import image_names, workload_settings
from localcloud.engine.orders import Given, Image, Kind, NoRoom, Order, StartedWorkload, WorkloadHost
from localcloud.engine.workload_settings import Pool, StandIn

T = TypeVar("T")
RESOURCE = "localcloud.resource"
_NAME = re.compile(r"[^a-z0-9-]+")
_CLOSED = "The local cloud is being stopped."
_NOT_SERVING = "The local cloud is not serving yet: no workload can reach it."


@dataclass
class Workloads:
    """The workloads of one cloud. Whatever blocks is to be called from a thread (asyncio.to_thread)."""

    state: Path
    here: dict[str, str] = field(default_factory=dict)
    """Digest -> the image of podman's or docker's on this machine that was pushed or pulled with it."""
    bases_in_use: Counter[str] = field(default_factory=Counter)
    """How many builds use each name of a base image at the moment."""
    bases: dict[str, str] = field(default_factory=dict)
    """The image that each of these names has meanwhile."""

    def __post_init__(self) -> None:
        self.settings = workload_settings.read(self.state)
        self._host: WorkloadHost | None = None
        self._running: list[StartedWorkload] = []
        self._starting: list[Order] = []
        self._lock = threading.RLock()
        self._leftovers = Leftovers(self.state)
        self._sweeping = threading.Lock()
        self._swept = self._closed = False
        self._plain = Plain(self._standing_in)

    @property
    def kind(self) -> Kind:
        """How a container would run on this machine."""
        if self._host is None:
            return "simulated"
        if self.settings.forced:
            return self.settings.forced
        detected = detection.kind()
        if detected is not None:
            return "podman" if detected.name == "podman" else "docker"
        return "process" if self.settings.has_stand_ins else "simulated"

    def how(self, order: Order) -> Kind:
        """How an order would run: "simulated" where no container can and no command stands in."""
        kind = self.kind
        if self._host is None or kind in {"podman", "docker"}:
            return kind
        stands_in = order.stand_in or self._named(order.workload, order.resource)
        return "process" if stands_in and self.settings.forced != "simulated" else "simulated"

    @property
    def limits(self) -> dict[Pool, int]:
        """The maximum number of workloads by pool."""
        return self.settings.limits

    def tell(self, sent: Mapping[str, Any]) -> None:
        """Changes the limits of this machine and the stand-ins for images; see WorkloadSettings.tell."""
        self.settings.tell(sent)
        workload_settings.write(self.state, self.settings)

    @property
    def address(self) -> str:
        """Where the cloud answers on this machine: "127.0.0.1:PORT"."""
        if self._host is None:
            raise RuntimeProblem(_NOT_SERVING)
        return self._host.address

    @property
    def client(self) -> CommandLineRuntime | None:
        """podman's or docker's command line, for builds; None if neither is available."""
        kind = detection.kind() if self.kind in {"podman", "docker"} else None
        return CommandLineRuntime(kind, str(self.state)) if kind is not None else None

    def running(self) -> Sequence[StartedWorkload]:
        """What runs now."""
        with self._lock:
            return tuple(self._running)

    def memory(self) -> Mapping[str, int]:
        """Bytes that each running container uses, by its name; a process in place of one is not measured. Blocks."""
        client = self.client
        names = [one.name for one in self.running() if one.kind in {"podman", "docker"}]
        return client.memory(names) if client is not None and names else {}

    def room(self, pool: Pool) -> int:
        """How many more workloads of a pool may start."""
        with self._lock:
            used = [one.order for one in self._running] + self._starting
            return self.limits[pool] - sum(one.pool == pool for one in used)

    def serve(self, host: WorkloadHost) -> None:
        """From now on workloads can reach the cloud."""
        self._host = host

    def fetch(self, image: str, principal: str, *, sure: bool = True) -> Image:
        """Makes an image of a registry of this cloud's ready to run, as a principal; others only when they are not here. Blocks.

        Without `sure` one that was here is taken to be here still: who finds it gone (ImageGone) asks again.
        Raises RuntimeProblem, with the registry's own sentence when the principal may not pull.
        """
        check(image)
        client, door = self.client, self._host if image_names.is_ours(image) else None
        digest = image.partition("@")[2]
        if door is not None and (sure or digest not in self.here):
            digest = door.digest(image, principal)
        # A digest under another registry's name is no proof that this principal may pull it from here.
        image_id = self.here.get(digest, "") if client is not None and door is not None else ""
        if client is not None and not (image_id and (not sure or client.has(image_id))):
            if door is None:
                image_id, digest = _local(client, image_names.full(image_names.qualified(image)))
            else:  # by the digest that the name has now, even if it is pushed again meanwhile
                image_id = door.pull(client, f"{image_names.bare(image)}@{digest}" if digest else image, principal)
        if image_id and digest:
            self.here[digest] = image_id
        return Image(image_id, f"{image_names.bare(image)}@{digest}" if digest else "")

    def reachable(self, client: CommandLineRuntime, image: str) -> str:
        """See WorkloadHost."""
        return self._opened().reachable(client, image)

    def push(self, client: CommandLineRuntime, image_id: str, image: str, principal: str) -> str:
        """See WorkloadHost."""
        return self._opened().push(client, image_id, image, principal)

    def commands(self, principal: str, folder: Path) -> Mapping[str, str]:
        """See WorkloadHost: for podman, docker, gcloud and gsutil."""
        return self._opened().commands(principal, folder)

    def _opened(self) -> WorkloadHost:
        if self._host is None:
            raise RuntimeProblem(_NOT_SERVING)
        return self._host

    def start(self, order: Order, on_output: OnOutput) -> StartedWorkload:
        """Starts a workload as its account. Blocks.

        Raises NoRoom, and RuntimeProblem when nothing can run it or it cannot be started.
        """
        kind = self.how(order)
        if self._host is None or self._closed:
            raise RuntimeProblem(_CLOSED if self._closed else _NOT_SERVING)
        if kind == "simulated":
            raise RuntimeProblem(
                f"{order.workload.image} does not run (simulated): neither podman nor docker answers on this machine, and no command "
                "stands in for it. Install podman, or set a local_command in the environment file."
            )
        with self._lock:
            if self.room(order.pool) < 1:
                raise NoRoom(
                    f"{self.limits[order.pool]} {order.pool} are running already, the configured maximum for this machine."
                )
            self._starting.append(order)
        try:
            return self._begin(order, kind, on_output)
        finally:
            with self._lock:
                self._starting.remove(order)

    async def started(self, order: Order, on_output: OnOutput) -> StartedWorkload:
        """Like `start`, in a thread; if cancelled meanwhile, the workload is stopped once it has started."""
        return await kept(lambda: self.start(order, on_output), StartedWorkload.stop)

    def claim(self, folder: Path) -> None:
        """Makes what containers left below a folder this user's own, as far as possible, so that it can be read and deleted. Blocks."""
        if (client := self.client) is not None:
            with suppress(RuntimeProblem, OSError):
                programs.claim(client, folder)

    def note(self, pid: int) -> None:
        """Remembers a process in a group of its own that must not outlive this cloud: after a kill its next start ends it."""
        self._clear()
        with self._lock:
            self._leftovers.note(pid)

    @property
    def closed(self) -> bool:
        """Whether the cloud is being stopped: what ends now was ended."""
        return self._closed

    @property
    def left(self) -> bool:
        """Whether an earlier run may have left something."""
        return self._leftovers.there

    def sweep(self) -> int:
        """Stops everything that runs, and removes what an earlier run left; returns how much that was. Blocks."""
        with self._sweeping:
            mine, self._swept = self.running(), True
            count = self._leftovers.sweep()
        for one in mine:
            self._leave(one)
        return count

    def close(self) -> None:
        """Sweeps, and starts nothing from now on. Blocks."""
        self._closed = True
        if self.left:
            self.sweep()

    def _begin(self, order: Order, kind: Kind, on_output: OnOutput) -> StartedWorkload:
        self._clear()
        runtime: Runtime = self._plain if kind == "process" or self.client is None else self.client
        assert self._host is not None
        given = self._host.give(order, runtime)
        workload = _given(order, given)
        try:
            if kind != "process":
                self._leftovers.expect_containers()
            started: Started = runtime.start(workload, on_output)
            given.started(self._leader(workload, started))
            if isinstance(started, PlainProcess):
                self._leftovers.note(started.pid)
        except BaseException:
            given.take_back()
            raise
        running = StartedWorkload(
            order, kind, workload.name, started, given, self._leave, self._missed, lambda: self._closed
        )
        if self._closed:
            running.stop()
            raise RuntimeProblem(_CLOSED)
        with self._lock:
            self._running.append(running)
        return running

    def _leader(self, workload: Workload, started: Started) -> int:
        """The leader of the session that a workload's connections come from: that of the container whose network it shares, if any."""
        shared = (one.pid for one in self.running() if workload.joins and one.name == workload.joins)
        return next(shared, started.pid)

    def _clear(self) -> None:
        """Removes what an earlier run left, before anything new starts."""
        with self._sweeping:
            if not self._swept:
                self._leftovers.sweep()
                self._swept = True

    def _standing_in(self, workload: Workload) -> StandIn | None:
        resource = workload.labels[RESOURCE]
        with self._lock:
            orders = [one for one in self._starting if one.stand_in and one.resource == resource]
        return (orders[0].stand_in, orders[0].folder or self.state) if orders else self._named(workload, resource)

    def _named(self, workload: Workload, resource: str) -> StandIn | None:
        """The configured stand-in; one for a whole service or job stands in only for its main container."""
        return self.settings.stand_in(workload.image, "" if workload.joins else resource)

    def _missed(self, made: str) -> None:
        """Forgets an image that is no longer on this machine, so that it is pulled next time."""
        with self._lock:
            self.here = {digest: one for digest, one in self.here.items() if one != made}

    def _leave(self, running: StartedWorkload) -> None:
        with self._lock, suppress(ValueError):
            self._running.remove(running)
        running.take_back()


async def kept(start: Callable[[], T], stop: Callable[[T], object]) -> T:
    """Runs `start` in a thread and returns its result; if cancelled meanwhile, `stop` is called with the result once it exists."""
    starting = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.ensure_future(_ended(starting, stop)))
        raise


async def _ended(starting: asyncio.Future[T], stop: Callable[[T], object]) -> None:
    with suppress(RuntimeProblem):
        await asyncio.to_thread(stop, await starting)


def _local(client: CommandLineRuntime, image: str) -> tuple[str, str]:
    """An image of another registry, or of none: its id and digest."""
    with suppress(RuntimeProblem):
        return client.image(image)
    client.call("pull", image)
    return client.image(image)


def _given(order: Order, given: Given) -> Workload:
    """The workload with a unique name and its account's environment; the order's own values take precedence."""
    workload = order.workload
    name = _NAME.sub("-", workload.name.lower()).strip("-")[:40] or "workload"
    return replace(
        workload,
        name=f"{name}-{secrets.token_hex(3)}",
        env={"GOOGLE_CLOUD_PROJECT": order.project, **workload.env, **given.env},
        labels={**workload.labels, RESOURCE: order.resource},
        mounts=(*workload.mounts, *given.mounts),
    )
