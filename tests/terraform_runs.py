"""Plain Terraform for tests: one folder, one set of variables, results as values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Terraform:
    """A root module in `folder`; `variables` are added to a process environment that is otherwise free of Terraform's and Google's."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the command answered, whatever its exit code."""
        return subprocess.run(
            [binary(), f"-chdir={self.folder}", *arguments],
            env={**plain_environment(), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        """The command's output; an AssertionError with its errors if it failed."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, f"terraform {' '.join(arguments)}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def fail(self, *arguments: str) -> str:
        """The command's errors, on one line; an AssertionError if it succeeded."""
        ended = self.run(*arguments)
        assert ended.returncode != 0, f"terraform {' '.join(arguments)} succeeded:\n{ended.stdout}"
        return " ".join(ended.stderr.replace("│", " ").split())

    def changes(self, *arguments: str) -> dict[str, list[str]]:
        """The actions of a new plan by address, without unchanged resources; the plan is stored in the folder as `plan`."""
        self.succeed("plan", "-input=false", "-no-color", "-out=plan", *arguments)
        return {
            change["address"]: change["change"]["actions"]
            for change in self.planned()["resource_changes"]
            if change["change"]["actions"] != ["no-op"] or change["change"].get("importing")
        }

    def planned(self) -> dict[str, Any]:
        """The plan that `changes` stored, as `terraform show -json` prints it."""
        return dict(json.loads(self.succeed("show", "-json", "plan")))

    def outputs(self) -> dict[str, Any]:
        """The values of all outputs."""
        return {name: output["value"] for name, output in json.loads(self.succeed("output", "-json")).items()}


def binary() -> str:
    """Terraform, or OpenTofu where there is no Terraform."""
    found = shutil.which("terraform") or shutil.which("tofu")
    assert found, "Terraform is not on PATH: `make test` puts it there."
    return found


def plain_environment() -> dict[str, str]:
    """This process's variables without any of Terraform's or Google's; garbage is collected as rarely as by groundwork."""
    foreign = ("TF_", "GOOGLE_", "CLOUDSDK_", "FSSPEC_", "API_ENDPOINT_OVERRIDE", "STORAGE_EMULATOR_HOST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "GOGC": "400"}
