"""One local cloud per test process, and a project of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from localcloud.server import launcher
from localcloud.server.launcher import LocalCloud

from tests.cloud_client import Client

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud, stopped at the end."""
    state = tmp_path_factory.mktemp("cloud")
    yield launcher.start(state)
    launcher.stop(state)


@pytest.fixture
def cloud(server: LocalCloud) -> Iterator[Client]:
    """The project's owner at the cloud, in a fresh project; faults that the test sets are removed at its end."""
    client = Client(server, f"test-project-{next(_numbers)}")
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": client.project})
    yield client
    client.control("DELETE", "faults")
