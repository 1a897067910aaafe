"""`groundwork access`, `access explain` and `access check`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from groundwork.cli.group import Group
from groundwork.cli.options import completed, environment_option, here, json_option, members
from groundwork.cli.principal import as_option, connected
from groundwork.cli.printing import echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.display import columns, screen
from groundwork.environment.values import Environment
from groundwork.errors import Exit
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.lifecycle.status import refuse_before_up
from groundwork.login import identity
from groundwork.people import access as feature
from groundwork.people import agents, paragraphs
from groundwork.people.access import Access, Cell, RolePermissions
from groundwork.people.actions import every, on
from groundwork.people.personas import personas, targets
from groundwork.people.remedies import remedies, stranger, whom
from groundwork.people.trials import Judge, trial

_ON, _ACTION, _LEAST = 30, 20, 80
"""Columns of the table's first two cells, and of the narrowest terminal that gets a table."""


def _read(cloud: GoogleCloud, environment: Environment) -> Access:
    return Access(environment, feature.known_policies(cloud), RolePermissions(cloud))


@click.group(cls=Group, invoke_without_command=True)
@environment_option
@click.option(
    "--personas", "by_persona", is_flag=True, help="Show a paragraph per persona instead of a column per person."
)
@json_option
@click.pass_context
def access(context: click.Context, name: str, by_persona: bool, as_json: bool) -> None:
    """Show who may do what, according to the live IAM policies; conditional grants are marked.

    Where the columns do not fit, each resource gets a paragraph.

    Example: groundwork access --personas
    """
    if context.invoked_subcommand:
        return
    checkout, environment = here(name)
    refuse_before_up(checkout, environment)
    found = _read(connect(environment, checkout=checkout), environment)
    people = list(dict.fromkeys([*environment.members, *found.policies.people]))
    cells = feature.matrix(found, people)
    if as_json:
        head = {"environment": name, "project": environment.project, "simulated": environment.local}
        print_json({**head, "cells": [_data(cell) for cell in cells]})
    else:
        _show(environment, people, cells, by_persona=by_persona)
        echo(f"from the live policies of project {environment.place}")


def _data(cell: Cell) -> dict[str, Any]:
    by = [f"{binding.role} on {binding.item.kind} {binding.item.short}" for binding in cell.by]
    return {
        "person": cell.person,
        "action": cell.action.name,
        "on": cell.target.text,
        "allowed": cell.allowed,
        "by": by,
    }


def _show(environment: Environment, people: Sequence[str], cells: Sequence[Cell], *, by_persona: bool) -> None:
    wide = columns(200)
    if by_persona:
        roles = {email: member.role for email, member in environment.members.items()}
        echo("\n".join(paragraphs.by_persona(cells, roles, wide)))
    elif wide < _LEAST or _ON + _ACTION + sum(len(person) + 2 for person in people) > wide:
        echo("\n".join(paragraphs.by_thing(cells, wide)))
    else:
        _table(people, cells)


def _table(people: Sequence[str], cells: Sequence[Cell]) -> None:
    from rich.table import Table

    table = Table("on", "action", *people, box=None, pad_edge=False)
    rows: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        rows.setdefault((cell.target.text, cell.action.verb_only), []).append(paragraphs.mark(cell))
    for (target, action), marks in rows.items():
        table.add_row(target, action, *marks)
    screen(width=columns(200)).print(table)


@access.command()
@click.argument(
    "person",
    shell_complete=completed(
        lambda environment: (*members(environment), *environment.identities, "deployer", "events", "scheduler")
    ),
)
@click.argument("action", shell_complete=completed(lambda _environment: sorted({one.verb_only for one in every()})))
@click.argument("resource", shell_complete=completed(lambda environment: [one.text for one in targets(environment)]))
@environment_option
@json_option
def explain(person: str, action: str, resource: str, name: str, as_json: bool) -> int:
    """Explain why somebody may or may not do something: which role on which resource allows it, or the line that would grant it.

    PERSON is an e-mail address, one of the environment's identities by name (such as build), deployer, events (which delivers events to functions), scheduler (which starts jobs on their schedules), or a Google service agent: build-agent, run-agent, scheduler-agent, training-agent (which pulls the images
    of Vertex AI jobs) or vertex-agent. ACTION is one that `groundwork access` lists, such as read, or an IAM permission. RESOURCE is project, deployer, or a kind and a name: bucket/NAME, secret/NAME, service/NAME or
    training/NAME. An action that takes more than one permission, such as deploy, is explained for each. Exits with 5 when a permission is missing.

    Example: groundwork access explain build deploy service/api
    """
    checkout, environment = here(name)
    target = feature.find_target(environment, resource)
    wanted = feature.find_action(action, target)
    refuse_before_up(checkout, environment)
    cloud = connect(environment, checkout=checkout)
    email = agents.address(cloud, person) or whom(person, environment)
    found = _read(cloud, environment)
    cells = feature.needed(found, email, target, wanted)
    known = personas(checkout.root)
    answers = [
        (
            cell,
            () if cell.allowed else remedies(cell, environment, known, found.roles),
            () if cell.allowed else found.groups_allowing(cell.action.permission, cell.target),
        )
        for cell in cells
    ]
    if as_json:
        first, *others = ({**_data(cell), "permission": cell.action.permission, "remedies": list(lines), "groups": list(groups)}
                          for cell, lines, groups in answers)  # fmt: skip
        print_json({**first, "also": others, "simulated": environment.local})
    else:
        for cell, lines, groups in answers:
            _explain(cell, lines, groups)
        echo(f"from the live policies of project {environment.place}")
        if unknown := stranger(email, environment):
            echo(unknown, err=True)
    return int(Exit.OK if all(cell.allowed for cell in cells) else Exit.PERMISSION)


def _explain(cell: Cell, lines: Sequence[str], groups: Sequence[str]) -> None:
    permission = cell.action.permission
    if not cell.allowed:
        echo(f"{cell.person} may not: {permission} on {cell.target.text} is missing.")
        if groups:
            echo(f"Members of {', '.join(groups)} may; no policy says who is in a group.")
        echo("\n".join(lines))
    for binding in cell.by:
        condition = f", if {binding.condition}" if binding.condition else ""
        echo(
            f"{cell.person} may: {permission} on {cell.target.text} comes with {binding.role} "
            f"on {binding.item.kind} {binding.item.short}{condition}."
        )


@access.command()
@environment_option
@as_option
@json_option
def check(name: str, who: str | None, as_json: bool) -> None:
    """Try every action as yourself, without changing anything, and show which are allowed.

    Each answer comes with the HTTP status of the attempt: 403 means no, anything else yes (a 404 only says that nothing is there). An
    attempt that is refused although a policy you can read allows it is repeated for a few minutes, then reported as "not yet".

    Example: groundwork access check --as alice@example.com
    """
    checkout, environment = here(name)
    cloud, address = connected(environment, checkout, who)
    refuse_before_up(checkout, environment)
    talk = Terminal(quiet=as_json)
    judge = Judge(cloud, environment, address or identity.of(cloud, os.environ).principal, sure=False)
    found = [trial(cloud, judge, target, action, talk.say) for target in targets(environment) for action in on(target)]
    if as_json:
        tried = [
            {"on": one.target.text, "action": one.action.verb_only, "status": one.status, "answer": one.answer}
            for one in found
        ]
        print_json({"environment": name, "simulated": environment.local, "tried": tried})
        return
    for one in found:
        echo(f"{one.target.text:<28} {one.action.verb_only:<16} {one.answer:<7} {one.status}")
    echo(f"tried in project {environment.place}" + (f" as {address}" if address else ""))
