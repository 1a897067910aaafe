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
    "--role", required=True, shell_complete=completed(lambda _environment: personas(find_checkout(Path.cwd()).root)),
    help="Persona: viewer, data-scientist, ml-engineer or operator.",
)  # fmt: skip
@click.option("--group", is_flag=True, help="The address is a Google group's.")
@environment_option
@provider_option
@yes_option
@dry_run_option
def onboard(email: str, role: str, group: bool, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Let somebody in: edit the file, plan, apply, try every promised action, and print a welcome to send.

    Running it twice changes nothing.

    Example: groundwork onboard dave@example.com --role data-scientist
    """
    checkout, environment = here(name)
    known = personas(checkout.root)
    persona = known[team.checked_persona(role, list(known))]
    member = Member(team.checked_email(email), persona.name, "group" if group else "user")
    talk = Terminal()
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "onboard", talk.say)
        joined = team.add(session, member, UpOptions(yes=yes, dry_run=dry_run), talk)
    if dry_run:
        echo(
            f"{member.email} would be written into {environment.path.name} as {role}."
            if joined.changed
            else "Nothing would change."
        )
        return
    if problem := team.broken(joined):
        raise problem
    here_ = f"found in the policies as they are in project {joined.environment.place}"
    how = "tried as them on the local cloud (simulated)" if joined.tried else here_
    talk.say(f"all {counted(len(joined.proof), 'action')} that a {role} is promised: {how}")
    echo("\n".join(welcome(joined.environment, member, persona)))


@click.command()
@click.argument("email", shell_complete=completed(members))
@environment_option
@provider_option
@yes_option
@dry_run_option
def offboard(email: str, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Take somebody out of the file and of every policy and access control list in the project, also where they were put by hand.

    Says what lets them in without naming them: everybody, their domain, groups. The last owner is refused. Exit codes: 7
    something still lets them in, 8 a policy could not be read or a group may have them, 9 refused.

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
    echo(f"{address} holds nothing any more in project {environment.place}: every policy in it was read again.")
