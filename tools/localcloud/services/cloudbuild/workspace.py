"""A build's folders on this machine: what its steps share, and how paths in steps map to them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.containers.workload import Mount
from localcloud.engine import links
from localcloud.engine.store import Store

SOURCE, HOME, OUTPUTS, SCRIPTS = "/workspace", "/builder/home", "/builder/outputs", "/builder/scripts"

VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Outside(Exception):
    """A sentence: a path leads out of the build's folders."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A build's folders: `root` contains them all; `folder` is where in the source steps start, "" for its root."""

    root: Path
    folder: str = ""

    @property
    def source(self) -> Path:
        """The folder that steps see as /workspace."""
        return self.root / "workspace"

    @property
    def home(self) -> Path:
        """The folder that steps see as /builder/home."""
        return self.root / "home"

    @property
    def credentials(self) -> Path:
        """The folder with the account's token for processes on this machine; no container sees it."""
        return self.root / "credentials"

    def make(self) -> None:
        """Creates the folders."""
        for path in (self.source, self.home, self.credentials, self.root / "scripts"):
            path.mkdir(parents=True, mode=0o700, exist_ok=True)
        # Containers may run as other users; outside them, `root` keeps others out.
        for path in (self.source, self.home):
            path.chmod(0o777)

    def directory(self, path: str) -> str:
        """A step's working directory as the step sees it, for a path that is absolute or relative to where steps start."""
        base = os.path.normpath(f"{SOURCE}/{self.folder}")
        absolute = os.path.normpath(f"{base}/{path}" if not path.startswith("/") else path)
        if not path.startswith("/") and absolute != SOURCE and not absolute.startswith(f"{SOURCE}/"):
            raise Outside(f"The folder {path!r} is outside the workspace.")
        return absolute

    def here(self, path: str, directory: str = SOURCE) -> Path:
        """The path on this machine for a path in a step. Raises Outside if it leads out of the build's folders, also by links."""
        normalized = os.path.normpath(path if path.startswith("/") else f"{directory}/{path}")
        for start, folder in ((SOURCE, self.source), (HOME, self.home)):
            if normalized == start or normalized.startswith(f"{start}/"):
                with suppress(links.LeadsOutside):
                    return links.resolved(folder / normalized.removeprefix(start).lstrip("/"), folder)
        raise Outside(f"{path!r} is not in the folders that the steps of a build share ({SOURCE}, {HOME}).")

    def volume(self, name: str) -> Path:
        """The folder for a volume that steps share. Raises Outside for an invalid name."""
        if not VOLUME.fullmatch(name):
            raise Outside(f"{name!r} is not a valid volume name: it may have letters, digits, '.', '_' and '-'.")
        folder = self.root / "volumes" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
        return folder

    def outputs(self, at: int) -> Path:
        """The folder for a step's output, $BUILDER_OUTPUT."""
        folder = self.root / "outputs" / str(at)
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
        return folder

    def script(self, at: int, text: str) -> Path:
        """A step's script as an executable file; sh runs it unless it names an interpreter."""
        path = self.root / "scripts" / f"step-{at}"
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}", "utf-8")
        path.chmod(0o755)
        return path

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """The mounts of every step's container."""
        return (Mount(self.source, SOURCE), Mount(self.home, HOME))


def of(store: Store, build: str, folder: str = "") -> Workspace:
    """A build's folders: in the state folder, so that the next start finds what a killed server has left."""
    return Workspace(store.folder.absolute() / "builds" / build.rpartition("/")[2], folder)
