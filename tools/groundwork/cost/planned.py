"""The cost of the plans that a run has just made: one line, or the whole estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from groundwork.cost.amounts import shown
from groundwork.cost.assumptions import Assumptions, parse
from groundwork.cost.budget import of_estimate
from groundwork.cost.estimate import Estimate, estimate, sentence
from groundwork.environment.values import Environment
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session

MUCH = Decimal(10)
"""US dollars a month from which on a plan's cost stands apart."""
LOCAL_NOTE = " The local cloud itself bills nothing: this is what the same would cost on Google Cloud (simulated)."


def assumptions_of(environment: Environment) -> Assumptions:
    """The assumptions in force for an environment. Raises UsageProblem naming the one that cannot be."""
    return parse(environment.assumptions, f"{environment.path.name}: cost.assumptions")


def of_plans(session: Session, made: Sequence[LayerPlan], assumptions: Assumptions | None = None) -> Estimate:
    """What the saved plans of all layers cost together, as Terraform shows them."""
    held = assumptions or assumptions_of(session.environment)
    return estimate([session.shown(entry.layer, entry.file) for entry in made], held)


def in_a_line(environment: Environment, found: Estimate, today: date | None = None) -> str:
    """An estimate in one line, with the environment's budget beside it."""
    held = of_estimate(environment.budget, found)
    return sentence(found, today) + (f" {held.text}" if held else "")


Check = Callable[[Session, Sequence[LayerPlan]], None]


def saying_cost(
    environment: Environment,
    say: Callable[[str], None],
    today: date,
    keep: Callable[[Estimate], object] = lambda _found: None,
) -> Check:
    """A check for `groundwork.lifecycle.up.up` that refuses nothing and says in a line what the plans cost; `keep` gets the estimate.

    Raises UsageProblem at once, before anything is planned, for an assumption that cannot be.
    """
    assumptions = assumptions_of(environment)
    note = LOCAL_NOTE if environment.local else ""

    def check(session: Session, made: Sequence[LayerPlan]) -> None:
        found = of_plans(session, made, assumptions)
        keep(found)
        if found.delta >= MUCH:
            say(f"  ! this plan adds {shown(found.delta)} a month to what the platform costs")
        say(in_a_line(environment, found, today) + note)

    return check
