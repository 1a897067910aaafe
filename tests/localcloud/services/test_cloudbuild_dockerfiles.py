"""The images that a Dockerfile names, and the names that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.containers.workload import RuntimeProblem, check
from localcloud.services.cloudbuild.builders import dockerfiles, run_mounts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM python:3.12 AS ace\nFROM ace\nCOPY --from=0 a b\nCOPY --from=ACE a b\n", {"python:3.12"}),
        ("from \\\n  a/b\n", {"a/b"}),
        ("# escape=`\nFROM `\n  a/b\n", {"a/b"}),
        ("FROM --platform=$BUILDPLATFORM go\nRUN --network=none --mount=type=bind,from=tools,target=/t x --from=12\n", {"go", "tools"}),
        ("ARG V=3.12\nFROM python:$V\nONBUILD COPY --chown=1 --from=x/y a b\n", {"python:3.12", "x/y"}),
        ("FROM go\nRUN python <<E\nfrom abc import ABC\nE\n", {"go"}),
        ("ARG BASE=python:3.12\nFROM ${BASE}\n", {"python:3.12"}),
        ("ARG A=p B=${A}ython\nARG C\nFROM '$B${C:+x}':${C:-3}\nARG B=2\nFROM $B\n", {"python:3", "python"}),
        ("FROM tools-$TARGETARCH\n", set()),
    ],
)  # fmt: skip
def test_images_are_found_wherever_a_dockerfile_names_one(text: str, found: set[str]) -> None:
    assert dockerfiles.images(text, {}) == found


@pytest.mark.parametrize(
    "text",
    [
        "FROM 3f2\n",
        "FROM sha256:3f2\n",
        'FROM "3f"2\n',
        "FROM \\\n3f2\n",
        "FROM $A\n",
        "FROM $TARGETARCH\n",
        "FROM go\nCOPY --from=$A a b\n",
        "FROM ${A:-${B}}\n",
        "ARG A=3f\nFROM ${A}2\n",
        "ARG A=python\nARG A=3f2\nFROM $A\n",
        "ARG A=python\nFROM 3f2${B:+$A}\n",
        "FROM go\nCOPY --from=3f2 a b\n",
        "FROM go\nRUN --mount=type=bind,from=3f2 true\n",
        "FROM go\nONBUILD COPY --from=3f2 a b\n",
    ],
)
def test_what_could_mean_any_image_of_this_machine_is_refused(text: str) -> None:
    with pytest.raises(RuntimeProblem, match="could mean any image on this machine"):
        dockerfiles.images(text, {})


def test_an_argument_of_the_build_may_name_the_image() -> None:
    assert dockerfiles.images("ARG A\nFROM $A\n", {"A": "python:3.12"}) == {"python:3.12"}
    with pytest.raises(RuntimeProblem):
        dockerfiles.images("ARG A=python:3.12\nFROM $A\n", {"A": "3f2"})


@pytest.mark.parametrize(
    "name",
    [
        "sha256:3f2",
        "--privileged",
        "dir:a/b",
        "oci-archive:a/b.tar",
        "containers-storage:a/b:1",
        "docker://a/b",
        "/a",
        "",
    ],
)
def test_an_id_or_a_place_is_no_image_name(name: str) -> None:
    with pytest.raises(RuntimeProblem, match="not a valid image name"):
        check(name)
    for good in ("python:3.12", "localhost:5000/a/b:1", "a.example/b@sha256:3f2", "x"):
        check(good)


@pytest.mark.parametrize(
    "text",
    [
        "FROM go\nRUN echo `\nCOPY --from=3f2 a b\n",
        'FROM go\nCOPY --chown="0 " --from=3f2 a b\n',
        'FROM go\nCOPY --f"rom"=3f2 a b\n',
        "FROM go\nCOPY --fr\\\nom=3f2 a b\n",
        'FROM go\nRUN --mount="from=3f2,target=/t" true\n',
        "FROM go\nRUN --mount=type=bind,FROM=3f2,target=/t true\n",
        "FROM go\nCOPY \x0c--from=3f2 a b\n",
        "FROM go\n\x0c# a comment \\\nCOPY --from=3f2 a b\n",
        "FROM go\nRUN true \\\n  # no comment for podman\nCOPY --from=3f2 a b\n",
        "FROM go\nCOPY --from=0 a b\n",
        "FROM go AS f2\nCOPY --from=f2 a b\n",
        "FROM go\nRUN <<E\nFROM go AS f2\nE\nCOPY --from=f2 a b\n",
        'ARG A="x B=go"\nFROM ${B:-3f2}\n',
    ],
)
def test_no_way_of_writing_hides_an_image(text: str) -> None:
    with pytest.raises(RuntimeProblem, match="could mean any image on this machine"):
        dockerfiles.images(text, {})


def test_what_an_image_has_its_users_do_first_counts_where_it_is_started_from() -> None:
    text = "FROM base\nFROM go AS f2\nFROM go\nCOPY --from=f2 a b\n"
    with pytest.raises(RuntimeProblem):
        dockerfiles.images(text, {}, {"base": ["COPY --from=f2 a b"]})
    assert dockerfiles.images(text, {}, {"base": ["COPY --from=x/y a b"]}) == {"base", "go", "x/y"}
    assert dockerfiles.images("FROM go AS f2\nFROM base\n", {}, {"base": ["COPY --from=f2 a b"]}) == {"base", "go"}


@pytest.mark.parametrize(
    "mount",
    [
        "type=cache,id=../../etc,target=/x",
        "type=cache,target=/../../etc",
        "type=cache,id=$WHERE,target=/x",
        "type=bind,source=link,target=/x",
        "source=link/etc,target=/x",
        "src=folder/link,dst=/x",
        "source=fine,src=link,target=/x",
        "source=trick,target=/x",
        "from=stage,source=/host,target=/x",
        "type=cache,from=stage,SOURCE=/host,target=/x",
        "from=stage,target=/x,bind-propagation=rshared",
    ],
)
def test_no_mount_leads_out_of_the_build(mount: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "folder" / "link").symlink_to("/etc")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "trick").symlink_to("circle/../link")
    for text in (f"FROM go\nRUN --mount={mount} true\n", f"ONBUILD RUN --mount={mount} true\n"):
        with pytest.raises(RuntimeProblem, match="cannot mount"):
            run_mounts.check([text], tmp_path, follows_links=True)


def test_what_stays_in_the_build_can_be_mounted(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "own").symlink_to("folder")
    for mount in (
        "type=cache,id=pip-$TARGETARCH,target=/var/cache/pip",
        "type=bind,source=own,target=/x",
        "source=uv.lock,target=uv.lock",
        "from=stage,target=/x",
        "type=secret,id=token",
        "type=tmpfs,target=/x",
    ):
        run_mounts.check([f"FROM go\nRUN --mount={mount} true\n"], tmp_path, follows_links=True)
    run_mounts.check(["FROM go\nRUN --mount=from=uv,source=/uv,target=/x true\n"], tmp_path, follows_links=False)


def test_what_a_build_ignores_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").symlink_to("/etc/passwd")
    with pytest.raises(RuntimeProblem, match="is a link"):
        run_mounts.check([], tmp_path, follows_links=False)


def test_a_dockerfile_without_end_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM go\n")
    assert dockerfiles.read(file) == "FROM go\n"
    with file.open("r+b") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RuntimeProblem, match="may have at most 64 KiB"):
        dockerfiles.read(file)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("ARG A=aaaaaaaa\n" + "ARG A=$A$A\n" * 60 + "FROM $A\n", {}),
        ("ARG A\nARG B=" + "$A" * 20_000 + "\nFROM $B\n", {"A": "a" * 100_000}),
        ("FROM x" + "${A:-y}" * 5_000 + "\n", {}),
    ],
)
def test_variables_make_no_name_longer_than_it_can_be(text: str, arguments: dict[str, str]) -> None:
    with pytest.raises(RuntimeProblem, match="an ARG or FROM with more than 4096 characters"):
        dockerfiles.images(text, arguments)


@pytest.mark.parametrize("trigger", ["RUN " + "--x " * 20_000, "COPY <<A <<B x\n" * 10_000])
def test_an_instruction_that_an_image_brings_is_no_longer_than_a_dockerfile(trigger: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeProblem, match="may have at most 64 KiB"):
        dockerfiles.images("FROM go\n", {}, {"go": [trigger]})
    with pytest.raises(RuntimeProblem, match="may have at most 64 KiB"):
        run_mounts.check([trigger], tmp_path, follows_links=True)
