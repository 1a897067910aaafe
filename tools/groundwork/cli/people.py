"""`groundwork people add | remove | list | drift`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from groundwork.cli.console import Console, print_json
from groundwork.cli.options import (
    completed,
    dry_run_option,
    environment_option,
    here,
    json_option,
    members,
    provider_option,
    yes_option,
)
from groundwork.environment.checkout import find_checkout
from groundwork.environment.values import Environment, Member
from groundwork.errors import Exit
from groundwork.google.cloud import connect
from groundwork.lifecycle.up import Wish
from groundwork.people import drift as feature
from groundwork.people import offboarding, team
from groundwork.people.personas import personas
from groundwork.people.welcome import welcome
from groundwork.resources.bindings import Binding, Policies
from groundwork.resources.policies import read_all
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import open_session
from groundwork.text import counted


@click.group()
def people() -> None:
    """Bring people in and out, and say where access and file disagree.

    Example: groundwork people list
    """


@people.command()
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
def add(email: str, role: str, group: bool, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Onboard somebody: the environment file, the plan, its apply, every promised action tried, and a welcome to send.

    Running it twice changes nothing.

    Example: groundwork people add dave@example.com --role data-scientist
    """
    checkout, environment = here(name)
    known = personas(checkout.root)
    persona = known[team.checked_persona(role, list(known))]
    member = Member(team.checked_email(email), persona.name, "group" if group else "user")
    talk = Console()
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "people add", talk.say)
        joined = team.add(session, member, Wish(yes=yes, dry_run=dry_run), talk)
    if dry_run:
        click.echo(
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
    click.echo("\n".join(welcome(joined.environment, member, persona)))


@people.command()
@click.argument("email", shell_complete=completed(members))
@environment_option
@provider_option
@yes_option
@dry_run_option
def remove(email: str, name: str, provider: str | None, yes: bool, dry_run: bool) -> None:
    """Offboard somebody: out of the file, of every policy and access control list in the project, also those changed by hand.

    Says what lets them in without naming them: everybody, their domain, groups. The last owner is refused. Exit codes: 7
    something still lets them in, 8 a policy could not be read or a group may have them, 9 refused.

    Example: groundwork people remove dave@example.com --dry-run
    """
    address = team.checked_email(email)
    checkout, environment = here(name)
    talk = Console()
    with signals_passed_on():
        session = open_session(checkout, environment, provider, "people remove", talk.say)
        left = offboarding.take_out(session, address, Wish(yes=yes, dry_run=dry_run), talk)
    for binding in left.held:
        click.echo(f"{'would go' if dry_run else 'gone'}  {_shown(binding)}")
    if dry_run:
        for line in (*(way.text for way in left.ways), *(one.text for one in left.respelled)):
            click.echo(f"would stay  {line}")
        return
    if left.problem:
        raise left.problem
    click.echo(f"{address} holds nothing any more in project {environment.place}: every policy in it was read again.")


@people.command("list")
@environment_option
@json_option
def list_(name: str, as_json: bool) -> int:
    """Say who is in the file as what, and how many roles each holds in the project; 8 when not all could be counted.

    Example: groundwork people list --json
    """
    checkout, environment = here(name)
    found = read_all(connect(environment, checkout=checkout))
    rows = [
        {"email": member.email, "role": member.role, "type": member.type, "bindings": len(found.held_by(member.email))}
        for member in environment.members.values()
    ]
    if as_json:
        head = {"environment": name, "simulated": environment.local}
        print_json({**head, "members": rows, "unknown": dict(found.unknown)})
    else:
        _members(rows, environment, found)
    return int(Exit.UNKNOWN if found.unknown else Exit.OK)


def _members(rows: Sequence[Mapping[str, Any]], environment: Environment, found: Policies) -> None:
    count = "at least " if found.unknown else ""
    for row in rows:
        click.echo(f"{row['email']:<32} {row['role']:<16} {count}{counted(row['bindings'], 'binding')}")
    click.echo(f"in {environment.path.name}, and in the policies of project {environment.place}")
    for what, why in found.unknown.items():
        click.echo(f"unknown: {what}: {why}", err=True)


@people.command()
@environment_option
@provider_option
@json_option
def drift(name: str, provider: str | None, as_json: bool) -> int:
    """Say what people hold beyond the file, and what the file says that nobody holds; 7 when they disagree.

    Also what everybody, a domain or a group holds, and access control lists. What Terraform granted before the file was
    changed is called outdated, not made by hand.

    Example: groundwork people drift
    """
    checkout, environment = here(name)
    session = open_session(checkout, environment, provider, "people drift", Console(quiet=as_json).say)
    found = feature.drift(session, personas(checkout.root))
    if as_json:
        print_json({"environment": name, "simulated": environment.local, **_drift_data(found)})
        return int(Exit.OK if found.none else Exit.LEFT_OVER)
    for word, beyond in (("by hand", found.extra), ("outdated", found.outdated)):
        for person, binding in beyond:
            click.echo(f"{word:<8} {person}  {_shown(binding)}")
    for person, target, role in found.missing:
        click.echo(f"missing  {person}  {role} on {target.text}")
    if found.none:
        click.echo(f"Policies and file agree in project {environment.place}.")
        return int(Exit.OK)
    click.echo("\n".join(feature.mending(found, environment)))
    return int(Exit.LEFT_OVER)


def _drift_data(found: feature.Drift) -> dict[str, Any]:
    beyond = {"extra": found.extra, "outdated": found.outdated}
    return {
        **{
            word: [{"email": who, "role": binding.role, "on": binding.where} for who, binding in bindings]
            for word, bindings in beyond.items()
        },
        "missing": [{"email": person, "role": role, "on": target.text} for person, target, role in found.missing],
        "respelled": [{"email": one.email, "stored": one.stored} for one in found.respelled],
    }


def _shown(binding: Binding) -> str:
    return f"{binding.role} on {binding.where}" + (f" (if {binding.condition})" if binding.condition else "")
