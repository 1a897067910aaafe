"""A container store for tests, with images built from this machine's files; the user's images and containers are not touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.containers import detection
from localcloud.containers.client import CommandLineRuntime

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


@pytest.fixture
def client(store: dict[str, str], request: pytest.FixtureRequest) -> Iterator[CommandLineRuntime]:
    """The runtime of one local cloud; containers that a test leaves running are removed."""
    kind = detection.kind()
    assert kind is not None
    runtime = CommandLineRuntime(kind, f"test-{request.node.name[:40].strip('[]')}")
    yield runtime
    runtime.sweep()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to mount or to build from."""
    return tmp_path
