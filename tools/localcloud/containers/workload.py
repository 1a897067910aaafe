"""The interface of container runtimes: workloads, builds, mounts and exit statuses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Stream = Literal["stdout", "stderr"]
Heard = Callable[[Stream, str], None]
"""Told each line that a workload writes, without its line end, in a thread of the runtime's."""

_IMAGE = re.compile(r"[a-zA-Z0-9][\w.:/@+-]{0,511}", re.ASCII)
STATE_LABEL = "localcloud.state"
OOM_EXIT = 137


class RuntimeProblem(Exception):
    """What could not be started or built, and why, as a sentence."""


class ImageGone(RuntimeProblem):
    """The image was on this machine when it was asked for, and is not any more."""


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine inside the workload."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Workload:
    """A container to run.

    `entrypoint` and `args` replace those of the image when they are not None. `memory` in bytes and `cpus` in cores, 0 for no limit;
    `port` is the one it listens on inside, 0 for none, and `told` the variables that name it, since where this machine's network is
    shared it is another one. `grace` is the seconds between SIGTERM and SIGKILL when it is stopped.
    `made` is the image's id on this machine, which runs whatever its name has come to mean; "" where only the name is known.
    `joins` names a running container whose network it shares: the two find each other on localhost.
    """

    name: str
    image: str
    entrypoint: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    workdir: str = ""
    user: str = ""
    memory: int = 0
    cpus: float = 0
    port: int = 0
    told: tuple[str, ...] = ("PORT",)
    grace: int = 10
    made: str = ""
    joins: str = ""


@dataclass(frozen=True)
class ExitStatus:
    """How a workload ended. `stopped`: because it was told to; `out_of_memory`: killed at its own limit."""

    code: int
    stopped: bool = False
    out_of_memory: bool = False


@dataclass(frozen=True)
class LabelledContainer:
    """A container that carries the label of a local cloud, running or not."""

    name: str
    running: bool
    labels: Mapping[str, str]


class Running(Protocol):
    """A workload that was started."""

    @property
    def pid(self) -> int:
        """The process of this machine that leads its session: the program itself, or the client that runs its container."""
        ...

    @property
    def address(self) -> str:
        """Where its port answers on this machine, "127.0.0.1:PORT"; "" when it has none."""
        ...

    def wait(self, timeout: float | None = None) -> ExitStatus | None:
        """How it ended; None when it still runs after `timeout` seconds."""
        ...

    def stop(self) -> ExitStatus:
        """Stops it: SIGTERM, its grace period, SIGKILL; nothing of it is left afterwards."""
        ...


class Runtime(Protocol):
    """What runs the workloads of one local cloud. `name` is said wherever it is shown ("podman", "docker", "process");
    `host` is this machine's loopback as workloads see it."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def start(self, workload: Workload, heard: Heard) -> Running:
        """Starts it; raises RuntimeProblem when it cannot be started."""
        ...

    def found(self) -> Iterator[LabelledContainer]:
        """What runs, or lies about, of this local cloud's."""
        ...

    def sweep(self, names: Iterable[str] | None = None) -> int:
        """Removes this local cloud's containers, running or not (only `names` when given); returns how many."""
        ...


def check(image: str) -> None:
    """Raises RuntimeProblem for what is not an image name: an option of docker or podman, or a file of this machine."""
    if not _IMAGE.fullmatch(image) or ":/" in image:
        raise RuntimeProblem(f"{image[:200]!r} is no name of an image.")


def program(*names: str) -> str | None:
    """The full path of the first of some programs that is on PATH."""
    return next((found for name in names if (found := shutil.which(name))), None)
