"""A container store of the tests' own, with images made of this machine's files; the user's images and containers stay out of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from localcloud.containers import detection
from localcloud.containers.client import Client

from tests.localcloud.containers import images

SMALL = "localhost/small:1"
_CONTAINERS = '[containers]\ndefault_ulimits = []\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that put podman on a store of its own; skips where neither podman nor docker answers."""
    folder = tmp_path_factory.mktemp("containers")
    # Of its own as well: another store's reset would take it away.
    (folder / "containers.conf").write_text(f'{_CONTAINERS}tmp_dir = "{folder}/libpod"\n')
    (folder / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    found = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    with mock.patch.dict(os.environ, found):
        detection.kind.cache_clear()
        kind = detection.kind()
        if kind is None:
            pytest.skip("neither podman nor docker answers on this machine")
        images.imported(kind.program, images.small(folder / "small"), SMALL)
        yield found
        if kind.name == "podman":
            subprocess.run([kind.program, "system", "reset", "--force"], capture_output=True, check=False, timeout=120)
    detection.kind.cache_clear()


@pytest.fixture
def client(store: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Client]:
    """The runtime of one local cloud; what a test leaves running is removed."""
    kind = detection.kind()
    assert kind is not None
    found = Client(kind, f"test-{request.node.name[:40].strip('[]')}")
    yield found
    found.sweep()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to mount or to build from."""
    return tmp_path
