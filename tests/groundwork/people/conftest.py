"""A clone of the project's Terraform with a platform that is up on its own local cloud."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, connect
from localcloud.server import launcher

from tests.command_line import command
from tests.once import made_once

ROOT = Path(__file__).resolve().parents[3]
# Members whom tests give another role or take out: `up` lets all in at once, where adding each would take one more run of Terraform.
MORE_MEMBERS = {
    "erin@example.com": "viewer",
    "finn@example.com": "operator",
    "ida@example.com": "data-scientist",
    "nick@example.com": "viewer",
    "vera@example.com": "viewer",
    "leo@example.com": "viewer",
    "lea@example.com": "viewer",
    "len@example.com": "viewer",
    "lou@example.com": "viewer",
}


@dataclass(frozen=True)
class Platform:
    """A clone and the command line in it."""

    checkout: Checkout

    @property
    def file(self) -> Path:
        return self.checkout.root / "envs" / "local.yaml"

    @property
    def environment(self) -> Environment:
        return load("local", self.checkout.root)

    def cloud(self, principal: str | None = None) -> GoogleCloud:
        return connect(self.environment, principal, self.checkout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command as people type it, without a terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", "groundwork", *arguments],
            cwd=self.checkout.root, env={**os.environ, "NO_COLOR": "1"}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    @contextmanager
    def fault(self, **ordered: object) -> Iterator[None]:
        """A fault of the local cloud, for the duration of the block."""
        running = launcher.start(self.checkout.local_state)
        launcher.control(running, "POST", "/_local/faults", [ordered])
        try:
            yield
        finally:
            launcher.control(running, "DELETE", "/_local/faults")

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, to its end."""
        return command(arguments, self.checkout.root, {"NO_COLOR": "1"}).process


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """ENV=local and more members, created; a test changes people of its own and leaves the rest alone."""
    root = tmp_path_factory.mktemp("people")
    shutil.copytree(made_once(tmp_path_factory, "platform", _raise_in), root, symlinks=True, dirs_exist_ok=True)
    platform = Platform(Checkout(root))
    try:
        local.start(platform.checkout)
        yield platform
    finally:
        local.stop(platform.checkout)


def _raise_in(root: Path) -> None:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".terraform*"))
    platform = Platform(Checkout(root))
    members = "".join(f"  {email}: {{role: {role}}}\n" for email, role in MORE_MEMBERS.items())
    written = platform.file.read_text("utf-8")
    assert "members:\n" in written
    platform.file.write_text(written.replace("members:\n", f"members:\n{members}"), "utf-8")
    try:
        up = platform("up")
        assert up.returncode == 0, up.stderr
    finally:
        local.stop(platform.checkout)
