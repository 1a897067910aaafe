"""The policy check inside `up`: after the plan is shown, before anything is asked or applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from groundwork.errors import PolicyFailed
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session

if TYPE_CHECKING:
    from groundwork.policy.result import Result


def gate(say: Callable[[str], None], *, asked: bool = False) -> Callable[[Session, Sequence[LayerPlan]], None]:
    """A check for `up`: prints one line, and raises PolicyFailed on violations, CouldNotTell when it could not be done.

    Unless `asked`, plans that change nothing are not checked, nor are those of the local cloud, where nothing can be lost or billed.
    """

    def refuse(session: Session, layer_plans: Sequence[LayerPlan]) -> None:
        judged = [plan for plan in layer_plans if plan.pending or asked]
        if not judged:
            return
        if session.environment.local and not asked:
            say("policy: not checked on the local cloud; use `groundwork policy` or `up --policy`")
            return
        found = of_plans(session, judged, say)
        say(found.summary)
        if not found.ok:
            from groundwork.policy import terminal

            raise PolicyFailed(
                f"The policies do not allow this plan of {session.environment.name}: nothing was changed.",
                terminal.lines(found),
            )

    return refuse


def of_plans(session: Session, layer_plans: Sequence[LayerPlan], say: Callable[[str], None]) -> Result:
    """The result for this session's saved plans, and for the code."""
    from groundwork.policy import check as checks

    plans = {plan.layer: checks.SavedPlan(partial(session.plan_json, plan.layer, plan.file)) for plan in layer_plans}
    scanner = checks.scanner(session.checkout, say)
    return checks.check(scanner, session.environment, plans, session.checkout.runs / checks.FOLDER, checks.today())
