"""Images: `images list` shows what was pushed, and a deployment finds it by its short name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from groundwork.errors import Exit, UsageProblem
from groundwork.google import local
from groundwork.workloads.images import address, deployable, short
from groundwork.workloads.project import Project

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
            expected = f"sha256:{hashlib.sha256(content).hexdigest()}"
            response = session.put(
                f"{host}/manifests/{tag or expected}", data=content, headers={"Content-Type": MANIFEST}, timeout=10
            )
            assert response.status_code == 201, response.text
    return str(response.headers["Docker-Content-Digest"])


def test_images_are_listed_with_tags_and_digests(clone: SmallClone) -> None:
    train, api = push(clone, "images/train", "v1", "latest"), push(clone, "images/api")
    found = json.loads(clone("images", "list", "--json").text)
    assert (found["environment"], found["simulated"]) == ("local", True)
    by_digest = {image["digest"]: image for image in found["images"]}
    assert by_digest.keys() == {train, api}
    assert sorted(by_digest[train]["tags"]) == ["latest", "v1"]
    assert by_digest[api]["reference"] == f"europe-west1-docker.pkg.dev/{clone.project}/images/api@{api}"
    lines = clone("images", "list", "images").text.splitlines()
    assert lines[0].split()[:2] == ["image", "tags"]
    assert any(line.startswith("images/train ") and train[:19] in line for line in lines)
    assert any(line.startswith("images/api ") and " untagged " in line for line in lines)


def test_a_missing_image_or_repository_is_reported_in_one_sentence(clone: SmallClone) -> None:
    assert "There is no image in the repositories of" in clone("images", "list").text
    result = clone("images", "list", "imags")
    assert result.code == Exit.USAGE
    assert "There is no repository imags" in result.err
    assert "did you mean images?" in result.err


def test_a_refused_list_says_whom_to_ask(clone: SmallClone) -> None:
    result = clone("images", "list", "--as", "eve@example.com")
    assert result.code == Exit.PERMISSION
    assert "artifactregistry.dockerimages.list" in result.err


def test_without_a_platform_every_command_says_so(clone: SmallClone) -> None:
    file = clone.root / "envs" / "local.yaml"
    file.write_text(file.read_text().replace(clone.project, "never-was-up"))
    for arguments in (["images", "list"], ["builds", "list"], ["services", "list"], ["jobs", "list"], ["token", "api"]):
        result = clone(*arguments)
        assert result.code == Exit.FAILED
        assert result.err == (
            "Error: Nothing is up in local: there is no project never-was-up on the local cloud (simulated); "
            "start with `groundwork up --env local`.\n"
        )


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("api", "europe-west1-docker.pkg.dev/P/images/api"),
        ("images/api", "europe-west1-docker.pkg.dev/P/images/api"),
        ("us-docker.pkg.dev/other/x/api", "us-docker.pkg.dev/other/x/api"),
    ],
)
def test_an_image_goes_to_the_only_repository_or_where_it_says(project: Project, image: str, whole: str) -> None:
    assert address(project, image) == whole.replace("P", project.id)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("imags/api", "did you mean images?"),
        ("Api", "'Api' is not a valid image name"),
        ("a b", "is not a valid image name"),
    ],
)
def test_a_failed_push_is_reported_in_one_sentence(project: Project, image: str, sentence: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        address(project, image)
    assert sentence in problem.value.message


def test_with_several_repositories_one_must_be_given(project: Project) -> None:
    one = project.environment.repositories["images"]
    several = replace(project, environment=replace(project.environment, repositories={"cats": one, "more": one}))
    with pytest.raises(
        UsageProblem, match="Say to which repository api goes, as in --image REPOSITORY/api: there are cats, more"
    ):
        address(several, "api")


def test_of_several_repositories_images_is_meant_as_in_the_file(project: Project) -> None:
    one = project.environment.repositories["images"]
    other = replace(one, url="europe-west1-docker.pkg.dev/p/cats")
    several = replace(project, environment=replace(project.environment, repositories={"cats": other, "images": one}))
    assert address(several, "api") == f"{one.url}/api"


@pytest.mark.parametrize(
    "written", ["api", "images/api", "api:latest", "images/api:v1", "europe-west1-docker.pkg.dev/P/images/api"]
)
def test_what_is_deployed_is_the_version_that_the_name_has_now(
    written: str, clone: SmallClone, project: Project
) -> None:
    digest = push(clone, "images/api", "v1", "latest")
    found = deployable(project, written.replace("P", project.id))
    assert found == f"europe-west1-docker.pkg.dev/{project.id}/images/api@{digest}"


@pytest.mark.parametrize(
    "written", ["docker.io/library/nginx:1", "localhost:5000/api", "ghcr.io/team/api@sha256:" + "0" * 64]
)
def test_an_image_of_another_registry_is_deployed_as_it_is_written(written: str, project: Project) -> None:
    assert deployable(project, written) == written


def test_an_image_that_was_never_pushed_is_reported_in_one_sentence(clone: SmallClone, project: Project) -> None:
    with pytest.raises(
        UsageProblem, match=r"There is no image images/api:latest in .*; `groundwork builds submit` builds one"
    ):
        deployable(project, "api")
    push(clone, "images/api", "v1")
    with pytest.raises(UsageProblem, match=r"There is no image images/apu:v1 in .*; did you mean images/api:v1"):
        deployable(project, "apu:v1")


def test_lists_show_the_beginning_of_commits_builds_and_digests() -> None:
    commit, build, digest = "afe6e0de" * 5, "4ebabd4a-8df9-4518-8745-9fbf0814f685", "sha256:" + "be8aeb69" * 8
    place = "europe-west1-docker.pkg.dev/p/images/api"
    assert short(f"{place}:{commit}") == "images/api:afe6e0de…"
    assert short(f"{place}:{build}") == "images/api:4ebabd4a…"
    assert short(f"{place}@{digest}") == "images/api@sha256:be8aeb69…"
    assert (short("v1.2"), short("afe6e0de")) == ("v1.2", "afe6e0de")
