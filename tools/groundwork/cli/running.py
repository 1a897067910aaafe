"""`groundwork run`."""

from __future__ import annotations

import os
import sys
from shutil import which

import click

from groundwork.cli.options import dry_run_option, environment_option, here
from groundwork.cli.principal import as_option, principal_in
from groundwork.cli.printing import echo
from groundwork.errors import UsageProblem
from groundwork.login import notebook
from groundwork.terraform import process


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@environment_option
@as_option
@dry_run_option
def run(command: tuple[str, ...], name: str, who: str | None, dry_run: bool) -> None:
    """Run a command with variables that point terraform, gcloud and Google's Python clients at the environment.

    The exit code is the command's own, and your shell stays unchanged. `groundwork secrets run` passes secrets too.

    Example: groundwork run -- gcloud storage ls
    """
    checkout, environment = here(name)
    if not command:
        raise UsageProblem(
            "There is no command to run: put it after two dashes, as in `groundwork run -- python train.py`."
        )
    program = which(command[0])
    if program is None:
        raise UsageProblem(f"{command[0]} was not found, or is not executable.")
    found = notebook.of_process(checkout, environment, os.environ, principal_in(environment, who))
    if dry_run:
        echo(f"would run {program} with {', '.join(found.variables)}")
        return
    kept = {variable: value for variable, value in os.environ.items() if variable not in found.gone}
    sys.stdout.flush()
    process.become(program, command, {**kept, **found.variables})
