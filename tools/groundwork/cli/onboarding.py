"""`groundwork onboard` and `groundwork offboard`."""

from __future__ import annotations

from pathlib import Path

import click

from groundwork.cli.options import (
    completed,
    dry_run_option,
    environment_option,
    here,
    members,
    provider_option,
    yes_option,
)
from groundwork.cli.printing import echo
from groundwork.cli.terminal import Terminal
from groundwork.environment.checkout import find_checkout
from groundwork.environment.values import Member
from groundwork.lifecycle.status import refuse_before_up
from groundwork.lifecycle.up import UpOptions
from groundwork.people import offboarding, team
from groundwork.people.personas import personas
from groundwork.people.welcome import welcome
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session
from groundwork.text import counted


@click.command()
@click.argument("email")
@click.option(
    "--role", default="", metavar="PERSONA", shell_complete=completed(lambda _environment: personas(find_checkout(Path.cwd()).root)),
    help="Persona, which is required: viewer, data-scientist, ml-engineer or operator.",
)  # fmt: skip
@click.option("--group", is_flag=True, help="The address belongs to a Google group.")
@environment_option
@provider_option
@yes_option
@dry_run_option
def onboard(email: str, role: str, group: bool, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Give somebody access: edit the file, plan, apply, try every action that the role promises, and print a welcome message to send.

    Running it again changes nothing.

    Example: groundwork onboard dave@example.com --role data-scientist
    """
    checkout, environment = here(name)
    known = personas(checkout.root)
    persona = team.checked_persona(role, list(known))
    member = Member(team.checked_email(email), persona, "group" if group else "user")
    talk = Terminal()
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "onboard", talk.say)
        joined = team.add(session, member, UpOptions(yes=yes, dry_run=dry_run), talk)
    if dry_run:
        echo(
            f"{member.email} would be added to {environment.path.name} as {role}."
            if joined.changed
            else "Nothing would change."
        )
        return
    if problem := team.broken(joined):
        raise problem
    by_policy = f"allowed by the live policies of project {joined.environment.place}"
    how = "tried as them on the local cloud (simulated)" if joined.tried else by_policy
    talk.say(f"all {counted(len(joined.proof), 'action')} that {role} promises: {how}")
    echo("\n".join(welcome(joined.environment, member, known)))


@click.command()
@click.argument("email", shell_complete=completed(members))
@environment_option
@provider_option
@yes_option
@dry_run_option
def offboard(email: str, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Remove somebody from the file and from every policy and access control list in the project, including grants made by hand.

    Reports what still gives them access without naming them: everybody, their domain, groups. The last owner is refused. Exit
    codes: 7 they still have access, 8 a policy could not be read or they may be in a group that has access, 9 refused.

    Example: groundwork offboard dave@example.com --dry-run
    """
    address = team.checked_email(email)
    checkout, environment = here(name)
    refuse_before_up(checkout, environment)
    talk = Terminal()
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "offboard", talk.say)
        left = offboarding.take_out(session, address, UpOptions(yes=yes, dry_run=dry_run), talk)
    for binding in left.held:
        echo(f"{'would go' if dry_run else 'gone'}  {binding.text}")
    if dry_run:
        for line in (*(way.text for way in left.ways), *(one.text for one in left.respelled)):
            echo(f"would stay  {line}")
        return
    if left.problem:
        raise left.problem
    echo(f"{address} no longer has access to project {environment.place}: every policy in it was read again.")
