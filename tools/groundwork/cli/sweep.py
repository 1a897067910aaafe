"""`groundwork sweep`."""

from __future__ import annotations

import click

from groundwork.cli.options import dry_run_option, environment_option, here, yes_option
from groundwork.cli.printing import echo
from groundwork.cli.terminal import Terminal
from groundwork.errors import GroundworkError
from groundwork.google.cloud import connect
from groundwork.lifecycle import sweep as feature


@click.command()
@environment_option
@click.option("--only", default=None, help="Delete only these kinds, named as by verify: bucket,service-account.")
@click.option("--older-than", default="1h", show_default=True, help="Keep anything younger than this: 90m, 1h, 2d.")
@click.option("--any-age", is_flag=True, help="Also delete what is younger or of unknown age.")
@click.option("--project", default=None, help="The project ID again, to confirm; required with --yes.")
@yes_option
@dry_run_option
def sweep(
    name: str, only: str | None, older_than: str, any_age: bool, project: str | None, yes: bool, dry_run: bool
) -> None:
    """Delete what verify reports as left over, after showing it and asking for the project ID; then verify again.

    Keeps what a Terraform state knows, what is labelled keep or groundwork-keep=true (or has groundwork-keep in its
    description), and what is too young. Exit codes: 0 clean, 7 something is left, 8 unknown, 9 refused.

    Example: groundwork sweep --dry-run --only bucket,secret
    """
    choice = feature.Choice(
        feature.parse_kinds(only) if only is not None else (), feature.parse_age(older_than), any_age
    )
    checkout, environment = here(name)
    feature.confirmed_project(project, environment, yes=yes)
    feature.refuse_protected(environment)
    talk = Terminal()
    done = feature.sweep(connect(environment, checkout=checkout), environment, choice, talk, yes=yes, dry_run=dry_run)
    assert done.remains is not None
    if dry_run:
        echo(f"{environment.place}: {done.remains.word}; this was a dry run, nothing was deleted.")
        return
    if done.failed:
        talk.say(f"{len(done.failed)} could not be deleted")
    try:
        done.remains.verdict(environment.place, "Project", "the reasons are above")
    except GroundworkError:
        echo(f"{len(done.deleted)} deleted in project {environment.place}.")
        raise
    echo(
        f"{done.remains.word}: {len(done.deleted)} deleted, project {environment.place} holds nothing that Terraform does not "
        f"know of{done.remains.but}."
    )
