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
_TIMEOUT = 30.0
# The user's own settings are ignored, and so is the folder's owner: the user has named the folder. What the repository's own settings
# would have git run (monitors, hooks, verifiers of signatures, remotes that fill in what it lacks) is not run.
_SETTINGS = (
    "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false",
)  # fmt: skip
_VARIABLES = ("PATH", "LANG", "LC_*", "TMPDIR")
ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, slots=True)
class Git:
    """A repository in a folder. If it cannot be read, methods raise a 400 (FAILED_PRECONDITION) with git's message."""

    folder: Path

    def refs(self) -> dict[str, str]:
        """The commits of all branches and tags, by full ref name."""
        lines = self._run("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", "refs/heads", "refs/tags")
        columns = (line.split(" ") for line in lines)
        return {name: peeled or commit for commit, peeled, name in columns}

    def commit(self, revision: str) -> str:
        """The commit id for a branch, tag or commit id."""
        names = () if COMMIT.fullmatch(revision) else (f"refs/heads/{revision}", f"refs/tags/{revision}")
        for name in (*names, revision):
            lines = self._run("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}", fails=True)
            if lines:
                return lines[0]
        raise failed_precondition(f"Couldn't read commit: {revision} is not a branch, tag or commit in {self.folder}.")

    def changed(self, old: str, new: str) -> Sequence[str]:
        """The files that differ between two commits; those of the newer commit alone if the older one is unknown."""
        known = bool(old) and bool(self._run("rev-parse", "--quiet", "--verify", f"{old}^{{commit}}", fails=True))
        if known:
            return self._run("diff", "--name-only", "--no-renames", old, new)
        return self._run("show", "--first-parent", "--name-only", "--format=", new)

    def file(self, commit: str, path: str) -> str | None:
        """A file's text at a commit; None if there is no such file."""
        clean = path.strip("/").removeprefix("./")
        if ".." in clean.split("/") or not self._run("ls-tree", "--name-only", commit, "--", clean, fails=True):
            return None
        return "\n".join(self._run("show", f"{commit}:{clean}"))

    def copy(self, commit: str, target: Path) -> None:
        """Makes a shallow clone of a commit in an empty folder. Blocks."""
        clone = Git(target)
        for part in ("objects", "refs"):
            (target / ".git" / part).mkdir(parents=True)
        (target / ".git" / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
        fetch = ("fetch", "--quiet", "--depth=1", f"file://{self.folder.absolute()}", commit)
        clone._run(*fetch, timeout=600, protocols="file")
        clone._run("checkout", "--quiet", "--detach", "FETCH_HEAD", timeout=600)

    def _run(self, *words: str, fails: bool = False, timeout: float = _TIMEOUT, protocols: str = "none") -> list[str]:
        path = program("git")
        if path is None:
            raise failed_precondition(
                "git is not on this machine: install it, since builds need it to read repositories."
            )
        env = children.chosen(_VARIABLES) | ENVIRONMENT | {"GIT_ALLOW_PROTOCOL": protocols, "GIT_NO_LAZY_FETCH": "1"}
        command = [path, *_SETTINGS, "-C", str(self.folder), *words]
        try:
            code, output, problem = children.lines(command, env=env, timeout=timeout)
        except RuntimeProblem as refused:
            raise failed_precondition(str(refused)) from None
        if code and not fails:
            last = problem.splitlines()[-1] if problem else f"it ended with {code}"
            raise failed_precondition(f"git {words[0]} in {self.folder}: {last}")
        return output if code == 0 else []
