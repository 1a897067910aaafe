"""A provider in this process, on a local cloud of its own with one project in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.checkout import Checkout
from localcloud.provider.protocol.servicer import Servicer
from localcloud.server import launcher

from tests.local_project import LocalProject, fresh, running
from tests.localcloud.provider.core import Core

PROJECT = "provider-project"
APIS = ("artifactregistry", "compute", "iam", "logging", "pubsub", "secretmanager")


@dataclass(frozen=True)
class World:
    """The project as its owner sees it, and Terraform with a provider block for it."""

    project: LocalProject
    core: Core
    cloud: launcher.LocalCloud

    def ask(self, verb: str, api: str, path: str, body: Any = None, **params: Any) -> dict[str, Any]:
        """A manual request."""
        return dict(self.project.cloud.request(verb, api, path.replace("{project}", PROJECT), params=params, json=body))

    def token(self, principal: str) -> str:
        """A principal's token."""
        return launcher.token(self.cloud.state, principal)

    def fault(self, **ordered: Any) -> None:
        """Makes the cloud misbehave; see localcloud/server/fault_rules.py."""
        launcher.control(self.cloud, "POST", "/_local/faults", ordered)

    def requests(self) -> list[dict[str, Any]]:
        """The cloud's latest requests."""
        return list(launcher.control(self.cloud, "GET", "/_local/requests")["requests"])


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A folder that the local cloud takes for a clone."""
    with running(tmp_path_factory.mktemp("clone")) as started:
        yield started


@pytest.fixture
def world(checkout: Checkout) -> Iterator[World]:
    """An emptied cloud with one project and its APIs."""
    project = fresh(checkout, PROJECT)
    cloud = launcher.start(checkout.local_state)
    for api in APIS:
        project.cloud.request(
            "POST", "serviceusage", f"v1/projects/{PROJECT}/services/{api}.googleapis.com:enable", json={}
        )
    core = Core(Servicer(cloud.base, launcher.token(cloud.state), 9)).configured(project=PROJECT, region="europe-west1")
    yield World(project, core, cloud)
    launcher.control(launcher.start(checkout.local_state), "DELETE", "/_local/faults")


@pytest.fixture
def offline() -> Core:
    """A provider without any cloud, for plans and refusals."""
    return Core(Servicer("http://127.0.0.1:9", "token", 9)).configured(project=PROJECT, region="europe-west1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a test's Terraform."""
    return tmp_path
