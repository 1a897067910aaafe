"""An installed copy is complete: every other file beside the modules is declared as package data."""

from __future__ import annotations

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("groundwork", "localcloud", "policies")


def test_every_file_of_the_packages_is_a_module_or_package_data() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    folders = [f"tools/{name}" for name in PACKAGES]
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(line) for line in listed.splitlines()]
    assert len([file for file in files if file.suffix == ".json"]) > 30
    left_out = [str(file) for file in files if not any(fnmatch(file.name, pattern) for pattern in (*wanted, "*.py"))]
    assert not left_out, "add their ending to package-data in pyproject.toml"
