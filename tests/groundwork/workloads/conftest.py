"""A clone on the local cloud with what workloads need, and one at "Google"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.workloads.project import Project

from tests.groundwork.at_google import google, proxy
from tests.small_clone import OWNER, SmallClone, make_clone

__all__ = ["google", "proxy"]

FILE = """
buckets:
  data: {}
  models: {force_destroy: true}
repositories:
  images: {}
identities:
  build: {description: Builds images.}
  train: {description: Trains models.}
"""
APIS = ("artifactregistry", "cloudbuild", "run", "aiplatform", "logging", "storage", "iamcredentials")


@pytest.fixture
def clone(tmp_path: Path, local_clone: Checkout) -> SmallClone:
    """ENV=local with two buckets, a repository, and the identities that build and train."""
    return prepared(make_clone(tmp_path / "clone", local_clone, [], FILE))


def prepared(clone: SmallClone) -> SmallClone:
    """The clone, with what its file says of repositories and identities made."""
    switch_on(clone, *APIS)
    cloud = clone.cloud()
    path = f"v1/projects/{clone.project}/locations/europe-west1/repositories"
    cloud.request("POST", "artifactregistry", path, params={"repositoryId": "images"}, json={"format": "DOCKER"})
    for name in ("build", "train"):
        cloud.request(
            "POST", "iam", f"v1/projects/{clone.project}/serviceAccounts", json={"accountId": f"groundwork-{name}"}
        )
    return clone


def switch_on(clone: SmallClone, *apis: str) -> None:
    """Enable APIs, as `up` would."""
    path = f"v1/projects/{clone.project}/services:batchEnable"
    clone.cloud().request("POST", "serviceusage", path, json={"serviceIds": [f"{api}.googleapis.com" for api in apis]})


@pytest.fixture
def project(clone: SmallClone) -> Project:
    """The clone's project as its owner sees it."""
    return Project(clone.cloud(), clone.environment, OWNER)


Writer = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes a file below the test's folder and returns the folder."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return tmp_path / "app"

    return written
