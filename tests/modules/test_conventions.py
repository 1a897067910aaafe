"""The conventions of every module: its files, the form of its variables, and what it never contains."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from groundwork.terraform.hcl import read_module

from tests.modules.readme import examples
from tests.terraform_runs import ROOT, Terraform

MODULES = sorted(path.parent for path in (ROOT / "modules").glob("*/main.tf"))
PROVIDER = 'source  = "hashicorp/google"\n      version = ">= 7.45.0, < 8.0.0"'
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)


def code(folder: Path) -> str:
    """All HCL of a folder without comments and text in quotes."""
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE))


def block(module: Path, name: str) -> str:
    """The text of one variable, or nothing."""
    found = re.search(
        rf'^variable "{name}" {{\n.*?^}}$', (module / "variables.tf").read_text(), re.MULTILINE | re.DOTALL
    )
    return found.group() if found else ""


@every_module
def test_a_module_has_the_files_of_a_module_and_no_others(module: Path) -> None:
    names = {path.name for path in module.iterdir() if not path.name.startswith(".")}
    assert {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"} <= names
    terraform = {"README.md", "iam.tf", "main.tf", "outputs.tf", "variables.tf", "versions.tf"}
    assert names <= terraform | {"personas.json", "stop_when_idle.sh"}


@every_module
def test_variables_and_outputs_are_typed_described_and_in_order(module: Path) -> None:
    read = read_module(module)
    assert [one.name for one in read.variables] == sorted(one.name for one in read.variables)
    assert [one.name for one in read.outputs] == sorted(one.name for one in read.outputs)
    assert len(read.variables) <= 13
    for one in read.variables:
        assert one.type, f"{one.name} has no type"
        assert not re.search(r"\bany\b", one.type), f"{one.name} takes anything"
    for one in (*read.variables, *read.outputs):
        assert one.description.endswith("."), f"{one.name} is not described in a sentence"


@every_module
def test_a_module_hides_no_typo_reads_nothing_and_makes_nothing_at_random(module: Path) -> None:
    hcl = code(module)
    assert not re.search(r"\btry\(", hcl)
    assert not re.search(r"^data ", hcl, re.MULTILINE)
    assert not re.search(r"^(module|provider) ", hcl, re.MULTILINE)
    assert "random_" not in hcl
    assert not re.search(r"_iam_policy\b|google_service_account_key", hcl)


@every_module
def test_access_is_granted_on_the_entity_authoritatively_and_in_the_project_additively(module: Path) -> None:
    kinds = set(re.findall(r'^resource "(google_\w+_iam_\w+)"', code(module), re.MULTILINE))
    shared = {kind for kind in kinds if kind.startswith("google_project_iam_")} - {"google_project_iam_custom_role"}
    assert shared <= {"google_project_iam_binding" if module.name == "team_access" else "google_project_iam_member"}
    assert all(kind.endswith("_iam_binding") for kind in kinds - shared - {"google_project_iam_custom_role"})


@every_module
def test_a_module_needs_the_google_provider_alone(module: Path) -> None:
    versions = (module / "versions.tf").read_text()
    assert PROVIDER in versions
    assert 'required_version = ">= 1.11"' in versions
    assert versions.count("source") == 1


@pytest.mark.parametrize("name", ["iam", "labels", "project_id"])
def test_the_same_thing_has_the_same_shape_in_every_module(name: str) -> None:
    assert len({block(module, name) for module in MODULES} - {""}) == 1


@every_module
def test_every_validation_says_what_is_allowed(module: Path) -> None:
    messages = re.findall(r'^ +error_message = "(.*)"$', (module / "variables.tf").read_text(), re.MULTILINE)
    assert messages
    for message in messages:
        assert message.endswith("."), message
        assert re.search(r"\bmust\b|\ballowed\b", message), message


@every_module
def test_every_module_shows_itself_and_a_change(module: Path) -> None:
    shown = examples(module / "README.md")
    assert shown
    for example in shown:
        assert f'source = "../../modules/{module.name}"' in example.hcl
        assert example.changed != example.hcl


def test_terraform_files_are_in_the_one_form() -> None:
    Terraform(ROOT).succeed("fmt", "-check", "-recursive", "-diff", "modules")
    Terraform(ROOT).succeed("fmt", "-check", "-recursive", "-diff", "infra")


@every_module
def test_examples_are_in_the_one_form(module: Path, tmp_path: Path) -> None:
    for number, example in enumerate(examples(module / "README.md")):
        (tmp_path / f"{number}.tf").write_text(example.hcl)
        (tmp_path / f"{number}-changed.tf").write_text(example.changed)
    Terraform(tmp_path).succeed("fmt", "-check", "-diff")
