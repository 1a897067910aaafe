"""The interface of container runtimes: workloads, builds, mounts and exit statuses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Stream = Literal["stdout", "stderr"]
OnOutput = Callable[[Stream, str], None]
"""Called with each line that a workload writes, without its line end, in one of the runtime's threads."""

_IMAGE = re.compile(r"[a-zA-Z0-9][\w.:/@+-]{0,511}", re.ASCII)
STATE_LABEL = "localcloud.state"
KEPT = "local-cloud/built"
"""Where docker keeps images that have lost their names: it deletes those without any."""
_KEPT = re.compile(rf"(?:(?:index\.)?docker\.io/)?{KEPT}(?:[:@].*)?")
OOM_EXIT = 137
VARIABLE_NAME = re.compile(r"[^=*\s\x00-\x1f]+")
"""A variable's name that podman and docker take as it is."""


class RuntimeProblem(Exception):
    """Something could not be started or built: a sentence with the reason."""


class ImageGone(RuntimeProblem):
    """The image was on this machine when it was looked up, but no longer is."""


@dataclass(frozen=True)
class Mount:
    """A folder or file of this machine inside the workload."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Workload:
    """A container to run.

    entrypoint, args  replace those of the image unless None
    memory, cpus      limits in bytes and cores; 0 for no limit
    port              the port that it listens on inside; 0 for none
    told              the variables that name the port, which differs where this machine's network is shared
    grace             seconds between SIGTERM and SIGKILL when it is stopped
    made              the image's id on this machine, which is run even if its name has moved; "" if only the name is known
    joins             a running container whose network it shares, so that the two reach each other on localhost
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
    """How a workload ended. `stopped`: on request; `out_of_memory`: killed at its memory limit."""

    code: int
    stopped: bool = False
    out_of_memory: bool = False


@dataclass(frozen=True)
class LabelledContainer:
    """A container with the label of a local cloud, running or not."""

    name: str
    running: bool
    labels: Mapping[str, str]


class Running(Protocol):
    """A workload that was started."""

    @property
    def pid(self) -> int:
        """The process id of its session leader: the program itself, or the client that runs its container."""
        ...

    @property
    def address(self) -> str:
        """The address of its port on this machine, "127.0.0.1:PORT"; "" if it has none."""
        ...

    def wait(self, timeout: float | None = None) -> ExitStatus | None:
        """How it ended; None if it is still running after `timeout` seconds."""
        ...

    def stop(self) -> ExitStatus:
        """Stops it (SIGTERM, its grace period, SIGKILL), and removes what is left of it."""
        ...


class Runtime(Protocol):
    """Runs the workloads of one local cloud.

    `name` is shown to users ("podman", "docker", "process"); `host` is this machine's loopback as workloads see it.
    """

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def start(self, workload: Workload, on_output: OnOutput) -> Running:
        """Starts a workload; raises RuntimeProblem if it cannot be started."""
        ...

    def found(self) -> Iterator[LabelledContainer]:
        """This local cloud's containers, running or stopped."""
        ...

    def sweep(self, names: Iterable[str] | None = None) -> int:
        """Removes this local cloud's containers, running or not (only `names` if given); returns how many."""
        ...


def check(image: str) -> None:
    """Raises RuntimeProblem for anything but an image name: an option of docker or podman, an image's id, or a place of podman's or ours.

    podman would read "oci-archive:a/b" from a file, and "containers-storage:a/b" from what it has.
    """
    host, slash, _ = image.partition("/")
    _, colon, port = host.partition(":")
    elsewhere = slash and colon and not port.isdecimal()
    if not _IMAGE.fullmatch(image) or elsewhere or image.startswith("sha256:") or _KEPT.fullmatch(image):
        raise RuntimeProblem(f"{image[:200]!r} is not a valid image name.")


def program(*names: str) -> str | None:
    """The full path of the first of these programs that is on PATH; None if none is."""
    return next((path for name in names if (path := shutil.which(name))), None)
