"""The pages on secrets and credentials are true: every command exists, and every persona may do what the table says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from groundwork.cli import groundwork
from groundwork.doctor.google import CHECKS
from groundwork.secrets import keeping

from tests.groundwork.secrets.test_people import MAY
from tests.small_clone import MEMBERS

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = ("secrets.md", "credentials.md")
PERSONAS = {email.partition("@")[0]: role for email, role in MEMBERS.items()}


def commands(page: str) -> list[str]:
    """Every line that a page types at a shell."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [line[2:].partition("#")[0].strip() for line in text.splitlines() if line.startswith("$ groundwork ")]


@pytest.mark.parametrize("line", [line for page in PAGES for line in commands(page)])
def test_every_line_of_a_page_is_a_command(line: str) -> None:
    arguments = shlex.split(re.split(r" [|<>] ", line)[0])[1:]
    command, context = groundwork, click.Context(groundwork)
    while isinstance(command, click.Group):
        found = command.get_command(context, arguments.pop(0))
        assert found is not None, line
        command, context = found, click.Context(found, parent=context)
    command.make_context(command.name, arguments, resilient_parsing=False)


def test_the_table_of_personas_is_what_was_tried() -> None:
    text = (DOCS / "secrets.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("| Persona |")[2].splitlines()[2:5]
    ]
    documented = {
        persona: tuple(verb for verb, cell in zip(("list", "get", "set"), cells, strict=True) if cell == "yes")
        for names, *cells in rows
        for persona in names.split(", ")
    }
    tried = {
        PERSONAS[person]: tuple(verb for verb in ("list", "get", "set") if verb in MAY[person]) for person in PERSONAS
    }
    assert documented == tried


def test_how_many_versions_are_free_and_stay_is_what_the_page_says() -> None:
    text = (DOCS / "secrets.md").read_text(encoding="utf-8")
    assert (keeping.free("europe-west1"), keeping.LEAST) == (6, 2)
    assert "Six active versions are free per billing account" in text
    assert "The newest two\nalways stay" in text


def test_every_check_of_doctor_has_a_row() -> None:
    text = (DOCS / "credentials.md").read_text(encoding="utf-8").lower()
    names = [look.__module__.rpartition(".")[2] for look in CHECKS]
    assert [name for name in names if f"\n| {name} |" not in text] == []
