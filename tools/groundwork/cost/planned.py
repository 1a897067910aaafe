"""The cost of the plans that a run has just made: one line, or the whole estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from groundwork.cost.amounts import as_money
from groundwork.cost.assumptions import Assumptions, parse
from groundwork.cost.budget import of_estimate
from groundwork.cost.estimate import Estimate, estimate, sentence
from groundwork.cost.starts import starts_a_month
from groundwork.environment.values import Environment
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session

MUCH = Decimal(10)
"""A plan that adds at least this many US dollars a month gets a line of its own."""
LOCAL_NOTE = " The local cloud bills nothing: this is what the same would cost on Google Cloud (simulated)."


def assumptions_of(environment: Environment) -> Assumptions:
    """The assumptions of an environment, with what follows from its schedules. Raises UsageProblem naming an invalid one."""
    assumptions = parse(environment.assumptions, f"{environment.path.name}: cost.assumptions")
    return replace(
        assumptions, runs={name: starts_a_month(job.schedule or "") for name, job in environment.scheduled.items()}
    )


def of_plans(session: Session, layer_plans: Sequence[LayerPlan], assumptions: Assumptions | None = None) -> Estimate:
    """The estimate for the saved plans of all layers together."""
    assumptions = assumptions or assumptions_of(session.environment)
    return estimate([session.plan_json(entry.layer, entry.file) for entry in layer_plans], assumptions)


def in_a_line(environment: Environment, found: Estimate, today: date) -> str:
    """An estimate in one line, followed by a comparison with the environment's budget, if it has one."""
    budget = of_estimate(environment.budget, found)
    return sentence(found, today) + (f" {budget.text}" if budget else "")


Check = Callable[[Session, Sequence[LayerPlan]], None]


def saying_cost(
    environment: Environment,
    say: Callable[[str], None],
    today: date,
    keep: Callable[[Estimate], object] = lambda _found: None,
) -> Check:
    """A check for `groundwork.lifecycle.up.up` that never refuses: it prints the plans' cost in a line and hands the estimate to `keep`.

    Raises UsageProblem immediately, before anything is planned, for an invalid assumption.
    """
    assumptions = assumptions_of(environment)
    note = LOCAL_NOTE if environment.local else ""

    def check(session: Session, layer_plans: Sequence[LayerPlan]) -> None:
        found = of_plans(session, layer_plans, assumptions)
        keep(found)
        if found.delta >= MUCH:
            say(f"  ! this plan adds {as_money(found.delta)} a month to the platform's cost")
        say(in_a_line(environment, found, today) + note)

    return check
