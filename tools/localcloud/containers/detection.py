"""Detects this machine's container runtime by running it once, since clients without an engine are common."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from functools import lru_cache, partial
from pathlib import Path

from localcloud.containers import children
from localcloud.containers.client import VARIABLES, RuntimeProgram
from localcloud.containers.workload import RuntimeProblem, program

# podman's own network first (needs iptables as root), then user-mode networking, then the machine's own.
_NETWORKS = (
    (("--network=slirp4netns:allow_host_loopback=true",), "10.0.2.2"),
    (("--network=pasta:--map-gw",), "169.254.1.2"),
    (("--network=host",), "127.0.0.1"),
)
# An image is one manifest, as podman's are, and not an index with a description of its build.
_BUILDS = (("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"),)
_ANSWERS = 20.0
# Source: https://man7.org/linux/man-pages/man7/capabilities.7.html, include/uapi/linux/capability.h.
_CAP_SYS_RESOURCE = 24
_FILES, _PROCESSES = 1_048_576, 16_384


@lru_cache(maxsize=1)
def kind() -> RuntimeProgram | None:
    """podman or docker, whichever answers (podman is tried first, since it needs no daemon); None if neither does."""
    return podman() or docker()


def podman() -> RuntimeProgram | None:
    path = program("podman")
    info = None if path is None else _asked([path, "info", "--format={{.Version.Version}}"])
    if path is None or info is None:
        return None
    version = _version(info[0] if info else "")
    if not _on_linux():
        return RuntimeProgram("podman", path, (), "host.containers.internal", ("--layers",), version=version)
    helpers = {"slirp4netns": program("slirp4netns"), "pasta": program("pasta")}
    for options, host in _NETWORKS:
        mode = options[0].partition("=")[2].partition(":")[0]
        if mode == "host" or helpers.get(mode):
            return RuntimeProgram("podman", path, options, host, ("--network=host", "--layers"), _limits(), version)
    return None


def _limits() -> tuple[str, ...]:
    """Limits for root's podman, which otherwise asks for higher ulimits than it may set inside another container."""
    if os.geteuid() or _may_raise_limits():
        return ()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = _FILES if files == resource.RLIM_INFINITY else min(files, _FILES)
    return f"--ulimit=nofile={most}:{most}", f"--ulimit=nproc={_PROCESSES}:{_PROCESSES}"


def _may_raise_limits() -> bool:
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return True
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> _CAP_SYS_RESOURCE & 1)


def docker() -> RuntimeProgram | None:
    """docker, if its engine answers and its containers can reach the local cloud; those of a rootless engine reach no loopback but its own."""
    path = program("docker")
    info = None if path is None else _asked([path, "info", "--format={{.OperatingSystem}} {{.SecurityOptions}}"])
    if path is None or not info or "name=rootless" in info[0]:
        return None
    # Secrets and mounts of builds need BuildKit: docker contains it before 23, and then has it with its plugin buildx.
    contained = _version(next(iter(_asked([path, "--version"]) or ()), "")) < (23,)
    variables = (*_BUILDS, *((("DOCKER_BUILDKIT", "1"),) if contained else ()))
    buildkit = contained or _asked([path, "buildx", "version"]) is not None
    found = partial(RuntimeProgram, "docker", path, variables=variables, buildkit=buildkit)
    if not _on_linux() or "Docker Desktop" in info[0]:
        return found((), "host.docker.internal")
    # docker's bridge reaches only its own address, but the local cloud listens on loopback.
    return found(("--network=host",), "127.0.0.1", ("--network=host",))


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def _on_linux() -> bool:
    """Elsewhere, engines are in virtual machines."""
    return sys.platform == "linux"


def _asked(command: list[str]) -> list[str] | None:
    try:
        code, output, _ = children.lines(command, env=children.chosen(VARIABLES), timeout=_ANSWERS)
    except (RuntimeProblem, subprocess.TimeoutExpired):
        return None
    return output if code == 0 else None
