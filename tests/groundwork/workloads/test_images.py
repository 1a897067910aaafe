"""`images list`: what was pushed, with tags, sizes and digests."""

from __future__ import annotations

import hashlib
import json

from groundwork.errors import Exit
from groundwork.google import local

from tests.small_clone import SmallClone

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def push(clone: SmallClone, name: str, *tags: str) -> str:
    """An image with nothing in it, pushed as docker does; its digest."""
    host = f"https://europe-west1-docker.pkg.dev/v2/{clone.project}/{name}"
    login = str(clone.cloud().login)
    config = json.dumps({"architecture": "amd64", "name": name, "tags": tags}).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    with local.session(clone.checkout, login) as session:
        session.headers["Authorization"] = f"Bearer {login}"
        begun = session.post(f"{host}/blobs/uploads/", params={"digest": digest}, data=config, timeout=10)
        assert begun.status_code == 201, begun.text
        part = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": []}
        for tag in tags or ("",):
            content = json.dumps(manifest).encode()
            given = f"sha256:{hashlib.sha256(content).hexdigest()}"
            response = session.put(
                f"{host}/manifests/{tag or given}", data=content, headers={"Content-Type": MANIFEST}, timeout=10
            )
            assert response.status_code == 201, response.text
    return str(response.headers["Docker-Content-Digest"])


def test_images_are_listed_with_tags_and_digests(clone: SmallClone) -> None:
    train, api = push(clone, "images/train", "v1", "latest"), push(clone, "images/api")
    found = json.loads(clone("images", "list", "--json").text)
    assert (found["environment"], found["simulated"]) == ("local", True)
    shown = {image["digest"]: image for image in found["images"]}
    assert shown.keys() == {train, api}
    assert sorted(shown[train]["tags"]) == ["latest", "v1"]
    assert shown[api]["reference"] == f"europe-west1-docker.pkg.dev/{clone.project}/images/api@{api}"
    lines = clone("images", "list", "images").text.splitlines()
    assert lines[0].split()[:2] == ["image", "tags"]
    assert any(line.startswith("images/train ") and train[:19] in line for line in lines)
    assert any(line.startswith("images/api ") and " untagged " in line for line in lines)


def test_no_image_and_no_such_repository_are_sentences(clone: SmallClone) -> None:
    assert "There is no image in the repositories of" in clone("images", "list").text
    done = clone("images", "list", "imags")
    assert done.code == Exit.USAGE
    assert "There is no repository imags" in done.err
    assert "did you mean images?" in done.err


def test_who_may_not_list_is_told_whom_to_ask(clone: SmallClone) -> None:
    done = clone("images", "list", "--as", "eve@example.com")
    assert done.code == Exit.PERMISSION
    assert "artifactregistry.dockerimages.list" in done.err


def test_without_a_platform_every_command_says_so(clone: SmallClone) -> None:
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text().replace(clone.project, "never-was-up"))
    for words in (["images", "list"], ["builds", "list"], ["services", "list"], ["jobs", "list"], ["token", "api"]):
        done = clone(*words)
        assert done.code == Exit.FAILED
        assert done.err == (
            "Error: Nothing is up in local: there is no project never-was-up on the local cloud (simulated); "
            "start with `groundwork up --env local`.\n"
        )
