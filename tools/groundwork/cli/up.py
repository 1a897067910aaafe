"""`groundwork up` and `groundwork plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from groundwork.cli.console import Console, print_json
from groundwork.cli.options import dry_run_option, environment_option, here, json_option, provider_option, yes_option
from groundwork.cost.planned import saying_cost
from groundwork.errors import Exit
from groundwork.lifecycle import up as feature
from groundwork.lifecycle.reviewed import only_this
from groundwork.policy.gate import gate
from groundwork.terraform import plans
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import Session, open_session
from groundwork.terraform.state import Output


@click.command()
@environment_option
@provider_option
@yes_option
@dry_run_option
@click.option(
    "--policy",
    is_flag=True,
    help="Check the policies on the local cloud too, and if nothing changes; elsewhere `up` checks every change.",
)
@click.option(
    "--reviewed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Refuse any plan but the one that `review --record FILE` saw.",
)
def up(name: str, provider: str | None, yes: bool, dry_run: bool, policy: bool, reviewed: Path | None) -> None:
    """Bring the environment to what its file says: plan, show, ask, apply, print the outputs.

    On the local cloud it asks nothing. Run it again whenever you like: where nothing differs it changes nothing.

    Example: groundwork up --env dev
    """
    talk = Console()
    with signals_passed_on():
        session = open_session(*here(name), provider, "up", talk.say)
        checks = [saying_cost(session.environment, talk.say, _today()), gate(talk.say, asked=policy)]
        checks += [only_this(reviewed)] if reviewed else []
        done = feature.up(session, feature.Wish(yes=yes, dry_run=dry_run), talk, checks)
    if not dry_run:
        print_outputs(done.outputs)


@click.command()
@environment_option
@provider_option
@json_option
@click.option("--detailed-exitcode", is_flag=True, help=f"Exit with {int(Exit.CHANGES)} when something would change.")
def plan(name: str, provider: str | None, as_json: bool, detailed_exitcode: bool) -> int:
    """Say what `up` would change, and change nothing.

    Example: groundwork plan --json
    """
    talk = Console(quiet=as_json)
    with signals_passed_on():
        session = open_session(*here(name), provider, "plan", talk.say)
        say_cost = saying_cost(session.environment, talk.say, _today())
        made = feature.plan(session, talk)
        feature.show_plans(session, made, talk)
        say_cost(session, made)
    if as_json:
        print_json(as_data(session, made))
    pending = any(entry.pending for entry in made)
    return int(Exit.CHANGES) if pending and detailed_exitcode else int(Exit.OK)


def _today() -> date:
    return datetime.now(UTC).date()


def as_data(session: Session, made: Sequence[LayerPlan]) -> dict[str, Any]:
    """The plans as `plan --json` prints them."""
    total = plans.counts(made)
    resources = [
        {
            "layer": entry.layer,
            "address": change.address,
            "component": plans.component(change.module),
            "action": change.action,
        }
        for entry in made
        for change in entry.changes
    ]
    return {
        "environment": session.environment.name,
        "project": session.environment.project,
        "simulated": session.environment.local,
        "pending": any(entry.pending for entry in made),
        "changes": {"create": total.create, "update": total.update, "delete": total.delete},
        "imports": total.imported,
        "resources": resources,
    }


def print_outputs(outputs: Mapping[str, Output]) -> None:
    """The outputs for people, sensitive ones hidden."""
    for name, output in outputs.items():
        value = "(sensitive)" if output.sensitive else output.value
        if isinstance(value, dict) and value:
            click.echo(f"{name}:")
            width = max(map(len, map(str, value)))
            for key, item in value.items():
                click.echo(f"  {key:<{width}}  {_text(item)}")
        elif value not in ({}, [], None):
            click.echo(f"{name}: {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
