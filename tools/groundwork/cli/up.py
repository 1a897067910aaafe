"""`groundwork up` and `groundwork plan`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from groundwork.cli.options import (
    F,
    dry_run_option,
    environment_option,
    here,
    json_option,
    provider_option,
    verbose_option,
    yes_option,
)
from groundwork.cli.outputs import print_outputs
from groundwork.cli.printing import next_steps, print_json
from groundwork.cli.terminal import Terminal
from groundwork.cost import local_prices
from groundwork.cost.estimate import Estimate, a_month
from groundwork.cost.planned import saying_cost
from groundwork.errors import Exit
from groundwork.lifecycle import obstacles, plan_data
from groundwork.lifecycle import up as feature
from groundwork.lifecycle.review_record import only_this, plan_documents
from groundwork.people.spelling import after_apply
from groundwork.policy.gate import gate
from groundwork.report import console
from groundwork.terraform.process import signals_passed_on
from groundwork.terraform.session import Session, open_session


def _details_option(command: F) -> F:
    return click.option("--details", is_flag=True, help="List every resource, grant and attribute of the plan.")(
        command
    )


@click.command()
@environment_option
@provider_option
@yes_option
@dry_run_option
@click.option(
    "--policy",
    is_flag=True,
    help="Check the policies on the local cloud too, and even if nothing changes; on Google Cloud `up` checks every change.",
)
@click.option(
    "--reviewed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Refuse any plan other than the one recorded by `review --record FILE`.",
)
@_details_option
@verbose_option
def up(
    name: str,
    provider: str | None,
    yes: bool,
    dry_run: bool,
    policy: bool,
    reviewed: Path | None,
    details: bool,
    verbose: bool,
) -> None:
    """Bring the environment to the state that its file describes: plan, show, ask, apply, print the outputs.

    On the local cloud it does not ask. It can be run again at any time: without differences it changes nothing.

    Example: groundwork up --env dev
    """
    talk = Terminal(verbose=verbose)
    costs: list[Estimate] = []
    with signals_passed_on():
        session = open_session(*here(name), provider, "up", talk.say)
        checks = [saying_cost(session.environment, talk.say, _today(), costs.append), gate(talk.say, asked=policy)]
        checks += [only_this(reviewed)] if reviewed else []
        done = feature.up(session, feature.UpOptions(yes=yes, dry_run=dry_run, details=details), talk, checks)
    if dry_run:
        return
    local_prices.tell(session.environment, session.checkout)
    print_outputs(done.outputs, session.environment)
    for one in after_apply(session, done.plans):
        talk.say(f"warning: {one.text}")
    if any(entry.pending for entry in done.plans):
        for line in _closing(session, costs):
            talk.say(line)


@click.command()
@environment_option
@provider_option
@json_option
@click.option("--detailed-exitcode", is_flag=True, help=f"Exit with {int(Exit.CHANGES)} when something would change.")
@_details_option
def plan(name: str, provider: str | None, as_json: bool, detailed_exitcode: bool, details: bool) -> int:
    """Show what `up` would change, and change nothing.

    Example: groundwork plan --json
    """
    talk = Terminal(quiet=as_json)
    with signals_passed_on():
        session = open_session(*here(name), provider, "plan", talk.say)
        say_cost = saying_cost(session.environment, talk.say, _today())
        layer_plans = feature.plan(session, talk)
        feature.show_plans(session, layer_plans, talk, details=details)
        say_cost(session, layer_plans)
        for reason in obstacles.reasons(session, layer_plans):
            talk.say(f"`up` would refuse this: {reason}")
    if as_json:
        environment = {
            "environment": name,
            "project": session.environment.project,
            "simulated": session.environment.local,
        }
        print_json({**environment, **plan_data.as_data(layer_plans, plan_documents(session, layer_plans))})
    pending = any(entry.pending for entry in layer_plans)
    return int(Exit.CHANGES) if pending and detailed_exitcode else int(Exit.OK)


def _closing(session: Session, costs: Sequence[Estimate]) -> list[str]:
    """What it costs, and the next steps."""
    environment = session.environment
    name = environment.name
    steps = {
        f"groundwork onboard EMAIL --role ROLE --env {name}": "give somebody access",
        f"groundwork status --env {name}": "what is up, and what runs",
        f"groundwork down --env {name}": "remove it again, with proof",
        f"groundwork open --env {name}": f"look at it: {console.front(session.checkout, environment)}",
    }
    simulated = " on Google Cloud, and nothing here (simulated)" if environment.local else ""
    paid = [f"it costs {a_month(found)}{simulated}" for found in costs[-1:]]
    return [*paid, *next_steps(steps)]


def _today() -> date:
    return datetime.now(UTC).date()
