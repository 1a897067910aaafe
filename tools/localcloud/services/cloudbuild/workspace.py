"""A build's folders on this machine: what steps share, and how paths in steps map to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers.workload import Mount
from localcloud.engine.store import Store

SOURCE, HOME, OUTPUTS, SCRIPTS = "/workspace", "/builder/home", "/builder/outputs", "/builder/scripts"

VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Outside(Exception):
    """A sentence: a path leads out of the folders of the build."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """`root` is the build's own folder, `folder` the one in the source where steps begin, "" for its root."""

    root: Path
    folder: str = ""

    @property
    def source(self) -> Path:
        """What is /workspace to steps."""
        return self.root / "workspace"

    @property
    def home(self) -> Path:
        """What is /builder/home to steps."""
        return self.root / "home"

    @property
    def credentials(self) -> Path:
        """Where processes of this machine find the account's token; no container sees it."""
        return self.root / "credentials"

    def make(self) -> None:
        """Makes the folders."""
        for path in (self.source, self.home, self.credentials, self.root / "scripts"):
            path.mkdir(parents=True, mode=0o700, exist_ok=True)
        for path in (self.source, self.home):  # containers may be other users; the root folder is closed to others here
            path.chmod(0o777)

    def directory(self, said: str) -> str:
        """A step's working directory, as the step sees it: relative to where the build begins, or absolute."""
        base = os.path.normpath(f"{SOURCE}/{self.folder}")
        found = os.path.normpath(f"{base}/{said}" if not said.startswith("/") else said)
        if not said.startswith("/") and found != SOURCE and not found.startswith(f"{SOURCE}/"):
            raise Outside(f"The folder {said!r} leads out of the workspace.")
        return found

    def here(self, path: str, directory: str = SOURCE) -> Path:
        """Where a path that a step names lies on this machine. Raises Outside when that is not in the build's folders, by links or otherwise."""
        seen = os.path.normpath(path if path.startswith("/") else f"{directory}/{path}")
        for start, folder in ((SOURCE, self.source), (HOME, self.home)):
            if seen == start or seen.startswith(f"{start}/"):
                found = (folder / seen.removeprefix(start).lstrip("/")).resolve()
                if found.is_relative_to(folder.resolve()):
                    return found
        raise Outside(f"{path!r} is not in the folders that the steps of a build share ({SOURCE}, {HOME}).")

    def volume(self, name: str) -> Path:
        """A volume that steps share. Raises Outside for what is no name of one."""
        if not VOLUME.fullmatch(name):
            raise Outside(f"{name!r} is no name of a volume: it has letters, digits, '.', '_' and '-'.")
        found = self.root / "volumes" / name
        if not found.exists():
            found.mkdir(parents=True)
            found.chmod(0o777)
        return found

    def outputs(self, at: int) -> Path:
        """Where a step leaves what it gives back."""
        found = self.root / "outputs" / str(at)
        if not found.exists():
            found.mkdir(parents=True)
            found.chmod(0o777)
        return found

    def script(self, at: int, text: str) -> Path:
        """A step's script as a file that can be run; without an interpreter named in it, sh runs it."""
        path = self.root / "scripts" / f"step-{at}"
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}", "utf-8")
        path.chmod(0o755)
        return path

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What every step's container has."""
        return (Mount(self.source, SOURCE), Mount(self.home, HOME))


def of(store: Store, build: str, folder: str = "") -> Workspace:
    """The folders of a build: below the state folder, so that the next start finds what a killed one has left."""
    return Workspace(store.folder.absolute() / "builds" / build.rpartition("/")[2], folder)
