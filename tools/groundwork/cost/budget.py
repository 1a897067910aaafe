"""The monthly budget, compared with an estimate or a month's report. Google's own budget, which sends the e-mails, is Terraform's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from groundwork.cost.amounts import ZERO, as_money, decimal, exact, total
from groundwork.environment.settings import Budget

if TYPE_CHECKING:
    from groundwork.cost.estimate import Estimate
    from groundwork.cost.report import CostReport

ESTIMATED_IN = "USD"


@dataclass(frozen=True)
class BudgetStatus:
    """A budget and the month's cost to compare with it; `cost` is None where they cannot be compared, for the reason in `why`.

    `what` begins the sentence about the cost; with `bounded`, the true cost is at least `cost`.
    """

    budget: Budget
    cost: Decimal | None
    what: str = ""
    why: str = ""
    bounded: bool = False

    @property
    def amount(self) -> Decimal:
        """The most that a month may cost, in the budget's currency."""
        return decimal(self.budget.amount) or ZERO

    @property
    def over(self) -> bool:
        """Whether the cost is known to be more than the budget."""
        return self.cost is not None and self.cost > self.amount

    @property
    def text(self) -> str:
        """The comparison in one sentence."""
        currency = self.budget.currency
        start = f"Budget: {as_money(self.amount, currency)} a month"
        if self.cost is None:
            return f"{start}, not compared: {self.why}."
        share = f"{'≥ ' if self.bounded else ''}{self.cost / self.amount:.0%}"
        beyond = f", {as_money(self.cost - self.amount, currency)} over" if self.over else ""
        return f"{start}; {self.what} {share} of it{beyond}."

    @property
    def data(self) -> dict[str, Any]:
        """The comparison as --json prints it."""
        return {
            "amount": exact(self.amount),
            "currency": self.budget.currency,
            "billing_account": self.budget.billing_account or None,
            "cost": None if self.cost is None else exact(self.cost),
            "at_least": self.bounded,
            "over": self.over,
            "why_not": self.why or None,
        }


def of_estimate(budget: Budget | None, estimate: Estimate) -> BudgetStatus | None:
    """Compare the budget with what the environment would cost; None without a budget."""
    if budget is None:
        return None
    if budget.currency != ESTIMATED_IN:
        return BudgetStatus(budget, None, why=f"estimates are in {ESTIMATED_IN}")
    return BudgetStatus(budget, estimate.after.monthly, "this environment is", bounded=estimate.after.bounded)


def of_report(budget: Budget | None, report: CostReport) -> BudgetStatus | None:
    """Compare the budget with a month's costs on its billing account, before promotional credits; None without a budget.

    In an export that names no accounts, or for a budget without one, every line counts.
    """
    if budget is None:
        return None
    if not report.period.month:
        return BudgetStatus(budget, None, why="it is monthly: choose a month with --month")
    if report.currency != budget.currency:
        return BudgetStatus(budget, None, why=f"these costs are in {report.currency}")
    account = budget.billing_account
    lines = [line for line in report.lines if not account or line.account in ("", account)]
    if not lines:
        return BudgetStatus(budget, None, why=f"none of these costs are on {account}")
    return BudgetStatus(
        budget, total(line.before_promotion for line in lines), "the month before promotional credits is"
    )
