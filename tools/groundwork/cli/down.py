"""`groundwork down`."""

from __future__ import annotations

import click

from groundwork import teardown
from groundwork.cli.console import Console
from groundwork.cli.options import dry_run_option, environment_option, here, provider_option, yes_option
from groundwork.session import open_session
from groundwork.terraform import signals_passed_on
from groundwork.up import Wish
from groundwork.verify import Remains


@click.command()
@environment_option
@provider_option
@yes_option
@dry_run_option
def down(name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Take the platform away, after showing what goes and asking for the project's id; then list what is left.

    The bootstrap layer (state bucket, deployer, GitHub login) stays, so that `up` works again a minute later. An
    environment that is protected: true is refused. Exit codes: 7 something is left, 8 that could not be told, 9 refused.

    Example: groundwork down --dry-run
    """
    talk = Console()
    with signals_passed_on():
        session = open_session(*here(name), provider, "down", talk.say)
        remains = teardown.down(session, Wish(yes=yes, dry_run=dry_run), talk)
    if not dry_run:
        _print(remains, session.environment.project)


def _print(remains: Remains, project: str) -> None:
    for item in remains.kept:
        click.echo(f"kept  {item.kind:<18} {item.short}")
    for item in remains.left:
        click.echo(f"left  {item.kind:<18} {item.short}")
    remains.verdict(project)
    click.echo(f"Nothing is left of the platform in project {project} ({remains.calls} list calls, all answered).")
