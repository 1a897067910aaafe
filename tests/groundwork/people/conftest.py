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

ROOT = Path(__file__).resolve().parents[3]


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
    """ENV=local, created; tests add their own people and leave the rest alone."""
    root = tmp_path_factory.mktemp("people")
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".terraform*"))
    platform = Platform(Checkout(root))
    try:
        up = platform("up")
        assert up.returncode == 0, up.stderr
        yield platform
    finally:
        local.stop(platform.checkout)
