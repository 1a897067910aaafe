"""Which container program is used, and how: by what docker says of its engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from localcloud.containers import detection

SAYS = """#!/bin/sh
case "$1 $2" in
  "info "*) echo '{engine}' ;;
  "--version "*) echo 'Docker version {version}, build 0' ;;
  "buildx "*) exit {buildx} ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a docker that is the only program on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "docker"


def says(docker: Path, engine: str, version: str = "28.2.2", buildx: int = 0) -> None:
    docker.write_text(SAYS.format(engine=engine, version=version, buildx=buildx))
    docker.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every engine is in a virtual machine")
def test_containers_of_this_machines_engine_share_its_network(docker: Path) -> None:
    says(docker, "Debian GNU/Linux 12 (bookworm) [name=seccomp,profile=default]")
    found = detection.docker()
    assert found is not None
    assert (found.network, found.host, found.in_virtual_machine) == (("--network=host",), "127.0.0.1", False)


def test_containers_of_docker_desktop_reach_this_machine_by_a_name(docker: Path) -> None:
    says(docker, "Docker Desktop [name=seccomp,profile=unconfined name=cgroupns]")
    found = detection.docker()
    assert found is not None
    assert (found.network, found.host, found.in_virtual_machine) == ((), "host.docker.internal", True)


@pytest.mark.parametrize("engine", ["OrbStack []", "Ubuntu 24.04 LTS [name=apparmor]"])
def test_every_engine_of_a_mac_is_in_a_virtual_machine(
    docker: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(docker, engine)
    monkeypatch.setattr(sys, "platform", "darwin")
    found = detection.docker()
    assert found is not None
    assert found.in_virtual_machine


def test_a_rootless_engine_is_not_used_since_its_containers_reach_no_port_of_this_machine(docker: Path) -> None:
    says(docker, "Debian GNU/Linux 12 (bookworm) [name=seccomp,profile=builtin name=rootless name=cgroupns]")
    assert detection.docker() is None


@pytest.mark.parametrize(
    ("version", "buildx", "builds", "told"),
    [("20.10.24+dfsg1", 1, True, True), ("28.2.2", 0, True, False), ("28.2.2", 1, False, False)],
)
def test_builds_use_buildkit_wherever_docker_has_it(
    docker: Path, version: str, buildx: int, builds: bool, told: bool
) -> None:
    says(docker, "Debian GNU/Linux 12 (bookworm) []", version, buildx)
    found = detection.docker()
    assert found is not None
    assert (found.buildkit, ("DOCKER_BUILDKIT", "1") in found.variables) == (builds, told)
