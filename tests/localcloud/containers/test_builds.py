"""Real builds: the docker builder on this machine's podman or docker, containers as steps, and Google's own client."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from localcloud.containers import detection
from localcloud.server import launcher

from tests.cloud_client import Client as CloudClient
from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving
from tests.polling import until

pytestmark = pytest.mark.slow
BASE = f"cloudbuild/v1/projects/{PROJECT}/locations/europe-west1"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/images/app"
DOCKER = "gcr.io/cloud-builders/docker"
LOGGED = {"options": {"logging": "CLOUD_LOGGING_ONLY"}}
DOCKERFILE = (
    f'FROM {SMALL}\nARG WHO=nobody\nRUN echo slow layer >/slow\nCOPY . /app\nRUN echo $WHO >/who\nCMD ["cat", "/who"]\n'
)


@pytest.fixture(scope="module")
def cloud(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    apis = ("storage", "secretmanager", "iam", "artifactregistry", "cloudbuild", "logging")
    with serving(tmp_path_factory.mktemp("state"), *apis) as cloud:
        cloud("POST", "storage/v1/b", {"name": "build-sources"}, project=PROJECT)
        place = f"artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
        cloud("POST", place, {"format": "DOCKER"}, repositoryId="images")
        yield cloud


@pytest.fixture(scope="module")
def account(cloud: Serving) -> str:
    """A builder that may read the sources and push."""
    service_account = cloud.account("builder")
    for role in ("roles/storage.objectAdmin", "roles/artifactregistry.writer", "roles/logging.logWriter"):
        cloud.grant(role, service_account)
    return f"projects/{PROJECT}/serviceAccounts/{service_account.partition(':')[2]}"


@pytest.fixture
def submit(cloud: Serving, account: str) -> Callable[..., dict[str, Any]]:
    def submitted(steps: list[dict[str, Any]], files: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"steps": steps, "serviceAccount": account, **LOGGED, **more}
        if files is not None:
            cloud("POST", "upload/storage/v1/b/build-sources/o", _archive(files), uploadType="media", name="x.tgz")
            body["source"] = {"storageSource": {"bucket": "build-sources", "object": "x.tgz"}}
        return finished(cloud, cloud("POST", f"{BASE}/builds", body)["metadata"]["build"]["name"])

    return submitted


def finished(cloud: Serving, name: str) -> dict[str, Any]:
    """A finished build. Asking for it without a pause would take the processor that it needs."""
    deadline, pause = time.monotonic() + 120, threading.Event()
    while time.monotonic() < deadline:
        build: dict[str, Any] = cloud("GET", f"cloudbuild/v1/{name}")
        if build.get("finishTime"):
            return build
        pause.wait(0.02)
    raise AssertionError(build)


def log(cloud: Serving, build: Mapping[str, Any]) -> list[str]:
    """The lines of a build, without the number of the step and the time that BuildKit puts before each."""
    query = f'resource.type="build" AND resource.labels.build_id="{build["id"]}"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query, "pageSize": 1000}
    entries = cloud("POST", "logging/v2/entries:list", body)["entries"]
    return [re.sub(r"^#\d+ (\d[\d.]* )?", "", entry["textPayload"]) for entry in entries]


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


def test_an_account_that_may_not_push_is_refused_by_the_registry(cloud: Serving) -> None:
    account = cloud.account("reader")
    cloud.grant("roles/storage.objectViewer", account)
    cloud(
        "POST",
        "upload/storage/v1/b/build-sources/o",
        _archive({"Dockerfile": DOCKERFILE}),
        uploadType="media",
        name="y.tgz",
    )
    body = {
        "steps": [{"name": DOCKER, "args": ["build", "-t", f"{IMAGE}:refused", "."]}],
        "images": [f"{IMAGE}:refused"],
        "source": {"storageSource": {"bucket": "build-sources", "object": "y.tgz"}},
        "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{account.partition(':')[2]}",
        **LOGGED,
    }
    build = finished(cloud, cloud("POST", f"{BASE}/builds", body)["metadata"]["build"]["name"])
    assert (build["status"], build["failureInfo"]["type"]) == ("FAILURE", "PUSH_NOT_AUTHORIZED"), "\n".join(
        log(cloud, build)
    )
    assert any(
        'Permission "artifactregistry.repositories.uploadArtifacts" denied' in line for line in log(cloud, build)
    )


def test_a_base_image_is_not_available_to_an_account_that_may_not_pull_it(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    base = f"{IMAGE}:base"
    based = {"Dockerfile": f"FROM {base}\nRUN echo more >/more\n"}
    hidden = {"Dockerfile": f"ARG BASE={base}\nFROM $BASE\nRUN echo more >/more\n"}
    first = submit([{"name": DOCKER, "args": ["build", "-t", base, "."]}], {"Dockerfile": DOCKERFILE}, images=[base])
    assert first["status"] == "SUCCESS", log(cloud, first)
    steps = [{"name": DOCKER, "args": ["build", "-t", f"{IMAGE}:based", "."]}]
    assert submit(steps, based)["status"] == "SUCCESS"
    client = cloud.cloud.workloads.client
    assert client is not None
    assert not client.has(base)
    account = cloud.account("outsider")
    cloud.grant("roles/storage.objectViewer", account)
    outsider = f"projects/{PROJECT}/serviceAccounts/{account.partition(':')[2]}"
    assert submit(steps, hidden, serviceAccount=outsider)["status"] == "FAILURE"


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


def test_git_and_gcloud_see_the_build_and_nothing_of_this_machine(
    cloud: Serving, submit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("a secret")
    steal = f"alias.steal=!cat {tmp_path}/secret || echo nothing there; cat main.txt; pwd; touch /usr/bin/changed || echo safe"
    steps = [
        {"name": "gcr.io/cloud-builders/git", "args": ["config", "--global", "user.name", "Ada"]},
        {"name": "gcr.io/cloud-builders/git", "args": ["-c", steal, "steal"]},
        {
            "name": "gcr.io/cloud-builders/git",
            "args": ["config", "user.name"],
            "env": [f"LD_PRELOAD={tmp_path}/secret"],
        },
    ]
    build = submit(steps, {"main.txt": "of the build"})
    lines = log(cloud, build)
    assert build["status"] == "SUCCESS", lines
    said = "\n".join(lines)
    assert "a secret" not in said
    assert all(one in said for one in ("nothing there", "of the build", "/workspace", "safe", "Ada")), said


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


def test_a_dockerfile_mounts_nothing_of_this_machine(
    cloud: Serving, submit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("a secret")
    out, up = f"ln -s {tmp_path} /workspace/link", "../" * 20
    two = f"FROM {SMALL} AS one\nRUN ln -s {tmp_path} /host\nFROM {SMALL}\n"
    kind = detection.kind()
    assert kind is not None
    refused = "would follow a link" if kind.follows_links else ""  # elsewhere the link leads to nothing
    for dockerfile, why in (
        (f"FROM {SMALL}\nRUN --mount=source=link,target=/x cat /x/secret\n", "out of the build's context"),
        (f"{two}RUN --mount=from=one,source=/host,target=/x,rw cat /x/secret\n", refused),
        (f"FROM {SMALL}\nRUN --mount=type=cache,id={up}{tmp_path},target=/x cat /x/secret\n", "without '..'"),
    ):
        steps = [{"name": SMALL, "script": out}, {"name": DOCKER, "args": ["build", "--no-cache", "-t", "x", "."]}]
        build = submit(steps, {"Dockerfile": dockerfile})
        lines = log(cloud, build)
        assert build["status"] == "FAILURE"
        assert any(why in line for line in lines), lines
        assert not any("a secret" in line for line in lines)


def test_a_name_that_one_build_gives_to_an_image_is_no_other_builds_base(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    workloads = cloud.cloud.workloads
    files = {"a/Dockerfile": f"FROM {SMALL}\nRUN echo one >/one\n", "b/Dockerfile": "FROM base\nRUN cat /one\n"}
    steps = [{"name": DOCKER, "args": ["build", "-t", name, folder]} for name, folder in (("base", "a"), ("x", "b"))]
    workloads.bases_in_use["base:latest"], workloads.bases["base:latest"] = 1, "another build's"
    assert submit(steps, files, timeout="8s")["status"] == "TIMEOUT"
    workloads.bases_in_use["base:latest"] = 0
    assert submit(steps, files)["status"] == "SUCCESS"
    taken = "docker.io/library/small:1"
    steps[0]["args"][2] = taken
    build = submit(steps, files | {"b/Dockerfile": f"FROM {taken}\n"})
    assert any("Name it without a registry" in line for line in log(cloud, build)), log(cloud, build)


def test_what_a_build_caches_is_seen_by_builds_of_its_account_alone(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    other = cloud.account("other-builder")
    for role in ("roles/storage.objectViewer", "roles/logging.logWriter"):
        cloud.grant(role, other)
    run = "RUN --mount=type=cache,id=pip,target=/c ls /c && echo mine >/c/planted && echo $TRY"
    own = {"serviceAccount": f"projects/{PROJECT}/serviceAccounts/{other.partition(':')[2]}"}
    for number, (more, found) in enumerate((({}, False), ({}, True), (own, False))):
        # Not with --no-cache, for which BuildKit mounts an empty cache.
        steps = [{"name": DOCKER, "args": ["build", f"--build-arg=TRY={number}", "-t", "x", "."]}]
        build = submit(steps, {"Dockerfile": f"FROM {SMALL}\nARG TRY\n{run}\n"}, **more)
        assert build["status"] == "SUCCESS", log(cloud, build)
        assert ("planted" in log(cloud, build)) is found


def test_a_dockerfile_includes_no_file_of_this_machine(
    cloud: Serving, submit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("SECRET\n")
    build = submit(
        [{"name": DOCKER, "args": ["build", "-f", "Dockerfile.in", "-t", "x", "."]}],
        {"Dockerfile.in": f'FROM {SMALL}\n#include "{tmp_path}/secret"\nRUN echo built >/built\n'},
    )
    assert build["status"] == "SUCCESS", log(cloud, build)
    assert not any("SECRET" in line for line in log(cloud, build))


def test_what_an_image_has_its_users_do_first_uses_no_other_image(
    cloud: Serving, submit: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    client = cloud.cloud.workloads.client
    assert client is not None
    identity = client.image(SMALL)[0].removeprefix("sha256:")[:12]
    (tmp_path / "Dockerfile").write_text(f"FROM {SMALL}\nONBUILD COPY --from={identity} /etc/passwd /stolen\n")
    crafted = [client.kind.program, "build", *client.kind.build_options, "--tag=localhost/crafted:1", str(tmp_path)]
    subprocess.run(
        [*crafted, *(["--format=docker"] if client.name == "podman" else [])], capture_output=True, check=True
    )
    steps = [{"name": DOCKER, "args": ["build", "-t", "x", "."]}]
    build = submit(steps, {"Dockerfile": "FROM localhost/crafted:1\nRUN cat /stolen\n"})
    assert build["status"] == "FAILURE"
    assert any("could mean any image on this machine" in line for line in log(cloud, build)), log(cloud, build)


def test_docker_reaches_nothing_outside_of_the_build(cloud: Serving, submit: Callable[..., dict[str, Any]]) -> None:
    for args in (
        ["run", "-v", "/etc:/host", SMALL, "ls", "/host"],
        ["build", "-f", "/etc/passwd", "."],
        ["build", "../../.."],
        ["run", "--privileged", SMALL, "true"],
        ["save", SMALL],
        ["run", "--", "--volume=/etc:/host", SMALL, "ls", "/host"],
        ["pull", "--", "--all-tags"],
        ["build", "--secret=id=../../x,env=HOME", "."],
        ["build", "-o", "/tmp/out", "."],
        ["push", f"{IMAGE}:never-made"],
    ):
        build = submit([{"name": DOCKER, "args": args}], {"Dockerfile": DOCKERFILE})
        assert build["status"] == "FAILURE", (args, log(cloud, build))


LINKS = """mkdir -p a:/etc b,src=/etc && touch a:/etc/hostname b,src=/etc/hostname
ln -s / a && ln -s a:/etc colon && ln -s b,src=/etc/hostname comma"""


def test_no_path_of_a_build_becomes_another_option_of_docker(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    mount = {"name": DOCKER, "args": ["run", "-v", "./colon:ro", SMALL, "cat", "/etc/hostname"]}
    secret = {"name": DOCKER, "args": ["build", "--secret=id=x,src=comma", "."]}
    for step, why in ((mount, "a path of a mount may have no colon"), (secret, "its path has a comma")):
        build = submit([{"name": SMALL, "script": LINKS}, step], {"Dockerfile": DOCKERFILE})
        assert build["status"] == "FAILURE", log(cloud, build)
        assert any(why in line for line in (*log(cloud, build), build.get("statusDetail", ""))), log(cloud, build)


def test_images_that_are_built_in_parallel_are_not_taken_for_each_other(
    cloud: Serving, submit: Callable[..., dict[str, Any]]
) -> None:
    names = [f"{IMAGE}:at-once-{number}" for number in range(4)]
    steps = [
        {"name": DOCKER, "waitFor": ["-"], "args": ["build", "-t", name, "--push", f"--build-arg=WHO={name[-1]}", "."]}
        for name in names
    ]
    steps += [{"name": name, "args": ["cat", "/who"]} for name in names]
    build = submit(steps, {"Dockerfile": f"FROM {SMALL}\nARG WHO\nRUN echo who $WHO >/who\n"}, images=names)
    assert build["status"] == "SUCCESS", log(cloud, build)
    assert [line for line in log(cloud, build) if line.startswith("who ")] == ["who 0", "who 1", "who 2", "who 3"]
    assert len({one["digest"] for one in build["results"]["images"]}) == len(names)


def test_an_image_is_used_only_by_an_account_that_may_pull_it(
    cloud: Serving, submit: Callable[..., dict[str, Any]], account: str
) -> None:
    private = f"{IMAGE}:private"
    made = submit(
        [{"name": DOCKER, "args": ["build", "-t", private, "."]}],
        {"Dockerfile": f"FROM {SMALL}\nRUN echo private >/private\n"},
        images=[private],
    )
    digest = made["results"]["images"][0]["digest"]
    identity = cloud.cloud.workloads.here[digest].removeprefix("sha256:")
    who = cloud.account("outsider")
    for role in ("roles/storage.objectViewer", "roles/logging.logWriter"):
        cloud.grant(role, who)
    files = {
        "from": f"FROM {private}\n",
        "continued": f"FROM \\\n  {private}\n",
        "argument": f"ARG A={private}\nFROM $A\n",
        "copied": f"FROM {SMALL}\nCOPY --from={private} /private /private\n",
        "identity": f"FROM {identity[:12]}\n",
        "kept": f"FROM local-cloud/built:{identity}\n",
        "pinned": f"FROM {IMAGE}@{digest}\n",
        "digest": f"ARG A={IMAGE}@{digest}\nFROM $A\n",
        "hidden": f"ARG A={identity[:6]}\nFROM ${{A}}{identity[6:12]}\n",
    }
    tries = [
        {"name": "example.com/other/app@" + digest, "args": ["cat", "/private"]},
        {"name": identity[:12], "args": ["cat", "/private"]},
        {"name": DOCKER, "args": ["run", private, "cat", "/private"]},
        {"name": DOCKER, "args": ["run", f"docker.io/local-cloud/built:{identity}", "cat", "/private"]},
        *({"name": DOCKER, "args": ["build", "-f", name, "-t", "stolen", "."]} for name in files),
    ]

    def status(account: str, step: dict[str, Any]) -> str:
        build = submit([step], files, serviceAccount=account)
        assert not [line for line in log(cloud, build) if line == "private"] or "builder" in account
        return str(build["status"])

    other = f"projects/{PROJECT}/serviceAccounts/{who.partition(':')[2]}"
    assert {str(one): status(other, one) for one in tries} == {str(one): "FAILURE" for one in tries}
    for name in ("from", "continued", "argument", "pinned", "digest", "copied"):
        step = {"name": DOCKER, "args": ["build", "-f", name, "."]}
        assert (status(account, step), status(other, step)) == ("SUCCESS", "FAILURE"), name
    assert status(account, tries[2]) == "SUCCESS"
    assert status(other, tries[2]) == "FAILURE"


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
        _archive({"Dockerfile": dockerfile}),
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


def _archive(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()
