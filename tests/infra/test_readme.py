"""The commands of infra/README.md for the local cloud, run exactly as written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.google import local

from tests.terraform_runs import ROOT, plain_environment


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A copy of what a clone has, whose local cloud is stopped at the end."""
    for part in ("envs", "infra", "modules"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    yield tmp_path
    local.stop(Checkout(tmp_path))


def commands(heading: str) -> str:
    """The shell block below a heading."""
    page = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}$.*?^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return found.group(1)


def test_the_commands_for_the_local_cloud_work(clone: Path) -> None:
    script = "set -euo pipefail\n" + commands("Plain Terraform on the local cloud")
    again = "\nterraform -chdir=infra/platform plan -detailed-exitcode -var environment_file=../../envs/local.yaml\n"
    removed = (
        commands("Plain Terraform removes the platform")
        + 'echo "left: $(terraform -chdir=infra/platform state list)"\n'
    )
    environment = plain_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", f"{script}{again}{removed}"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "No changes." in ended.stdout
    assert re.search(r"Apply complete! Resources: 0 added, 0 changed, [1-9]\d* destroyed\.", ended.stdout)
    assert "left: \n" in ended.stdout


def test_the_commands_for_google_cloud_differ_in_what_comes_before_terraform_alone() -> None:
    google, here = commands("Plain Terraform on Google Cloud"), commands("Plain Terraform on the local cloud")
    assert google[google.index("for layer") :] == here[here.index("for layer") :]
