"""The command lines of docker and podman, whose differences are in `RuntimeProgram`."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from localcloud.containers import children
from localcloud.containers.children import Child
from localcloud.containers.workload import (
    KEPT,
    OOM_EXIT,
    STATE_LABEL,
    VARIABLE_NAME,
    ExitStatus,
    ImageGone,
    LabelledContainer,
    Mount,
    OnOutput,
    RuntimeProblem,
    Stream,
    Workload,
)

# The variables of the user's environment that the two need; workloads must not see proxies or credentials of other registries.
VARIABLES = (
    "PATH", "HOME", "USER", "LANG", "LC_*", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "CONTAINERS_*",
    "CONTAINER_HOST", "DOCKER_CONFIG", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
# Variables that podman, docker, their helpers, the Go runtime or the dynamic loader act on: a workload's variable with such a name is
# never put into their own environment. Source: podman(1), docker(1), ld.so(8), Go's packages runtime and net/http.
_MEANT = re.compile(
    r"(?:BUILDAH|CONTAINERS?|DBUS|DOCKER|DYLD|GLIBC|GPG|LC|LD|LISTEN|MALLOC|OTEL|PODMAN|REGISTRY|SSL_CERT|XDG)_.*|_.*|(?:.*_)?proxy"
    r"|BASH_ENV|ENV|GCONV_PATH|GNUPGHOME|GODEBUG|GOGC|GOMAXPROCS|GOMEMLIMIT|GOTRACEBACK|HOME|HOSTALIASES|IFS|LANG|LANGUAGE|LOCPATH"
    r"|NLSPATH|NOTIFY_SOCKET|PATH|RES_OPTIONS|SHELL|STORAGE_(?:DRIVER|OPTS)|TERM|TMP|TMPDIR|TZ|TZDIR|USER|USERNAME",
    re.IGNORECASE | re.DOTALL,
)
_NOT_STARTED = {125, 126, 127}
_GONE = re.compile(r"image not known|no such image", re.IGNORECASE)
_LAST_WORDS = 4
# podman's own message among a program's lines when a container whose network others share has ended before them, and docker's hint
# after the reason why a container could not be started.
_ASIDE = re.compile(r"""time="[^"]+" level=error msg="Removing container |(?:Run|See) 'docker run --help'""")
# podman's units are powers of 1000 (MB), docker's powers of 1024 (MiB).
_USED = re.compile(r"(\S+) ([\d.]+)\s?([kKMGT]?i?B) / .*")
_UNITS = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "kiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip


@dataclass(frozen=True)
class RuntimeProgram:
    """The differences between docker and podman.

    `network`: the options for a container's own network; `limits`: the options that keep its ulimits within this process's;
    `version`: podman's; `variables`: what their own environment must have; `buildkit`: whether docker builds by BuildKit.
    """

    name: str
    program: str
    network: tuple[str, ...]
    host: str
    build_options: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    version: tuple[int, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    buildkit: bool = False

    @property
    def shares_network(self) -> bool:
        """Whether workloads share this machine's network, and so must listen on the port that they are given."""
        return self.network == ("--network=host",)

    @property
    def in_virtual_machine(self) -> bool:
        """Whether its engine is in a virtual machine, from which no port on this machine's loopback can be reached by its own address."""
        return self.host.endswith(".internal")

    @property
    def follows_links(self) -> bool:
        """Whether a build may mount what a link in an image leads to, on this machine (CVE-2024-1753, CVE-2024-11218)."""
        return self.name == "podman" and self.version < (5, 4)


