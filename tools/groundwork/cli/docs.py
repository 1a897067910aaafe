"""`groundwork docs`, which also generates the command-line reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from groundwork import cli, links
from groundwork import docs as feature
from groundwork.cli import examples
from groundwork.cli.printing import echo
from groundwork.cost.pages import cost_tables
from groundwork.docs import Generated
from groundwork.environment.checkout import find_checkout
from groundwork.errors import MEANINGS, GroundworkError
from groundwork.policy.pages import policy_tables


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if anything is out of date.")
def docs(check: bool) -> None:
    """Update the generated parts of the docs; --check also checks links and examples.

    Example: groundwork docs --check
    """
    root = find_checkout(Path.cwd()).root
    generators = (*feature.GENERATORS, command_reference, cost_tables, policy_tables)
    if check:
        feature.check(root, generators)
        if found := [*links.broken(root), *examples.wrong(root)]:
            raise GroundworkError("The docs have broken links, or examples that cannot run:", found)
        echo("The docs are up to date, and their links and examples work.")
        return
    for path in feature.write(root, generators):
        echo(f"wrote {path.relative_to(root)}")


def command_reference(root: Path) -> Iterator[Generated]:
    """Every command's help in docs/cli.md, and the exit codes in the README."""
    codes = feature.table(["Code", "Meaning"], [[str(int(code)), text] for code, text in MEANINGS.items()])
    yield Generated(root / "README.md", "exit codes", codes)
    yield Generated(root / "docs" / "cli.md", "commands", "\n\n".join(_helps()))


def _helps() -> Iterator[str]:
    context = click.Context(cli.groundwork, info_name="groundwork", help_option_names=["-h", "--help"])
    for name in cli.COMMANDS:
        command = cli.groundwork.get_command(context, name)
        assert command is not None
        yield from _help(command, click.Context(command, info_name=name, parent=context), level=2)


def _help(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    context.terminal_width = context.max_content_width = 100
    yield f"{'#' * level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```"
    for name, child in sorted(command.commands.items()) if isinstance(command, click.Group) else ():
        yield from _help(child, click.Context(child, info_name=name, parent=context), level + 1)
