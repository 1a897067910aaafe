"""`groundwork validate`."""

from __future__ import annotations

import click

from groundwork.cli.options import environment_option, here, provider_option
from groundwork.cli.printing import echo
from groundwork.cli.terminal import Terminal
from groundwork.errors import GroundworkError
from groundwork.terraform import code_checks
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session
from groundwork.text import counted


@click.command()
@environment_option
@provider_option
def validate(name: str, provider: str | None) -> None:
    """Check that every module and layer is formatted and valid.

    Example: groundwork validate
    """
    talk = Terminal()
    with signals_passed_on():
        session = open_session(*here(name), provider, "validate", talk.say)
        number, findings = code_checks.validate(session)
    if findings:
        lines = [f"{finding.place}: {finding.sentence}" for finding in findings]
        raise GroundworkError(f"{counted(len(findings), 'fault')} in the Terraform:", lines)
    echo(f"{counted(number, 'folder')} formatted and valid ({session.tool.text}, {session.provider} provider).")
