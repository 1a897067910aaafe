"""The clone that a command runs in: the paths of its files, and of the files that runs create."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import UsageProblem

LAYERS = ("bootstrap", "platform")


@dataclass(frozen=True)
class Checkout:
    """A clone of the repository, by its absolute root folder."""

    root: Path

    @property
    def runs(self) -> Path:
        """The git-ignored folder for all files of runs."""
        return self.root / ".groundwork"

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

    Raises UsageProblem when no folder from `start` upwards holds infra/platform and envs.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / "infra" / "platform").is_dir() and (folder / "envs").is_dir():
            return Checkout(folder)
    raise UsageProblem(
        f"{here} is not inside a groundwork project (no infra/platform and envs above it): cd into one, or begin one here with `groundwork init`."
    )
