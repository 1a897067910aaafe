"""`groundwork down`."""

from __future__ import annotations

import click

from groundwork.cli.options import dry_run_option, environment_option, here, provider_option, verbose_option, yes_option
from groundwork.cli.printing import echo
from groundwork.cli.terminal import Terminal
from groundwork.cli.verify import calls
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google.cloud import connect
from groundwork.lifecycle import down_all, teardown
from groundwork.lifecycle.up import UpOptions
from groundwork.lifecycle.verify import Remains, ends
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session


@click.command()
@environment_option
@provider_option
@click.option("--all", "everything", is_flag=True, help="Also remove the bootstrap layer and the state bucket.")
@click.option("--delete-project", is_flag=True, help="Delete the project itself, with everything in it.")
@click.option(
    "--project", default=None, help="The project ID again, to confirm; required by --delete-project with --yes."
)
@yes_option
@dry_run_option
@verbose_option
def down(
    name: str,
    provider: str | None,
    everything: bool,
    delete_project: bool,
    project: str | None,
    yes: bool,
    dry_run: bool,
    verbose: bool,
) -> None:
    """Remove the platform, after showing what will be deleted and asking for the project ID; then list what is left.

    The bootstrap layer (state bucket, deployer, GitHub login) stays unless --all is given, so that `up` works again a minute later.
    An environment with protected: true is refused. Exit codes: 7 something is left, 8 it is unknown what is left, 9 refused.

    Example: groundwork down --dry-run
    """
    if everything and delete_project:
        raise UsageProblem("--delete-project removes everything: leave out --all.")
    if project and not delete_project:
        raise UsageProblem("--project belongs to --delete-project; the environment file says which project is meant.")
    checkout, environment = here(name)
    teardown.refuse_protected(environment)
    if delete_project:
        _delete_project(checkout, environment, project, yes=yes, dry_run=dry_run)
        return
    talk = Terminal(verbose=verbose)
    take_away = down_all.everything if everything else teardown.down
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "down", talk.say)
        remains = take_away(session, UpOptions(yes=yes, dry_run=dry_run), talk)
    if not dry_run:
        _print(remains, environment.place)


def _delete_project(
    checkout: Checkout, environment: Environment, project: str | None, *, yes: bool, dry_run: bool
) -> None:
    down_all.confirmed(project, environment, yes=yes)
    cloud = connect(environment, checkout=checkout)
    if down_all.delete_project(cloud, environment, Terminal(), yes=yes, dry_run=dry_run):
        echo(f"Project {environment.place} is marked for deletion: {down_all.undo(environment.project)}.")


def _print(remains: Remains, place: str) -> None:
    for item in remains.kept:
        echo(f"kept  {item.kind:<18} {item.short}")
    for item in remains.left:
        echo(f"left  {item.kind:<18} {item.short}")
    for item in remains.going:
        echo(f"goes  {item.kind:<18} {item.short}  {ends(item)}")
    remains.verdict(place)
    echo(f"Nothing is left of the platform in project {place}{remains.but}: {calls(remains)}.")
