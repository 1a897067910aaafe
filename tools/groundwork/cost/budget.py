"""The monthly budget, compared with an estimate or a month's report. Nobody is alerted: the billing account does not know this budget."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from groundwork.cost.amounts import ZERO, decimal, exact, shown, total
from groundwork.environment.values import Budget

if TYPE_CHECKING:
    from groundwork.cost.estimate import Estimate
    from groundwork.cost.report import CostReport

ESTIMATED_IN = "USD"


@dataclass(frozen=True)
class BudgetStatus:
    """A budget and the month's cost that is held against it, None where they cannot be compared: `why` says why then.

    `bounded`: the true cost is this or more.
    """

    budget: Budget
    cost: Decimal | None
    what: str = ""
    why: str = ""
    bounded: bool = False

    @property
    def amount(self) -> Decimal:
        """What a month may cost, in the budget's currency."""
        return decimal(self.budget.amount) or ZERO

    @property
    def over(self) -> bool:
        """Whether the cost is known to be more than the budget."""
        return self.cost is not None and self.cost > self.amount

    @property
    def text(self) -> str:
        """One sentence."""
        currency = self.budget.currency
        begun = f"Budget: {shown(self.amount, currency)} a month"
        if self.cost is None:
            return f"{begun}, not compared: {self.why}."
        share = f"{'≥ ' if self.bounded else ''}{self.cost / self.amount:.0%}"
        beyond = f", {shown(self.cost - self.amount, currency)} over" if self.over else ""
        return f"{begun}; {self.what} {share} of it{beyond}."

    @property
    def data(self) -> dict[str, Any]:
        """For --json."""
        return {
            "amount": exact(self.amount),
            "currency": self.budget.currency,
            "billing_account": self.budget.billing_account,
            "cost": None if self.cost is None else exact(self.cost),
            "at_least": self.bounded,
            "over": self.over,
            "why_not": self.why or None,
        }


def of_estimate(budget: Budget | None, found: Estimate) -> BudgetStatus | None:
    """The budget beside what the environment would cost; None without a budget."""
    if budget is None:
        return None
    if budget.currency != ESTIMATED_IN:
        return BudgetStatus(budget, None, why=f"the prices here are in {ESTIMATED_IN}")
    return BudgetStatus(budget, found.after.monthly, "this environment is", bounded=found.after.bounded)


def of_report(budget: Budget | None, found: CostReport) -> BudgetStatus | None:
    """The budget beside a month's costs on its billing account, before promotional credits; None without a budget.

    An export that names no accounts counts whole.
    """
    if budget is None:
        return None
    if not found.period.month:
        return BudgetStatus(budget, None, why="it is for a month: choose one with --month")
    if found.currency != budget.currency:
        return BudgetStatus(budget, None, why=f"these costs are in {found.currency}")
    lines = [line for line in found.lines if line.account in ("", budget.billing_account)]
    if not lines:
        return BudgetStatus(budget, None, why=f"these costs are on other accounts than {budget.billing_account}")
    return BudgetStatus(
        budget, total(line.before_promotion for line in lines), "the month before promotional credits is"
    )
