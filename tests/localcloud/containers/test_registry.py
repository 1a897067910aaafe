"""podman, docker and skopeo push and pull as the logged-in principal.

podman and skopeo do so by Google's name of a repository, through the local cloud's proxy; docker, whose engine fetches by itself, by the
local cloud's own port.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from localcloud.containers import logins
from localcloud.containers.client import RuntimeProgram
from localcloud.server import certificates

from tests.cloud_client import Client
from tests.localcloud.containers.conftest import SMALL

HOST = "europe-west1-docker.pkg.dev"


class Engine:
    """podman or docker as one principal."""

    def __init__(
        self, cloud: Client, program: RuntimeProgram, store: dict[str, str], folder: Path, principal: str
    ) -> None:
        own = f"127.0.0.1:{cloud.server.port}"
        self.program = program.program
        self._host = HOST if program.name == "podman" else own
        login = folder / principal.partition(":")[2]
        self._env = {
            **os.environ,
            **store,
            "HTTPS_PROXY": f"http://{own}",
            "NO_PROXY": "",
            "SSL_CERT_FILE": str(certificates.bundle(cloud.server.state)),
            "REGISTRY_AUTH_FILE": f"{login}.json",
            "DOCKER_CONFIG": str(
                logins.write(login, "", ()).parent
            ),  # podman would ask the user's credential helpers, too
        }
        self.login(cloud.token(principal))

    def named(self, repository: str) -> str:
        """What it calls a repository."""
        return repository.replace(HOST, self._host)

    def __call__(self, *command: str, sent: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=sent, capture_output=True, text=True, env=self._env, check=False, timeout=120
        )

    def login(self, token: str) -> None:
        result = self(self.program, "login", "--username=oauth2accesstoken", "--password-stdin", self._host, sent=token)
        assert result.returncode == 0, result.stderr


@pytest.fixture
def repository(cloud: Client) -> str:
    cloud.enable("artifactregistry")
    place = f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories"
    cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="images")
    return f"{HOST}/{cloud.project}/images"


@pytest.fixture
def engine(program: RuntimeProgram, store: dict[str, str], cloud: Client, tmp_path: Path) -> Engine:
    return Engine(cloud, program, store, tmp_path, cloud.principal)


def test_an_image_is_pushed_and_pulled_and_an_outsider_gets_nothing(
    engine: Engine, program: RuntimeProgram, store: dict[str, str], cloud: Client, repository: str, tmp_path: Path
) -> None:
    names = [f"{engine.named(repository)}/{image}:v1" for image in ("small", "other")]
    for name in names:
        assert engine(engine.program, "tag", SMALL, name).returncode == 0
        pushed = engine(engine.program, "push", name)
        assert pushed.returncode == 0, pushed.stderr
        engine(engine.program, "rmi", name)
    outsider = Engine(cloud, program, store, tmp_path, "user:eve@example.com")
    refused = outsider(engine.program, "pull", names[0])
    assert refused.returncode != 0
    ways = {
        "podman": ('Permission "artifactregistry.repositories.downloadArtifacts" denied',),
        "docker": ("pull access denied", "403 Forbidden"),
    }
    assert any(way in refused.stderr for way in ways[program.name]), refused.stderr
    pulled = engine(engine.program, "pull", names[0])
    assert pulled.returncode == 0, pulled.stderr
    images = cloud.ok(
        "GET", f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories/images/dockerImages"
    )
    assert sorted(one["uri"].partition("@")[0] for one in images["dockerImages"]) == [
        f"{repository}/other",
        f"{repository}/small",
    ]


def test_skopeo_lists_inspects_and_deletes(engine: Engine, program: RuntimeProgram, repository: str) -> None:
    if shutil.which("skopeo") is None or program.name != "podman":
        pytest.skip("skopeo is not on this machine, or another program logs in for it")
    engine("podman", "tag", SMALL, f"{repository}/small:v1")
    assert engine("podman", "push", f"{repository}/small:v1").returncode == 0
    listed = engine("skopeo", "list-tags", f"docker://{repository}/small")
    assert '"v1"' in listed.stdout, listed.stderr
    assert engine("skopeo", "inspect", "--no-tags", f"docker://{repository}/small:v1").returncode == 0
    result = engine("skopeo", "delete", f"docker://{repository}/small:v1")
    assert result.returncode == 0, result.stderr
    assert engine("skopeo", "inspect", f"docker://{repository}/small:v1").returncode != 0