class CommandLineRuntime:
    """A Runtime over the command line of docker or podman; `state` names the local cloud whose containers these are."""

    def __init__(self, kind: RuntimeProgram, state: str) -> None:
        self.kind, self._state = kind, state
        self._env = {**children.chosen(VARIABLES), **dict(kind.variables)}

    @property
    def name(self) -> str:
        """ "podman" or "docker"."""
        return self.kind.name

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that podman or docker need."""
        return self._env

    @property
    def host(self) -> str:
        """The host name of this machine's loopback inside a container."""
        return self.kind.host

    def start(self, workload: Workload, on_output: OnOutput) -> Container:
        """Starts a container; raises RuntimeProblem if the image is missing or its program cannot be run."""
        port = children.free_port() if workload.port else 0
        inside = port if self.kind.shares_network else workload.port
        labelled = replace(workload, labels={**workload.labels, STATE_LABEL: self._state})
        return Container(self.kind, self._env, labelled, port, inside, on_output)

    def has(self, image: str) -> bool:
        """Whether an image is on this machine already."""
        return children.lines([self.kind.program, "image", "inspect", image], env=self._env)[0] == 0

    def image(self, name: str) -> tuple[str, str]:
        """The id of an image on this machine, and its digest in a registry ("" if none); raises RuntimeProblem if it is not here."""
        (described,) = json.loads("\n".join(self.call("image", "inspect", name)))
        digests = [one.partition("@")[2] for one in described.get("RepoDigests") or ()]
        digest = name.partition("@")[2]
        return str(described["Id"]), digest if digest in digests else next(iter(digests), "")

    def on_build(self, image: str) -> list[str]:
        """The ONBUILD instructions of an image, by its id, which a build that starts from it carries out."""
        if self.name == "podman":  # which carries them out, but does not show them: they are in its store
            (store,) = self.call("info", "--format={{.Store.GraphRoot}}/{{.Store.GraphDriverName}}-images")
            name = base64.b64encode(f"sha256:{image}".encode()).decode()
            path = Path(store) / image / f"={name}"
            config = json.loads(path.read_bytes()).get("config") if path.is_file() else {}
        else:
            (described,) = json.loads("\n".join(self.call("image", "inspect", image)))
            config = described.get("Config")
        return [str(one) for one in (config or {}).get("OnBuild") or ()]

    def call(self, *arguments: str, timeout: float = 600, env: Mapping[str, str] | None = None) -> list[str]:
        """Runs another command ("push", "tag", …), with `env` added to the environment; returns its output lines.

        Raises RuntimeProblem with the last line of its error output.
        """
        try:
            code, output, errors = children.lines(
                [self.kind.program, *arguments], env={**self._env, **(env or {})}, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            raise RuntimeProblem(f"{self.name} {arguments[0]} did not end within {timeout:.0f} seconds.") from None
        if code:
            raise RuntimeProblem(
                f"{self.name} {arguments[0]} ended with {code}: {errors.splitlines()[-1] if errors else 'no reason given'}"
            )
        return output

    def found(self) -> Iterator[LabelledContainer]:
        """The containers of this local cloud."""
        # docker prints one object per line, and before version 23 only with this format; podman prints one list.
        lines = self.call(
            "ps", "--all", f"--filter=label={STATE_LABEL}={self._state}", "--format={{json .}}", timeout=60
        )
        for row in json.loads("\n".join(lines)) if lines and lines[0].startswith("[") else map(json.loads, lines):
            names, labels = row["Names"], row.get("Labels") or {}
            yield LabelledContainer(
                names[0] if isinstance(names, list) else str(names),
                row.get("State") == "running",
                labels if isinstance(labels, dict) else dict(one.partition("=")[::2] for one in str(labels).split(",")),
            )

    def keep_unnamed(self, image: str, *names: str) -> None:
        """Takes names from an image (its id), which stays on this machine, where others could start from it by such a name."""
        if self.name == "docker":  # where the last name goes, the image goes; by this one nobody asks for it
            self.call("tag", image, f"{KEPT}:{image.removeprefix('sha256:')}")
        for name in names:
            words = ("untag", image, name) if self.name == "podman" else ("rmi", "--no-prune", name)
            with suppress(RuntimeProblem):
                self.call(*words, timeout=60)

    def memory(self, names: Iterable[str]) -> dict[str, int]:
        """The memory of running containers in bytes, by name; ended containers are left out."""
        try:
            lines = self.call("stats", "--no-stream", "--format={{.Name}} {{.MemUsage}}", *names, timeout=30)
        except RuntimeProblem:
            return {}
        matches = (_USED.fullmatch(line) for line in lines)
        return {one[1]: round(float(one[2]) * _UNITS[one[3]]) for one in matches if one}

    def sweep(self, names: Iterable[str] | None = None) -> int:
        """Force-removes containers of this local cloud; returns how many."""
        wanted = None if names is None else set(names)
        gone = [one.name for one in self.found() if wanted is None or one.name in wanted]
        if gone:
            self.call(
                "rm", "--force", "--volumes", *(["--time=0"] if self.name == "podman" else []), *gone, timeout=120
            )
        return len(gone)


class Container:
    """A Running container of docker or podman."""

    def __init__(
        self,
        kind: RuntimeProgram,
        env: Mapping[str, str],
        workload: Workload,
        port: int,
        inside: int,
        on_output: OnOutput,
    ) -> None:
        self._kind, self._workload, self._env, self._port = kind, workload, env, port
        self._stopped = threading.Event()
        self._last: list[str] = []
        self._on_output = on_output
        variables = {**workload.env, **(dict.fromkeys(workload.told, str(inside)) if inside else {})}
        inner = [*(workload.entrypoint or ())[1:], *(workload.args or ())]
        # Never on the command line, which every user can read: on standard input or, since line breaks cannot be passed there,
        # in the client's own environment.
        long = {name: value for name, value in variables.items() if "\n" in value or "\r" in value}
        _check(kind, variables, long)
        self._child = Child(
            [kind.program, "run", *_options(workload, list(long), kind, port), workload.made or workload.image, *inner],
            self._note,
            env={**env, **long},
            sent="".join(f"{name}={value}\n" for name, value in variables.items() if name not in long).encode(),
        )

    @property
    def pid(self) -> int:
        """The client's process id."""
        return self._child.pid

    @property
    def address(self) -> str:
        """Its published port on loopback, "127.0.0.1:PORT"."""
        return f"127.0.0.1:{self._port}" if self._port else ""

    def wait(self, timeout: float | None = None) -> ExitStatus | None:
        """How it ended; raises RuntimeProblem if it never started."""
        code = self._child.wait(timeout)
        if code is None:
            return None
        if code in _NOT_STARTED and self._last and self._last[-1].startswith(("Error", "docker:")):
            gone = self._workload.made and _GONE.search(self._last[-1])
            raise (ImageGone if gone else RuntimeProblem)(
                f"{self._workload.image} could not be started: {self._last[-1]}"
            )
        stopped = self._stopped.is_set()
        return ExitStatus(code, stopped, code == OOM_EXIT and not stopped and bool(self._workload.memory))

    def stop(self) -> ExitStatus:
        """Stops and removes it: SIGTERM, the workload's grace period, SIGKILL."""
        self._stopped.set()
        stop = [self._kind.program, "stop", f"--time={self._workload.grace}", self._workload.name]
        with suppress(subprocess.TimeoutExpired):
            children.lines(stop, env=self._env, timeout=self._workload.grace + 30)
        code = self._child.wait(5)  # the client passes the exit code on, unless it is stopped itself
        if code is None:
            code = self._child.end(5)
        with suppress(subprocess.TimeoutExpired):
            children.lines([self._kind.program, "rm", "--force", "--volumes", self._workload.name], env=self._env)
        return ExitStatus(code, stopped=True)

    def _note(self, stream: Stream, line: str) -> None:
        if stream == "stderr" and _ASIDE.match(line):
            return
        if stream == "stderr" and line:
            self._last = [*self._last, line][-_LAST_WORDS:]
        self._on_output(stream, line)


def _check(kind: RuntimeProgram, variables: Mapping[str, str], long: Iterable[str]) -> None:
    """Raises RuntimeProblem for variables that podman or docker would act on themselves, or that cannot be passed on."""
    for name, value in variables.items():
        # The value goes through standard input, which would accept a null character.
        if not VARIABLE_NAME.fullmatch(name) or "\x00" in value:
            raise RuntimeProblem(
                f"The variable {name[:100]!r} cannot be set: its name or its value cannot be passed to a container."
            )
    if meant := next(filter(means_something, long), ""):
        raise RuntimeProblem(
            f"The variable {meant} cannot have a multi-line value here, since {kind.name} itself uses it."
        )


def means_something(name: str) -> bool:
    """Whether podman or docker, or their helpers, act on a variable with this name."""
    return _MEANT.fullmatch(name) is not None


def _options(workload: Workload, passed: list[str], kind: RuntimeProgram, port: int) -> list[str]:
    network = (f"--network=container:{workload.joins}",) if workload.joins and not kind.shares_network else kind.network
    options = ["--rm", f"--name={workload.name}", *network, *kind.limits, "--pids-limit=1024", "--env-file=/dev/stdin"]
    options += [f"--env={name}" for name in passed]
    options += [f"--label={name}={value}" for name, value in workload.labels.items()]
    options += map(mounted, workload.mounts)
    options += [f"--memory={workload.memory}", f"--memory-swap={workload.memory}"] if workload.memory else []
    options += [f"--cpus={workload.cpus}"] if workload.cpus else []
    options += [f"--workdir={workload.workdir}"] if workload.workdir else []
    options += [f"--user={workload.user}"] if workload.user else []
    options += [f"--entrypoint={workload.entrypoint[0]}"] if workload.entrypoint else []
    options += ["--pull=never"] if workload.made else []
    if port and not kind.shares_network:
        options.append(f"--publish=127.0.0.1:{port}:{workload.port}")
    return options


def mounted(mount: Mount) -> str:
    """The option for a mount; RuntimeProblem where a colon in its path would make it another one."""
    if ":" in f"{mount.source}{mount.target}":
        raise RuntimeProblem(
            f"{mount.source} cannot be mounted at {mount.target}: a path of a mount may have no colon."
        )
    return f"--volume={mount.source}:{mount.target}{':ro' if mount.read_only else ''}"
