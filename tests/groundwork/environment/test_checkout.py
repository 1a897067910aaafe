"""The clone that a command runs in, and files of runs that somebody else put there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout, find_checkout
from groundwork.errors import Refused


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a git repository."""
    root = tmp_path / "team" / "platform"
    (root / "infra" / "platform").mkdir(parents=True)
    (root / "envs").mkdir()
    for name in ("infra/platform/main.tf", "envs/dev.yaml"):
        (root / name).write_text("")
    git(tmp_path, "init", "-q")
    return root


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=folder, check=True)


def test_files_of_ones_own_runs_are_accepted(project: Path) -> None:
    (project / ".groundwork" / "local").mkdir(parents=True)
    (project / ".groundwork" / "local" / "tokens.key").write_text("mine")
    (project / ".groundworks").write_text("another file")
    git(project, "add", ".groundworks")
    assert find_checkout(project / "envs") == Checkout(project.resolve())


@pytest.mark.parametrize("kind", ["file", "link"])
def test_files_of_runs_that_came_with_the_repository_are_refused(project: Path, tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (project / ".groundwork" / "local").mkdir(parents=True)
        (project / ".groundwork" / "local" / "tokens.key").write_text("known to whoever committed it")
    else:
        (project / ".groundwork").symlink_to("/nowhere")
    git(project, "add", ".")
    with pytest.raises(Refused, match=r"\.groundwork is in git.*`git rm -r --cached \.groundwork`"):
        find_checkout(project)
    git(project, "commit", "-qm", "x")
    git(tmp_path, "worktree", "add", "-q", str(tmp_path / "other"))
    with pytest.raises(Refused):
        find_checkout(tmp_path / "other" / "team" / "platform")
    git(project, "rm", "-qr", "--cached", ".groundwork")
    assert find_checkout(project) == Checkout(project.resolve())
