"""What a build may use: nothing of this machine, and nothing of other builds or accounts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localcloud.containers import detection

from tests.localcloud.containers.building import (
    BASE,
    DOCKER,
    DOCKERFILE,
    IMAGE,
    LOGGED,
    account,
    archive,
    cloud,
    finished,
    log,
    submit,
)
from tests.localcloud.containers.conftest import SMALL
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving

__all__ = ["account", "cloud", "submit"]
pytestmark = pytest.mark.slow
LINKS = """mkdir -p a:/etc b,src=/etc && touch a:/etc/hostname b,src=/etc/hostname
ln -s / a && ln -s a:/etc colon && ln -s b,src=/etc/hostname comma"""


def test_an_account_that_may_not_push_is_refused_by_the_registry(cloud: Serving) -> None:
    account = cloud.account("reader")
    cloud.grant("roles/storage.objectViewer", account)
    cloud(
        "POST",
        "upload/storage/v1/b/build-sources/o",
        archive({"Dockerfile": DOCKERFILE}),
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
