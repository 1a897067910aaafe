"""podman and skopeo push and pull by Google's name of a repository, through the local cloud's proxy, as the logged-in principal."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from localcloud.containers import detection
from localcloud.server import certificates

from tests.cloud_client import Client
from tests.localcloud.containers.conftest import SMALL

HOST = "europe-west1-docker.pkg.dev"


class Engine:
    """podman as one principal."""

    def __init__(self, cloud: Client, store: dict[str, str], folder: Path, principal: str) -> None:
        address = f"http://127.0.0.1:{cloud.server.port}"
        self._env = {
            **os.environ,
            **store,
            "HTTPS_PROXY": address,
            "NO_PROXY": "",
            "SSL_CERT_FILE": str(certificates.bundle(cloud.server.state)),
            "REGISTRY_AUTH_FILE": str(folder / f"{principal.partition(':')[2]}.json"),
        }
        self.login(cloud.token(principal))

    def __call__(self, *command: str, sent: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=sent, capture_output=True, text=True, env=self._env, check=False, timeout=120
        )

    def login(self, token: str) -> None:
        result = self("podman", "login", "--username=oauth2accesstoken", "--password-stdin", HOST, sent=token)
        assert result.returncode == 0, result.stderr


@pytest.fixture
def repository(cloud: Client) -> str:
    cloud.enable("artifactregistry")
    place = f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories"
    cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="images")
    return f"{HOST}/{cloud.project}/images"


@pytest.fixture
def podman(store: dict[str, str], cloud: Client, tmp_path: Path) -> Engine:
    kind = detection.kind()
    if kind is None or kind.name != "podman":
        pytest.skip("podman is not on this machine")
    return Engine(cloud, store, tmp_path, cloud.principal)


def test_an_image_is_pushed_and_pulled_and_an_outsider_gets_nothing(
    podman: Engine, store: dict[str, str], cloud: Client, repository: str, tmp_path: Path
) -> None:
    name = f"{repository}/small:v1"
    assert podman("podman", "tag", SMALL, name).returncode == 0
    pushed = podman("podman", "push", name)
    assert pushed.returncode == 0, pushed.stderr
    again = podman("podman", "push", name, f"{repository}/other:v1")
    assert again.returncode == 0, again.stderr
    podman("podman", "rmi", name)
    outsider = Engine(cloud, store, tmp_path, "user:eve@example.com")
    refused = outsider("podman", "pull", name)
    assert refused.returncode != 0
    assert 'Permission "artifactregistry.repositories.downloadArtifacts" denied' in refused.stderr
    pulled = podman("podman", "pull", name)
    assert pulled.returncode == 0, pulled.stderr
    images = cloud.ok(
        "GET", f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories/images/dockerImages"
    )
    assert sorted(one["uri"].partition("@")[0] for one in images["dockerImages"]) == [
        f"{repository}/other",
        f"{repository}/small",
    ]


def test_skopeo_lists_inspects_and_deletes(podman: Engine, repository: str) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not on this machine")
    podman("podman", "tag", SMALL, f"{repository}/small:v1")
    assert podman("podman", "push", f"{repository}/small:v1").returncode == 0
    listed = podman("skopeo", "list-tags", f"docker://{repository}/small")
    assert '"v1"' in listed.stdout, listed.stderr
    assert podman("skopeo", "inspect", "--no-tags", f"docker://{repository}/small:v1").returncode == 0
    result = podman("skopeo", "delete", f"docker://{repository}/small:v1")
    assert result.returncode == 0, result.stderr
    assert podman("skopeo", "inspect", f"docker://{repository}/small:v1").returncode != 0
