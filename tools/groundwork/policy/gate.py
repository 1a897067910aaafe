"""The policy check inside `up`: after the plan is shown, before anything is asked or applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from groundwork.errors import PolicyFailed
from groundwork.plans import LayerPlan
from groundwork.policy import check as checks
from groundwork.policy import text
from groundwork.policy.result import Result
from groundwork.session import Session


def gate(say: Callable[[str], None], *, also_local: bool = False) -> Callable[[Session, Sequence[LayerPlan]], None]:
    """A check for `up`: says one line, and raises PolicyFailed on findings, CouldNotTell when it could not be done.

    The local cloud asks nothing and nothing can be lost or paid there, so it is checked only if `also_local`.
    """

    def refuse(session: Session, made: Sequence[LayerPlan]) -> None:
        pending = [plan for plan in made if plan.pending]
        if not pending:
            return
        if session.environment.local and not also_local:
            say("policy: not checked on the local cloud; `groundwork policy` does, or `up --policy`")
            return
        found = of_plans(session, pending, say)
        say(found.summary)
        if not found.ok:
            raise PolicyFailed(
                f"The policies do not allow this plan of {session.environment.name}: nothing was changed.",
                text.lines(found),
            )

    return refuse


def of_plans(session: Session, made: Sequence[LayerPlan], say: Callable[[str], None]) -> Result:
    """The result for plans that this session has saved, and for the code."""
    with ThreadPoolExecutor(len(made)) as pool:
        shown = {plan.layer: pool.submit(session.terraform(plan.layer).show, plan.file) for plan in made}
    plans = {layer: checks.SavedPlan(future.result) for layer, future in shown.items()}
    scanner = checks.scanner(session.checkout, say)
    return checks.check(scanner, session.environment, plans, session.checkout.runs / checks.FOLDER, checks.today())
