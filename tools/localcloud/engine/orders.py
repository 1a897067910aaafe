"""Orders for workloads and what becomes of them: whom they run as, what they are given, and the one that was started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import ExitStatus, ImageGone, Mount, Runtime, RuntimeProblem, Workload
from localcloud.containers.workload import Running as Started
from localcloud.engine.workload_settings import Pool

Kind = Literal["podman", "docker", "process", "simulated"]


class Image(NamedTuple):
    """An image that is ready to run.

    `made` is its id on this machine, "" where no container runs; `pinned` its name with its digest, "" where no registry knows it.
    """

    made: str
    pinned: str


class NoRoom(RuntimeProblem):
    """As many workloads of a pool run already as this machine is to carry."""


@dataclass(frozen=True)
class Order:
    """A workload and as whom it runs.

    principal   the account: "serviceAccount:NAME@PROJECT.iam.gserviceaccount.com"
    project     whose it is, by id
    location    region or zone that its metadata server names
    resource    full name of what it runs for ("projects/p/locations/l/customJobs/7"), which its label and `status` show
    workload    its `name` is the beginning of the container's
    pool        whose limit it counts against
    stand_in    the command in place of its image where neither podman nor docker answers, run in `folder`; without one the command
                that was named for it (WorkloadSettings.stand_in), if any
    """

    principal: str
    project: str
    location: str
    resource: str
    workload: Workload
    pool: Pool = "instances"
    stand_in: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def email(self) -> str:
        """The address of the account."""
        return self.principal.partition(":")[2]

    def of(self, image: str) -> Order:
        """The same, of the image that has an id on this machine."""
        return replace(self, workload=replace(self.workload, made=image))


@dataclass(frozen=True)
class Given:
    """What a workload is given of this cloud: variables and files.

    `started` is told the process that leads its session, since only its own processes may ask who it is; `take_back` takes its
    identity away again.
    """

    env: Mapping[str, str]
    mounts: tuple[Mount, ...]
    started: Callable[[int], None]
    take_back: Callable[[], None]


class WorkloadHost(Protocol):
    """What the server brings: how workloads reach it, and its registry on behalf of a principal."""

    @property
    def address(self) -> str:
        """Where the cloud answers on this machine: "127.0.0.1:PORT"."""
        ...

    def give(self, order: Order, runtime: Runtime) -> Given:
        """Opens a metadata server for an order; called from a thread that may wait."""
        ...

    def digest(self, image: str, principal: str) -> str:
        """The digest of an image in the cloud's own registry; "" if there is none, or the caller may not read it."""
        ...

    def pull(self, client: CommandLineRuntime, image: str, principal: str) -> str:
        """Fetches an image of the cloud's own registry as a principal: its id. Raises RuntimeProblem in the registry's words."""
        ...

    def reachable(self, client: CommandLineRuntime, image: str) -> str:
        """What an image of the cloud's own registry is called where podman or docker pushes it."""
        ...

    def push(self, client: CommandLineRuntime, image_id: str, image: str, principal: str) -> str:
        """Pushes an image of an engine that cannot reach the cloud's own registry: its digest. Raises RuntimeProblem in the registry's words."""
        ...

    def commands(self, principal: str, folder: Path) -> Mapping[str, str]:
        """The variables by which a program of this machine acts as a principal; its credentials are put into a folder."""
        ...


@dataclass
class StartedWorkload:
    """A workload that was started: how it runs, and its life."""

    order: Order
    kind: Kind
    name: str
    _started: Started
    _given: Given
    _left: Callable[[StartedWorkload], None]
    _gone: Callable[[str], None]
    _closing: Callable[[], bool]
    _end: ExitStatus | None = None

    @property
    def address(self) -> str:
        """Where its port answers on this machine: "127.0.0.1:PORT"."""
        return self._started.address

    @property
    def pid(self) -> int:
        """The process of this machine that leads its session."""
        return self._started.pid

    def wait(self, timeout: float | None = None) -> ExitStatus | None:
        """How it ended; None when it still runs after `timeout` seconds. Blocks. RuntimeProblem when it never began."""
        try:
            ended = self._started.wait(timeout)
        except RuntimeProblem as problem:
            self._left(self)
            if isinstance(problem, ImageGone):
                self._gone(self.order.workload.made)
            raise
        if ended is not None:
            self._end = ended
            self._left(self)
        return ended

    async def ended(self) -> ExitStatus:
        """How it ended. CancelledError when the cloud is being stopped: its next start says what that means for the work."""
        ended = await asyncio.to_thread(self.wait)
        if self._closing():
            raise asyncio.CancelledError
        assert ended is not None
        return ended

    def stop(self) -> ExitStatus:
        """SIGTERM, the workload's grace, SIGKILL; nothing of it is left. Blocks."""
        if self._end is not None:
            return self._end
        try:
            return self._started.stop()
        finally:
            self._left(self)

    def take_back(self) -> None:
        """Closes its metadata server."""
        self._given.take_back()
