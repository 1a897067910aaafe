"""The modules from another project: an empty folder, and the address in git that modules/README.md gives."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.local_project import LocalProject
from tests.terraform_runs import ROOT, Terraform

README = ROOT / "modules" / "README.md"
PUBLISHED = "https://github.com/OWNER/REPOSITORY.git"


def test_the_modules_are_fetched_out_of_git_and_work_in_an_empty_folder(project: LocalProject, tmp_path: Path) -> None:
    repository, root = tmp_path / "published", tmp_path / "empty"
    commit = _published(repository)
    root.mkdir()
    (root / "main.tf").write_text(_example().replace("COMMIT", commit), "utf-8")
    terraform = Terraform(root, {**project.variables, **_instead_of_github(repository)})
    before = project.inventory()
    terraform.succeed("init", "-no-color")
    assert {tuple(actions) for actions in terraform.changes().values()} == {("create",)}
    terraform.succeed("apply", "-no-color", "plan")
    assert terraform.changes() == {}
    terraform.succeed("destroy", "-auto-approve", "-no-color")
    assert project.inventory() == before


def test_every_module_is_in_the_list() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\) \|", README.read_text("utf-8"), re.MULTILINE)
    assert listed == [(path.parent.name, path.parent.name) for path in sorted((ROOT / "modules").glob("*/main.tf"))]


def _example() -> str:
    found = re.findall(r"^```hcl\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def _published(folder: Path) -> str:
    """A repository that holds the modules as they are here; its newest commit."""
    shutil.copytree(ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns(".terraform*"))
    _git(folder, "init", "--quiet")
    _git(folder, "add", ".")
    who = ("-c", "user.name=team", "-c", "user.email=team@example.com")
    _git(folder, *who, "commit", "--quiet", "--message", "Modules")
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return result.stdout.strip()


def _instead_of_github(repository: Path) -> dict[str, str]:
    """Git's setting to replace one URL by another, so that no network is needed."""
    key = f"url.{repository.as_uri()}.insteadOf"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": PUBLISHED}
