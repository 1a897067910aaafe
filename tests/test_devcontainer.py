"""The dev container, as far as it can be checked without its image: what it refers to exists, and fits the requirements of the set-up."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Source: https://containers.dev/implementors/json_reference.
KNOWN = {"name", "image", "features", "onCreateCommand", "remoteEnv", "customizations"}


def container() -> dict[str, Any]:
    return dict(json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8")))


def test_it_has_only_settings_that_dev_containers_know() -> None:
    assert set(container()) <= KNOWN


def test_its_python_is_new_enough_for_the_package() -> None:
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(\d+)\.(\d+)-\w+", container()["image"])
    assert version
    least = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert (int(version[1]), int(version[2])) >= tuple(int(part) for part in least.removeprefix(">=").split("."))


def test_what_it_runs_is_a_target_of_the_makefile_and_its_path_is_where_that_puts_the_command() -> None:
    tool, target = container()["onCreateCommand"].split()
    assert tool == "make"
    assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text("utf-8"))
    assert "/.venv/bin:" in container()["remoteEnv"]["PATH"]
    assert container()["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"] == ".venv/bin/python"
