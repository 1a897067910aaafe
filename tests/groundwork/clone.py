"""A copy of the project's Terraform and environments with a local cloud of its own, as a new clone would have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.terraform.session import Session, open_session
from localcloud.server import launcher

from tests.command_line import command

ROOT = Path(__file__).resolve().parents[2]

# Small enough that a whole `up` takes a second, with one of each kind that Terraform cannot make twice.
SMALL = """\
cloud: local
project: small-clone
region: europe-west1
buckets:
  data: {force_destroy: true}
  kept: {}
repositories:
  images: {}
secrets:
  key: {readers: [train]}
identities:
  train:
    description: Trains models.
    buckets: {data: read}
"""


@dataclass(frozen=True)
class Clone:
    """A clone in a folder; its environment is called "small"."""

    checkout: Checkout

    @property
    def root(self) -> Path:
        """The clone's root."""
        return self.checkout.root

    @property
    def file(self) -> Path:
        """The environment file."""
        return self.root / "envs" / "small.yaml"

    @property
    def environment(self) -> Environment:
        """The environment as its file says now."""
        return load("small", self.root)

    @property
    def cloud(self) -> GoogleCloud:
        """Its cloud, as the owner."""
        return connect(self.environment, checkout=self.checkout)

    def session(self, command: str = "up") -> Session:
        """The session of a command."""
        return open_session(self.checkout, self.environment, os.environ.get("PROVIDER"), command, lambda _text: None)

    def set_faults(self, *faults: dict[str, object]) -> None:
        """Add faults to those of the local cloud; it forgets them when it is restarted."""
        running = local.find(self.checkout)
        assert running is not None
        launcher.control(running, "POST", "/_local/faults", list(faults))

    def clear_faults(self) -> None:
        """Let the local cloud work as it should."""
        running = local.find(self.checkout)
        assert running is not None
        launcher.control(running, "DELETE", "/_local/faults")

    def rewrite(self, old: str, new: str) -> None:
        """Edit the environment file."""
        text = self.file.read_text("utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), "utf-8")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`groundwork ARGUMENTS` in its own session, without a terminal, in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "groundwork", *arguments], cwd=self.root, text=True, start_new_session=True, env={**os.environ, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The same to its end; in this process, unless a program after `--` would take its place."""
        if "--" not in arguments:
            return command(arguments, self.root, variables).process
        with self.start(*arguments, **variables) as child:
            out, err = child.communicate()
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)


@contextmanager
def cloned(folder: Path) -> Iterator[Clone]:
    """A clone in `folder`, its local cloud stopped at the end."""
    for name in ("infra", "modules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate"))
    (folder / "envs").mkdir()
    shutil.copy(ROOT / "envs" / "schema.json", folder / "envs")
    clone = Clone(Checkout(folder))
    clone.file.write_text(SMALL, "utf-8")
    try:
        yield clone
    finally:
        local.stop(clone.checkout)


@contextmanager
def copied(former: Path, folder: Path) -> Iterator[Clone]:
    """A clone in `folder` with all that one in `former` holds, whose local cloud is stopped; much quicker than another `up`."""
    shutil.copytree(former, folder, symlinks=True, dirs_exist_ok=True)
    clone = Clone(Checkout(folder))
    local.start(clone.checkout)
    try:
        yield clone
    finally:
        local.stop(clone.checkout)
