"""`groundwork policy`."""

from __future__ import annotations

from pathlib import Path

import click

from groundwork.cli.options import OutputFile, environment_option, here, json_option, provider_option
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.errors import Exit
from groundwork.policy import command, terminal
from groundwork.policy.data import as_data

_FILE = OutputFile()


@click.command()
@environment_option
@provider_option
@json_option
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Plan to check: saved by Terraform, or its JSON. By default the last one that `plan` or `up` saved.",
)
@click.option("--code", "code_only", is_flag=True, help="Check only the code.")
@click.option("--sarif", type=_FILE, metavar="FILE", help="Also write SARIF 2.1.0 to FILE.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Also write JUnit XML to FILE.")
@click.option("--markdown", type=_FILE, metavar="FILE", help="Also write Markdown to FILE.")
def policy(
    name: str, provider: str | None, as_json: bool, plan: Path | None, code_only: bool, **files: Path | None
) -> int:  # fmt: skip
    """Check the Terraform code and the saved plan against the policies.

    Exits with 6 on findings and on expired exceptions, with 8 when something could not be checked.

    Example: groundwork policy --code
    """
    talk = Terminal()
    written = {form: path for form, path in files.items() if path is not None}
    result = command.run(*here(name), command.CheckOptions(plan, code_only, provider, written), talk.say)
    if as_json:
        print_json(as_data(result))
    else:
        for line in [*terminal.lines(result), result.summary]:
            echo(line)
    return int(Exit.OK if result.ok else Exit.POLICY)
