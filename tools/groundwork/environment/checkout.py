"""The clone that a command runs in: the paths of its files, and of the files that runs create."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import Refused, UsageProblem

LAYERS = ("bootstrap", "platform")
_RUNS = ".groundwork"


@dataclass(frozen=True)
class Checkout:
    """A clone of the repository, by its absolute root folder."""

    root: Path

    @property
    def runs(self) -> Path:
        """The git-ignored folder for all files of runs."""
        return self.root / _RUNS

    @property
    def local_state(self) -> Path:
        """The local cloud's state folder, one per clone."""
        return self.runs / "local"

    def keep_private(self) -> None:
        """Makes that folder readable only by its owner: plans and logs contain what the state contains."""
        with suppress(OSError):  # if it cannot be created, the first write to it reports that
            self.runs.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.runs.chmod(0o700)

    def layer(self, name: str) -> Path:
        """The root module of a layer."""
        return self.root / "infra" / name

    def data(self, environment: str, layer: str) -> Path:
        """TF_DATA_DIR of a layer in an environment; plans, event logs and run records are there too."""
        return self.runs / environment / layer


def find_checkout(start: Path) -> Checkout:
    """The clone that contains `start`.

    Raises UsageProblem when no folder from `start` upwards holds infra/platform and envs, and Refused when its files of runs came with
    the repository: whoever wrote them would know the local cloud's keys, and choose what starts with it and what the checks have found.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / "infra" / "platform").is_dir() and (folder / "envs").is_dir():
            if ((folder / _RUNS).exists() or (folder / _RUNS).is_symlink()) and _is_tracked(folder):
                raise Refused(
                    f"{folder / _RUNS} is in git, but it is for the files of your own runs, and whoever wrote those can choose what the "
                    f"local cloud starts: `git rm -r --cached {_RUNS}` takes it out of git. Delete it as well unless it is your own."
                )
            return Checkout(folder)
    raise UsageProblem(
        f"{here} is not inside a groundwork project (no infra/platform and envs above it): cd into one, or begin one here with `groundwork init`."
    )


def _is_tracked(root: Path) -> bool:
    """Whether git's index has the folder of runs, by its path's bytes: every command asks, and a process would slow each down."""
    for folder in (root, *root.parents):
        if (git := folder / ".git").exists():
            inside = "/".join((*root.relative_to(folder).parts, _RUNS)).lower().encode()
            return re.search(re.escape(inside) + rb"[/\0]", _index(git).lower()) is not None
    return False


def _index(git: Path) -> bytes:
    """The content of a repository's index; of a worktree or submodule, `.git` is a file that says where it is."""
    try:
        if git.is_file():
            git = git.parent / git.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
        return (git / "index").read_bytes()
    except OSError:
        return b""
