"""A container store for tests, with images built from this machine's files; the user's images and containers are not touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.containers import detection
from localcloud.containers.client import CommandLineRuntime, RuntimeProgram

from tests.localcloud.containers import images, stores

SMALL = "localhost/small:1"


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that give podman a store of its own; skips if neither podman nor docker works."""
    folder = tmp_path_factory.mktemp("containers")
    with stores.own(folder) as found:
        if found is None:
            pytest.skip("neither podman nor docker answers on this machine")
        kind, variables = found
        images.imported(kind.program, images.small(folder / "small"), SMALL)
        yield variables


@pytest.fixture(scope="session")
def python(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an image with this Python, in the store."""
    kind = detection.kind()
    assert kind is not None
    images.imported(kind.program, images.with_python(tmp_path_factory.mktemp("python")), images.PYTHON)
    return images.PYTHON


@pytest.fixture(scope="session")
def programs(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, RuntimeProgram]:
    """Those of podman and docker that answer on this machine, each with an image of a few programs."""
    chosen, docker = detection.kind(), detection.docker()
    assert chosen is not None
    if docker is not None and chosen.name != docker.name:
        images.imported(docker.program, images.small(tmp_path_factory.mktemp("docker") / "small"), SMALL)
    return {one.name: one for one in (chosen, docker) if one is not None}


@pytest.fixture(params=["podman", "docker"])
def program(programs: dict[str, RuntimeProgram], request: pytest.FixtureRequest) -> RuntimeProgram:
    """Each of the two in turn."""
    if request.param not in programs:
        pytest.skip(f"{request.param} does not answer on this machine")
    return programs[request.param]


@pytest.fixture
def client(program: RuntimeProgram, request: pytest.FixtureRequest) -> Iterator[CommandLineRuntime]:
    """The runtime of one local cloud; containers that a test leaves running are removed."""
    runtime = CommandLineRuntime(program, f"test-{request.node.name[:40].replace('[', '-').strip(']')}")
    yield runtime
    runtime.sweep()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to mount or to build from."""
    return tmp_path
