"""`groundwork env`."""

from __future__ import annotations

import os
import sys

import click

from groundwork.cli.options import environment_option, here, json_option
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.errors import UsageProblem
from groundwork.login import notebook


def say_how_to_undo() -> None:
    """Print how to undo it, on standard error: a shell evaluates standard output."""
    if sys.stderr.isatty():
        echo(f'to undo it in this shell: eval "${notebook.OFF}"', err=True)


@click.command()
@click.option("--python", "as_python", is_flag=True, help="Print Python for the first cell of a notebook.")
@environment_option
@json_option
def env(as_python: bool, name: str, as_json: bool) -> None:
    """Print the variables that point Google's clients at the environment, for a shell or a notebook; none of them is a secret.

    To undo it in a shell: `eval "$GROUNDWORK_OFF"`. `groundwork run -- COMMAND` needs no eval.

    Example: eval "$(groundwork env --env local)"
    """
    if as_python and as_json:
        raise UsageProblem("--python and --json cannot be combined; give one of them.")
    checkout, environment = here(name)
    found = notebook.variables_for(checkout, environment, os.environ)
    if as_json:
        print_json({"environment": name, "base": found.base, "set": dict(found.variables), "unset": list(found.gone)})
        return
    for line in notebook.python(found) if as_python else notebook.shell(found, os.environ):
        as_written(line)
    if not as_python:
        say_how_to_undo()
