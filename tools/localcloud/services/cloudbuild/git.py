"""Reads git repositories on this machine with the machine's own git: refs, commits, files, and checkouts of a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers import children
from localcloud.containers.workload import RuntimeProblem, program
from localcloud.errors import failed_precondition

COMMIT = re.compile(r"[0-9a-f]{40}")
_PATIENCE = 30.0
# The user's own settings do not count, nor does whose file it is: the user has named the folder.
_SETTINGS = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_VARIABLES = ("PATH", "LANG", "LC_*", "TMPDIR")
ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, slots=True)
class Git:
    """A repository in a folder. What cannot be read raises 400 (FAILED_PRECONDITION) in git's own words."""

    folder: Path

    def refs(self) -> dict[str, str]:
        """Branches and tags by their full names, with the commits that they mean."""
        said = self._said("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", "refs/heads", "refs/tags")
        found = (line.split(" ") for line in said)
        return {name: peeled or commit for commit, peeled, name in found}

    def commit(self, revision: str) -> str:
        """The commit that a branch, a tag or a commit id means."""
        names = () if COMMIT.fullmatch(revision) else (f"refs/heads/{revision}", f"refs/tags/{revision}")
        for wanted in (*names, revision):
            said = self._said(
                "rev-parse", "--quiet", "--verify", "--end-of-options", f"{wanted}^{{commit}}", fails=True
            )
            if said:
                return said[0]
        raise failed_precondition(f"Couldn't read commit: {revision} is no branch, tag or commit in {self.folder}.")

    def changed(self, old: str, new: str) -> Sequence[str]:
        """The files that differ between two commits; those of the newer alone when the older is not known."""
        known = bool(old) and bool(self._said("rev-parse", "--quiet", "--verify", f"{old}^{{commit}}", fails=True))
        if known:
            return self._said("diff", "--name-only", "--no-renames", old, new)
        return self._said("show", "--first-parent", "--name-only", "--format=", new)

    def file(self, commit: str, path: str) -> str | None:
        """A file's text at a commit, None when there is none."""
        clean = path.strip("/").removeprefix("./")
        if ".." in clean.split("/") or not self._said("ls-tree", "--name-only", commit, "--", clean, fails=True):
            return None
        return "\n".join(self._said("show", f"{commit}:{clean}"))

    def copy(self, commit: str, target: Path) -> None:
        """Makes a shallow copy of a commit in an empty folder. Blocks for as long as it takes."""
        there = Git(target)
        for part in ("objects", "refs"):
            (target / ".git" / part).mkdir(parents=True)
        (target / ".git" / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
        there._said("fetch", "--quiet", "--depth=1", f"file://{self.folder.absolute()}", commit, patience=600)
        there._said("checkout", "--quiet", "--detach", "FETCH_HEAD", patience=600)

    def _said(self, *words: str, fails: bool = False, patience: float = _PATIENCE) -> list[str]:
        path = program("git")
        if path is None:
            raise failed_precondition(
                "git is not on this machine: install it, since builds read their repository by it."
            )
        env = children.chosen(_VARIABLES) | ENVIRONMENT
        command = [path, *_SETTINGS, "-C", str(self.folder), *words]
        try:
            code, said, problem = children.lines(command, env=env, timeout=patience)
        except RuntimeProblem as refused:
            raise failed_precondition(str(refused)) from None
        if code and not fails:
            last = problem.splitlines()[-1] if problem else f"it ended with {code}"
            raise failed_precondition(f"git {words[0]} in {self.folder}: {last}")
        return said if code == 0 else []
