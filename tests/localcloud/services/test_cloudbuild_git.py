"""Folders that stand in for repositories: what their own settings name is not run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from localcloud.errors import CloudError
from localcloud.services.cloudbuild.git import Git


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "a.txt").write_text("a\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        git(folder, *words)
    return folder


def git(folder: Path, *words: str, given: str = "") -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True, input=given)
    return done.stdout.strip()


def test_no_verifier_of_signatures_is_run(theirs: Path) -> None:
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\nx"
    plain = git(theirs, "cat-file", "commit", "HEAD")
    signed = git(
        theirs, "hash-object", "-t", "commit", "-w", "--stdin", given=plain.replace("\n\nx", f"\n{signature}\n")
    )
    program = theirs.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch '{theirs}/run'\n")
    program.chmod(0o755)
    git(theirs, "config", "log.showSignature", "true")
    git(theirs, "config", "gpg.program", str(program))
    assert Git(theirs).changed("", signed) == ["a.txt"]
    assert not (theirs / "run").exists()


def test_what_a_repository_lacks_is_fetched_from_nowhere(theirs: Path) -> None:
    commit = git(theirs, "rev-parse", "HEAD")
    blob = git(theirs, "rev-parse", "HEAD:a.txt")
    (theirs / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "other"),
        ("remote.other.url", "file:///nowhere"),
        ("remote.other.promisor", "true"),
        ("remote.other.uploadpack", f"touch '{theirs}/run'; false"),
    ):
        git(theirs, "config", key, value)
    with pytest.raises(CloudError):
        Git(theirs).file(commit, "a.txt")
    assert not (theirs / "run").exists()
