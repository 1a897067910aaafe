"""What a build does: cloudbuild.yaml checked before anything is sent, or the usual steps for a Dockerfile; and which files are uploaded."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest
from groundwork.errors import UsageProblem
from groundwork.workloads import sources
from groundwork.workloads.build_files import BuildRequest, build_of
from groundwork.workloads.project import Project

from tests.groundwork.workloads.conftest import Writer

STEPS = "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, -t, $_IMAGE, .]\n"


def test_a_dockerfile_alone_is_built_with_the_latest_layers_and_pushed_twice(project: Project, write: Writer) -> None:
    folder = write("Dockerfile", "FROM scratch\n")
    build = build_of(project, BuildRequest(folder))
    image = f"europe-west1-docker.pkg.dev/{project.id}/images/app"
    assert list(build.images) == [f"{image}:$BUILD_ID", f"{image}:latest"]
    assert f"--cache-from={image}:latest" in build.steps[1].args
    assert (
        build.service_account
        == f"projects/{project.id}/serviceAccounts/groundwork-build@{project.id}.iam.gserviceaccount.com"
    )
    assert build.options.logging.name == "CLOUD_LOGGING_ONLY"


def test_the_teams_own_file_is_kept_and_completed(project: Project, write: Writer) -> None:
    write("Dockerfile", "FROM scratch\n")
    folder = write(
        "cloudbuild.yaml",
        STEPS + "timeout: 1200s\nsubstitutions: {_IMAGE: a, _B: b}\noptions: {machineType: E2_HIGHCPU_8}\n",
    )
    build = build_of(project, BuildRequest(folder, substitutions={"_IMAGE": "c"}))
    assert dict(build.substitutions) == {"_IMAGE": "c", "_B": "b"}
    assert (build.timeout.seconds, build.options.machine_type.name) == (1200, "E2_HIGHCPU_8")
    assert build.options.logging.name == "CLOUD_LOGGING_ONLY"


@pytest.mark.parametrize(
    "options",
    [
        "options: {logging: GCS_ONLY}\nlogsBucket: gs://b\n",
        "options: {default_logs_bucket_behavior: REGIONAL_USER_OWNED_BUCKET}\n",
    ],
)
def test_what_the_file_says_of_logs_stays(project: Project, write: Writer, options: str) -> None:
    folder = write("cloudbuild.yaml", STEPS + options)
    build = build_of(project, BuildRequest(folder, substitutions={"_IMAGE": "a"}))
    assert build.options.logging.name != "CLOUD_LOGGING_ONLY"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("steps: [{nmae: x}]", "cloudbuild.yaml: steps[0] has no nmae; did you mean name?"),
        (STEPS + "image: [a]", "cloudbuild.yaml: it has no image; did you mean images?"),
        (STEPS + "timeout: 600", "Duration JSON value not a string: 600"),
        (STEPS + "options: {machineType: E2_HUGE}", "Invalid enum value E2_HUGE"),
        (STEPS + "options: 3", "cloudbuild.yaml: options is not a mapping"),
        (STEPS + "substitutions: [a]", "cloudbuild.yaml: substitutions is not a mapping"),
        (
            STEPS.replace(".]", "$$_SHELL, '${_TAG}', '${_X:-a}']"),
            "cloudbuild.yaml gives no value to _IMAGE, _TAG: add `--substitution _IMAGE=VALUE --substitution _TAG=VALUE`",
        ),
        (STEPS, "or a default to the file, as in `substitutions: {_IMAGE: VALUE}`."),
        ("images: [a]", "cloudbuild.yaml has no steps"),
        (STEPS + "a: &a [*a]", "its aliases stand for too much"),
        ("steps: [", "cloudbuild.yaml cannot be read as YAML: "),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_before_anything_is_sent(
    project: Project, write: Writer, text: str, sentence: str
) -> None:
    with pytest.raises(UsageProblem) as problem:
        build_of(project, BuildRequest(write("cloudbuild.yaml", text)))
    assert sentence in problem.value.message


@pytest.mark.parametrize(
    "text",
    [
        STEPS + "options: {substitution_option: ALLOW_LOOSE}\n",
        "steps: [{name: a, script: 'echo $_IMAGE'}]",
        "steps: [{name: a, args: [$$_IMAGE]}]",
    ],
)
def test_what_needs_no_value_of_a_substitution_is_sent(project: Project, write: Writer, text: str) -> None:
    assert build_of(project, BuildRequest(write("cloudbuild.yaml", text))).steps


def test_a_folder_with_neither_is_refused(project: Project, write: Writer) -> None:
    with pytest.raises(UsageProblem, match=r"has neither a cloudbuild\.yaml nor a Dockerfile"):
        build_of(project, BuildRequest(write("main.py", "")))


def names(folder: Path) -> list[str]:
    return [path.as_posix() for path in sources.source_files(folder)]


def test_what_git_ignores_is_not_sent(write: Writer) -> None:
    for name in ("Dockerfile", "src/main.py", "data/big.bin", "data/keep.txt", ".git/config", "src/__pycache__/x.pyc"):
        write(name, "x")
    folder = write(".gitignore", "__pycache__/\ndata/*\n!data/keep.txt\n")
    assert names(folder) == ["Dockerfile", "data/keep.txt", "src/main.py"]


def test_a_gcloudignore_counts_instead_and_may_include_it(write: Writer) -> None:
    for name in ("Dockerfile", "tests/x.py", "data/big.bin"):
        write(name, "x")
    folder = write(".gitignore", "data/\n")
    write(".gcloudignore", "tests/\n")
    assert names(folder) == ["Dockerfile", "data/big.bin"]
    write(".gcloudignore", "#!include:.gitignore\ntests/\n")
    assert names(folder) == ["Dockerfile"]


def test_what_is_left_out_is_said_by_the_folders_own_files(write: Writer, tmp_path: Path) -> None:
    (tmp_path / "patterns").write_text("*.py\n[z-a]\n")
    folder = write("main.py", "x")
    for text in (f"#!include:{tmp_path}/patterns\n", f"#!include:{os.path.relpath(tmp_path, folder)}/patterns\n"):
        write(".gcloudignore", text)
        assert names(folder) == ["main.py"]
    (folder / ".gcloudignore").unlink()
    (folder / ".gcloudignore").symlink_to(tmp_path / "patterns")
    assert names(folder) == ["main.py"]


def test_where_a_working_tree_has_its_repository_is_not_sent(write: Writer) -> None:
    folder = write("main.py", "x")
    write(".git", "gitdir: /home/ada/app/.git/worktrees/x\n")
    assert names(folder) == ["main.py"]


def test_a_link_is_sent_as_a_link_and_never_followed_nor_out_of_the_folder(write: Writer) -> None:
    folder = write("Dockerfile", "x")
    (folder / "loop").symlink_to(".")
    (folder / "outside").symlink_to("/etc/passwd")
    assert names(folder) == ["Dockerfile", "loop"]


def test_what_git_does_not_know_is_not_sent(write: Writer) -> None:
    folder = write("Dockerfile", "x")
    os.mkfifo(folder / "pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(os.path.relpath(folder / "socket"))
        assert names(folder) == ["Dockerfile"]


def test_a_name_that_is_not_utf_8_is_reported_until_it_is_excluded(write: Writer) -> None:
    folder = write("Dockerfile", "x")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.csv")).touch()
    with pytest.raises(UsageProblem, match=r"caf.\.csv cannot be sent, since its name is not UTF-8"):
        sources.source_files(folder)
    write(".gcloudignore", "*.csv\n")
    assert names(folder) == ["Dockerfile"]


@pytest.mark.parametrize("pattern", ["!", "a\\", "[z-a]"])
def test_a_pattern_that_cannot_be_read_is_reported_in_one_sentence(write: Writer, pattern: str) -> None:
    with pytest.raises(UsageProblem, match=r"\.gitignore has a pattern that cannot be read: "):
        sources.source_files(write(".gitignore", pattern))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(write: Writer) -> None:
    closed = write("data/rows.csv", "x") / "data"
    closed.chmod(0)
    try:
        with pytest.raises(UsageProblem, match=f"{closed} cannot be read: Permission denied"):
            sources.source_files(closed.parent)
    finally:
        closed.chmod(0o700)


def test_an_empty_folder_is_refused(write: Writer) -> None:
    folder = write(".gitignore", "*\n")
    with pytest.raises(UsageProblem, match="There is nothing in"):
        sources.source_files(folder)
    with pytest.raises(UsageProblem, match="is not a folder"):
        sources.source_files(folder / "nowhere")
