"""A copy of the Terraform of both layers, on a local cloud of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout

from tests.infra.layers import Platform
from tests.local_project import running


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The parts of a clone that the local cloud needs."""
    with running(tmp_path_factory.mktemp("clone")) as started:
        yield started


@pytest.fixture
def platform(request: pytest.FixtureRequest, checkout: Checkout, tmp_path: Path) -> Platform:
    """The environment that the test names, with its project and state bucket made and nothing applied."""
    return Platform.prepared(request.param, checkout, tmp_path)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The environment dev, up, on a local cloud of its own, for tests that leave it as it is."""
    with running(tmp_path_factory.mktemp("shared")) as started:
        platform = Platform.prepared("dev", started, tmp_path_factory.mktemp("dev"))
        platform.up()
        yield platform
