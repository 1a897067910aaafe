"""Every example in a module's README, exactly as written: applied, planned again, changed, and destroyed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.local_project import LocalProject
from tests.modules.readme import Example, examples
from tests.terraform_runs import ROOT, Terraform

EXAMPLES = [
    pytest.param(example, id=f"{readme.parent.name}: {example.heading}")
    for readme in sorted((ROOT / "modules").glob("*/README.md"))
    for example in examples(readme)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an example's root module: beside the modules, as infra/platform is."""
    (tmp_path / "modules").symlink_to(ROOT / "modules")
    root = tmp_path / "infra" / "example"
    root.mkdir(parents=True)
    with zipfile.ZipFile(root / "preprocess.zip", "w") as archive:
        page = (ROOT / "modules" / "function" / "README.md").read_text(encoding="utf-8")
        archive.writestr("main.py", page.partition("```python\n")[2].partition("```")[0])
    return root


def without_copies(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """What exists, without the buckets in which Google keeps copies of functions' code, which no Terraform knows."""
    return found | {"buckets": [name for name in found["buckets"] if not name.startswith("gcf-v2-")]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_created_kept_changed_and_destroyed(
    example: Example, folder: Path, project: LocalProject
) -> None:
    before = project.inventory()
    terraform = Terraform(folder, project.variables)
    main = folder / "main.tf"

    main.write_text(example.hcl)
    terraform.succeed("init", "-no-color")
    planned = terraform.changes()
    assert planned
    assert {tuple(actions) for actions in planned.values()} == {("create",)}
    terraform.succeed("apply", "-no-color", "plan")
    assert terraform.changes() == {}

    main.write_text(example.changed)
    assert terraform.changes()
    terraform.succeed("apply", "-no-color", "plan")
    assert terraform.changes() == {}

    terraform.succeed("destroy", "-auto-approve", "-no-color")
    assert json.loads((folder / "terraform.tfstate").read_text("utf-8"))["resources"] == []
    assert without_copies(project.inventory()) == before
