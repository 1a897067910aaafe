"""Images that go through archives, as they do where the engine is in a virtual machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from localcloud.containers.archives import RegistryClient
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import RuntimeProblem, Workload

from tests.cloud_client import Client
from tests.localcloud.containers.conftest import SMALL

pytestmark = pytest.mark.slow
HOST = "europe-west1-docker.pkg.dev"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
BACK = "localhost/brought-back:1"


@pytest.fixture
def registry(cloud: Client) -> RegistryClient:
    cloud.enable("artifactregistry")
    place = f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories"
    cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="images")
    address = f"127.0.0.1:{cloud.server.port}"
    return RegistryClient(address, HOST, f"{cloud.project}/images/small", cloud.token(cloud.principal))


def test_an_image_is_pushed_once_and_runs_when_it_is_back(
    client: CommandLineRuntime, registry: RegistryClient, tmp_path: Path
) -> None:
    digest = registry.save(client, SMALL, "v1", tmp_path)
    assert registry.save(client, SMALL, "v2", tmp_path) == digest
    assert registry.tag(digest, "v3")
    assert not registry.tag("sha256:" + "0" * 64, "v4")
    lines: list[str] = []
    for reference in ("v1", "v3", digest):
        image = registry.load(client, reference, BACK, tmp_path)
        running = client.start(
            Workload("back", BACK, ("sh", "-c"), ("echo here",), made=image), lambda _, line: lines.append(line)
        )
        ended = running.wait(60)
        assert ended is not None
        assert ended.code == 0
    assert lines == ["here"] * 3
    assert list(tmp_path.iterdir()) == []


def test_an_outsider_is_refused_in_the_registrys_words(
    client: CommandLineRuntime, registry: RegistryClient, cloud: Client, tmp_path: Path
) -> None:
    registry.save(client, SMALL, "v1", tmp_path)
    outsider = RegistryClient(registry.address, HOST, registry.name, cloud.token("user:eve@example.com"))
    with pytest.raises(
        RuntimeProblem, match=r'denied: Permission "artifactregistry\.repositories\.uploadArtifacts" denied'
    ):
        outsider.save(client, SMALL, "v1", tmp_path)
    with pytest.raises(
        RuntimeProblem, match=r'denied: Permission "artifactregistry\.repositories\.downloadArtifacts" denied'
    ):
        outsider.load(client, "v1", BACK, tmp_path)
    with pytest.raises(RuntimeProblem, match='manifest_unknown: Failed to fetch "v9"'):
        registry.load(client, "v9", BACK, tmp_path)


def test_an_image_for_several_machines_is_pulled_for_this_one(
    client: CommandLineRuntime, registry: RegistryClient, cloud: Client, tmp_path: Path
) -> None:
    digest = registry.save(client, SMALL, "v1", tmp_path)
    manifest = cloud("GET", f"v2/{registry.name}/manifests/{digest}", headers={"Host": HOST})
    assert manifest.status == 200
    listed = [
        {"mediaType": MANIFEST, "digest": digest, "size": int(manifest.headers["content-length"]), "platform": platform}
        for platform in ({"os": "linux", "architecture": one} for one in ("amd64", "arm64"))
    ]
    for tag, manifests in (("several", listed), ("none", [])):
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
        put = cloud("PUT", f"v2/{registry.name}/manifests/{tag}", body, headers={"Host": HOST, "Content-Type": INDEX})
        assert put.status == 201, put.body
    assert registry.load(client, "several", BACK, tmp_path)
    with pytest.raises(RuntimeProblem, match="has no image for linux/"):
        registry.load(client, "none", BACK, tmp_path)
