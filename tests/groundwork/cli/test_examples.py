"""Examples in the docs: a command or option that does not exist is reported, and all existing examples are valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.cli import examples

from tests.terraform_runs import ROOT


def all_examples(root: Path, line: str) -> list[str]:
    (root / "Makefile").write_text("up: ready ## Up\n")
    (root / "README.md").write_text(f"```console\n$ {line}\nwhat it printed: groundwork nonsense\n```\n")
    return [sentence.rpartition(": ")[2] for sentence in examples.wrong(root)]


def test_the_projects_own_examples_can_be_typed() -> None:
    assert list(examples.wrong(ROOT)) == []


@pytest.mark.parametrize(
    "line",
    [
        "groundwork up --env dev --yes",
        ".venv/bin/groundwork cost report --by=member | head",
        "groundwork cost --json",
        'eval "$(groundwork local env)" && make up ENV=dev',
        "groundwork secrets run -- sh -c 'echo --nonsense'",
        "groundwork verify  # ends with 7",
        "terraform plan --nonsense",
    ],
)
def test_valid_commands_are_accepted(line: str, tmp_path: Path) -> None:
    assert all_examples(tmp_path, line) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("groundwork ups", "there is no command ups."),
        ("groundwork secrets sett x", "there is no command sett."),
        ("groundwork up --environment dev", "it has no option --environment."),
        ("echo x | groundwork secrets list --value", "it has no option --value."),
        ('eval "$(groundwork local envs)"', "there is no command envs."),
        ("make upp", "the Makefile has no upp."),
    ],
)
def test_invalid_commands_are_reported_in_one_sentence(line: str, why: str, tmp_path: Path) -> None:
    assert all_examples(tmp_path, line) == [why]
