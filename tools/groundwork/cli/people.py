"""`groundwork people list | drift`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from groundwork.cli.group import Group
from groundwork.cli.options import environment_option, here, json_option, provider_option
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.environment.values import Environment
from groundwork.errors import Exit
from groundwork.google.cloud import connect
from groundwork.lifecycle.status import refuse_before_up
from groundwork.people import drift as feature
from groundwork.people.personas import personas
from groundwork.resources.bindings import Policies
from groundwork.resources.policies import read_all
from groundwork.terraform.session import open_session
from groundwork.text import counted

_MOVED = {"add": "onboard", "remove": "offboard"}


class People(Group):
    """The group, which still accepts the former names of onboard and offboard: `people add` and `people remove`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command of the group, or one that was moved out of it."""
        from groundwork.cli import onboarding

        if cmd_name in _MOVED:
            command: click.Command = getattr(onboarding, _MOVED[cmd_name])
            return command
        return super().get_command(ctx, cmd_name)

    def accepted(self) -> list[str]:
        """Also the former names."""
        return [*super().accepted(), *_MOVED]


@click.group(cls=People)
def people() -> None:
    """List the team, and find where the live access and the file disagree.

    Example: groundwork people list
    """


@people.command("list")
@environment_option
@json_option
def list_(name: str, as_json: bool) -> int:
    """List the members in the file, with their personas and how many roles each holds in the project. Exits with 8 when not all could be counted.

    Example: groundwork people list --json
    """
    checkout, environment = here(name)
    refuse_before_up(checkout, environment)
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


def _members(rows: Sequence[Mapping[str, Any]], environment: Environment, policies: Policies) -> None:
    count = "at least " if policies.unknown else ""
    for row in rows:
        echo(f"{row['email']:<32} {row['role']:<16} {count}{counted(row['bindings'], 'grant')}")
    echo(f"in {environment.path.name}, and in the policies of project {environment.place}")
    for what, why in policies.unknown.items():
        echo(f"unknown: {what}: {why}", err=True)


@people.command()
@environment_option
@provider_option
@json_option
def drift(name: str, provider: str | None, as_json: bool) -> int:
    """Show grants that the file does not contain, and grants in the file that nobody holds. Exits with 7 when there are any.

    This includes grants to everybody, to domains and to groups, and access control lists. A grant that Terraform made before the
    file was changed is marked outdated rather than made by hand.

    Example: groundwork people drift
    """
    checkout, environment = here(name)
    refuse_before_up(checkout, environment)
    session = open_session(checkout, environment, provider, "people drift", Terminal(quiet=as_json).say)
    found = feature.drift(session, personas(checkout.root))
    if as_json:
        print_json({"environment": name, "simulated": environment.local, **_drift_data(found)})
        return int(Exit.OK if found.none else Exit.LEFT_OVER)
    for word, beyond in (("by hand", found.extra), ("outdated", found.outdated)):
        for person, binding in beyond:
            echo(f"{word:<8} {person}  {binding.text}")
    for person, target, role in found.missing:
        echo(f"missing  {person}  {role} on {target.text}")
    if found.none:
        echo(f"The policies of project {environment.place} agree with the file.")
        return int(Exit.OK)
    echo("\n".join(feature.mending(found, environment)))
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
