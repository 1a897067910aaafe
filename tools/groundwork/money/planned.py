"""The cost of the plans that a run has just made: one line to say, or the whole estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from groundwork.environment import Environment
from groundwork.money.assumptions import Assumptions, parse
from groundwork.money.estimate import Estimate, estimate, sentence
from groundwork.plans import LayerPlan
from groundwork.session import Session

LOCAL_NOTE = " The local cloud itself bills nothing: this is what the same would cost on Google Cloud (simulated)."


def assumptions_of(environment: Environment) -> Assumptions:
    """The assumptions in force for an environment. Raises UsageProblem naming the one that cannot be."""
    return parse(environment.assumptions, f"{environment.path.name}: cost.assumptions")


def of_plans(session: Session, made: Sequence[LayerPlan]) -> Estimate:
    """What the saved plans of all layers cost together, as Terraform shows them."""
    shown = [session.terraform(entry.layer).show(entry.file) for entry in made]
    return estimate(shown, assumptions_of(session.environment))


def line_of_plans(session: Session, made: Sequence[LayerPlan], today: date) -> str:
    """The line about cost that `plan` and `up` show under a plan."""
    return sentence(of_plans(session, made), today) + (LOCAL_NOTE if session.environment.local else "")


def saying_cost(say: Callable[[str], None], today: date) -> Callable[[Session, Sequence[LayerPlan]], None]:
    """A check for `groundwork.up.up` that refuses nothing and says what the plans cost."""

    def check(session: Session, made: Sequence[LayerPlan]) -> None:
        say(line_of_plans(session, made, today))

    return check
