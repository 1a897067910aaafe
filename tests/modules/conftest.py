"""One local cloud per test process, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from groundwork.environment.checkout import Checkout

from tests.local_project import LocalProject, fresh, running


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The parts of a clone that the local cloud needs."""
    with running(tmp_path_factory.mktemp("clone")) as started:
        yield started


@pytest.fixture
def project(checkout: Checkout) -> LocalProject:
    """The project of the examples, fresh."""
    return fresh(checkout, "groundwork-example")
