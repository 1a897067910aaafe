"""The files of a workspace that are a build's artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.services.cloudbuild.outputs import PushFailed, content, matching
from localcloud.services.cloudbuild.workspace import Outside, Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path / "build")
    space.make()
    for name in ("a.txt", "deep/er/b.txt"):
        (space.source / name).parent.mkdir(parents=True, exist_ok=True)
        (space.source / name).write_text("x")
    (tmp_path / "host.txt").write_text("of this machine")
    (space.source / "link.txt").symlink_to(tmp_path / "host.txt")
    return space


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*.txt", ["a.txt"]), ("**/*.txt", ["a.txt", "b.txt"]), ("/deep/er/b.txt", ["b.txt"]), ("none", [])],
)
def test_a_pattern_is_that_of_the_files_inside(space: Workspace, pattern: str, names: list[str]) -> None:
    assert [path.name for path in matching(space, pattern)] == names


@pytest.mark.parametrize("pattern", ["../../*", "a**b", "**/**/**/**/x", "**/a/**/b"])
def test_an_escaping_or_slow_pattern_is_reported_in_one_sentence(space: Workspace, pattern: str) -> None:
    with pytest.raises(PushFailed, match="may have one"):
        matching(space, pattern)


def test_a_circle_of_links_hides_no_link_out_of_the_workspace(space: Workspace, tmp_path: Path) -> None:
    (space.source / "circle").symlink_to("circle")
    (space.source / "trick").symlink_to("circle/../link.txt")
    (space.source / "new").symlink_to(tmp_path / "not-there-yet")
    for name in ("trick", "circle", "new", "link.txt", "a.txt/b"):
        with pytest.raises(Outside):
            space.here(name)
    assert [path.name for path in matching(space, "t*")] == []
    assert space.here("deep/new/folder") == space.source.resolve() / "deep/new/folder"


def test_an_artifact_that_does_not_fit_into_memory_is_refused(space: Workspace) -> None:
    path = space.source / "a.txt"
    assert content(path) == b"x"
    with path.open("r+b") as stream:
        stream.truncate((1 << 30) + 1)
    with pytest.raises(PushFailed, match=r"the artifact a\.txt has more than 1 GiB"):
        content(path)
