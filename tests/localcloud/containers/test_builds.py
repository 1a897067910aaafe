"""Real builds: the docker builder on this machine's podman or docker, containers as steps, and Google's own client."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from localcloud.server import launcher

from tests.cloud_client import Client as CloudClient
from tests.localcloud.containers.building import (
    BASE,
    DOCKER,
    DOCKERFILE,
    IMAGE,
    LOGGED,
    account,
    archive,
    cloud,
    log,
    submit,
)
from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving
from tests.polling import until

__all__ = ["account", "cloud", "submit"]
pytestmark = pytest.mark.slow


def test_an_image_is_built_with_cached_layers_and_pushed_by_its_digest(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    steps = [
        {"name": DOCKER, "args": ["build", "-t", f"{IMAGE}:$BUILD_ID", "-t", IMAGE, "--build-arg", "WHO=alice", "."]}
    ]
    files = {"Dockerfile": DOCKERFILE, "main.txt": "one"}
    first = submit(steps, files, images=[f"{IMAGE}:$BUILD_ID", IMAGE])
    assert first["status"] == "SUCCESS", log(cloud, first)
    pushed = first["results"]["images"]
    assert [one["name"] for one in pushed] == [f"{IMAGE}:{first['id']}", IMAGE]
    path = f"artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories/images/dockerImages"
    listed = cloud("GET", path)["dockerImages"]
    assert {one["uri"].partition("@")[2] for one in listed} == {pushed[0]["digest"]}
    second = submit(steps, {**files, "main.txt": "two"}, images=[IMAGE])
    lines = log(cloud, second)
    slow = max(at for at, line in enumerate(lines) if "slow layer" in line)
    assert any(word in line for word in ("Using cache", "CACHED") for line in lines[slow + 1 : slow + 3]), lines
    assert second["results"]["images"][0]["digest"] != pushed[0]["digest"]
    assert "podman" in second["warnings"][0]["text"] or "docker" in second["warnings"][0]["text"]
    client = cloud.cloud.workloads.client
    assert client is not None
    assert not client.has(IMAGE), "another build, of an account that may not pull it, would have it"
    files = {"Dockerfile": f"FROM {IMAGE}\n", "base/Dockerfile": DOCKERFILE}
    steps = [
        {"name": DOCKER, "args": ["build", "-t", IMAGE, "base"]},
        {"name": DOCKER, "args": ["build", "-t", f"{IMAGE}:2", "."]},
    ]
    assert submit(steps, files)["status"] == "SUCCESS"


def test_a_broken_build_fails_with_its_log_and_pushes_nothing(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    broken = f"FROM {SMALL}\nRUN echo about to break && test -e /nothing\n"
    build = submit(
        [{"name": DOCKER, "args": ["build", "-t", f"{IMAGE}:broken", "."]}],
        {"Dockerfile": broken},
        images=[f"{IMAGE}:broken"],
    )
    assert (build["status"], build["failureInfo"]["type"]) == ("FAILURE", "USER_BUILD_STEP")
    lines = log(cloud, build)
    assert "about to break" in lines
    assert lines[-1].startswith(f'ERROR: build step 0 "{DOCKER}" failed: step exited with non-zero status')
    build = submit([{"name": DOCKER, "entrypoint": "bash", "args": ["-c", "exit 0"]}], images=[IMAGE])
    assert build["failureInfo"]["type"] == "PUSH_IMAGE_NOT_FOUND"


def test_steps_share_folders_and_volumes_and_have_what_they_were_given(
    cloud: Serving, submit: Callable[..., dict[str, Any]], account: str
) -> None:
    cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets", {"replication": {"automatic": {}}}, secretId="key")
    cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets/key:addVersion", {"payload": {"data": "aGlkZGVu"}})
    cloud.grant("roles/secretmanager.secretAccessor", f"serviceAccount:{account.rpartition('/')[2]}")
    volume = [{"name": "shared", "path": "/shared"}]
    steps = [
        {"name": SMALL, "id": "write", "script": "#!/bin/bash\necho $KEY $_MINE >/shared/said; echo $HOME >home; echo back >$BUILDER_OUTPUT/output",
         "secretEnv": ["KEY"], "automapSubstitutions": True, "volumes": volume},
        {"name": SMALL, "args": ["cat", "/shared/said", "home", "sub/there"], "volumes": volume, "waitFor": ["write", "make"]},
        {"name": SMALL, "id": "make", "entrypoint": "bash", "args": ["-c", "echo $$PWD >there"], "dir": "sub", "waitFor": ["-"]},
        {"name": DOCKER, "args": ["run", "-v", "/workspace:/w", "-w", "/w", SMALL, "cat", "home"]},
    ]  # fmt: skip
    steps += [
        {"name": DOCKER, "entrypoint": "bash", "secretEnv": ["KEY"], "args": ["-c", "docker build --build-arg WHO=$$KEY --build-arg TAG=1 -t x ."]},
        {"name": "x", "args": ["cat", "/who"]},
    ]  # fmt: skip
    build = submit(
        steps,
        {"sub/x": "", "Dockerfile": DOCKERFILE},
        substitutions={"_MINE": "mine"},
        availableSecrets={
            "secretManager": [{"versionName": f"projects/{PROJECT}/secrets/key/versions/1", "env": "KEY"}]
        },
    )
    lines = log(cloud, build)
    assert build["status"] == "SUCCESS", lines
    assert [line for line in lines if line in ("hidden mine", "/builder/home", "/workspace/sub")] == [
        "hidden mine", "/builder/home", "/workspace/sub", "/builder/home",
    ]  # fmt: skip
    assert "hidden" in lines, lines
    refused = submit(
        [{**steps[4], "args": ["-c", "docker build --build-arg LD_PRELOAD=$$KEY ."]}],
        {"Dockerfile": DOCKERFILE},
        availableSecrets={
            "secretManager": [{"versionName": f"projects/{PROJECT}/secrets/key/versions/1", "env": "KEY"}]
        },
    )
    assert "must have a name that docker does not use itself" in refused["statusDetail"]
    assert build["results"]["buildStepOutputs"][0] == "YmFjawo="


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on this machine")
def test_gcloud_acts_as_the_builds_account_in_its_container(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    step = {"name": "gcr.io/cloud-builders/gcloud", "args": ["storage", "ls", "gs://build-sources"]}
    build = submit([step], {"main.txt": "of the build"})
    assert build["status"] == "SUCCESS", log(cloud, build)
    assert any("gs://build-sources/x.tgz" in line for line in log(cloud, build))


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on this machine")
def test_scripts_of_gclouds_builder_run_with_gcloud_and_a_shell(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    script = "if test -f main.txt; then found=$$(gcloud storage ls gs://build-sources); fi\necho found $$found"
    steps = [
        {"name": "gcr.io/cloud-builders/gcloud", "entrypoint": "/bin/sh", "args": ["-c", script]},
        {"name": "gcr.io/google.com/cloudsdktool/cloud-sdk", "args": ["bash", "-c", script]},
        {"name": "google/cloud-sdk:slim", "script": f"#!/bin/bash\nset -e\n{script.replace('$$', '$')}\nexit 3"},
    ]
    build = submit(steps, {"main.txt": "of the build"})
    lines = log(cloud, build)
    assert [step.get("exitCode", 0) for step in build["steps"]] == [0, 0, 3], lines
    assert sum("found gs://build-sources/x.tgz" in line for line in lines) == 3, lines


def test_a_build_ends_with_its_timeout_and_with_its_step(cloud: Serving, submit: Callable[..., dict[str, Any]]) -> None:
    build = submit([{"name": SMALL, "args": ["sleep", "600"]}], timeout="1s")
    assert build["status"] == "TIMEOUT", build
    build = submit([{"name": SMALL, "args": ["sleep", "600"], "timeout": "1s"}])
    assert (build["status"], build["steps"][0]["status"]) == ("FAILURE", "TIMEOUT")
    assert not cloud.cloud.workloads.running()


def test_a_cancelled_build_leaves_no_container(cloud: Serving, account: str) -> None:
    body = {"steps": [{"name": SMALL, "args": ["sleep", "600"]}], "serviceAccount": account, **LOGGED}
    name = cloud("POST", f"{BASE}/builds", body)["metadata"]["build"]["name"]
    until(cloud.cloud.workloads.running)
    assert cloud("POST", f"cloudbuild/v1/{name}:cancel", {})["status"] == "CANCELLED"
    client = cloud.cloud.workloads.client
    assert client is not None
    until(lambda: not list(client.found()) and not cloud.cloud.workloads.running())
    assert cloud("GET", f"cloudbuild/v1/{name}")["status"] == "CANCELLED"


@pytest.mark.parametrize("killed", [False, True])
def test_a_stop_and_a_kill_end_running_builds(store: dict[str, str], tmp_path: Path, *, killed: bool) -> None:
    """Both the docker builder's program and containers; after the next start the builds are reported as stopped."""
    state = tmp_path / "state"
    client = CloudClient(launcher.start(state), "stopped-project")
    client.ok("POST", "cloudresourcemanager/v1/projects", {"projectId": client.project})
    client.enable("cloudbuild", "storage")
    client.ok("POST", "storage/v1/b", {"name": "stopped-sources"}, project=client.project)
    dockerfile = f"FROM {SMALL}\nRUN sleep 613\n"
    client.ok(
        "POST",
        "upload/storage/v1/b/stopped-sources/o",
        archive({"Dockerfile": dockerfile}),
        uploadType="media",
        name="x.tgz",
    )
    number = client.ok("GET", f"cloudresourcemanager/v1/projects/{client.project}")["projectNumber"]
    client.grant("roles/storage.objectViewer", f"serviceAccount:{number}-compute@developer.gserviceaccount.com")
    builds = f"cloudbuild/v1/projects/{client.project}/builds"
    source = {"storageSource": {"bucket": "stopped-sources", "object": "x.tgz"}}
    bodies = (
        {"steps": [{"name": DOCKER, "args": ["build", "."]}], "source": source},
        {"steps": [{"name": SMALL, "args": ["sleep", "614"]}]},
    )
    names = [client.ok("POST", builds, body)["metadata"]["build"]["id"] for body in bodies]
    until(lambda: len(_sleeping()) >= 2)
    if killed:
        os.kill(client.server.pid, signal.SIGKILL)
    else:
        launcher.stop(state)
        assert not _sleeping()
    restarted = CloudClient(launcher.start(state), client.project)
    try:
        for name in names:
            found = restarted.ok("GET", f"{builds}/{name}")
            assert (found["status"], "stopped while it was working" in found["statusDetail"]) == (
                "INTERNAL_ERROR",
                True,
            )
        until(lambda: not _sleeping())
        assert not list((state / "builds").iterdir())
    finally:
        launcher.stop(state)


def _sleeping() -> list[str]:
    """The commands of these tests that run on this machine, inside or outside containers."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            arguments = path.read_bytes().split(b"\0")
            commands += ["sleep"] if arguments[:1] == [b"sleep"] and arguments[1:2] in ([b"613"], [b"614"]) else []
    return commands
