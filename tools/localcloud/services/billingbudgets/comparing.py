"""Budgets are compared with what was spent, every hour: each threshold gives one notice in each period.

Sources: https://cloud.google.com/billing/docs/how-to/budgets, https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.services.billingbudgets import notices, periods, spending
from localcloud.services.billingbudgets.budgets import API, COMPARE
from localcloud.services.billingbudgets.notices import Spend
from localcloud.services.billingbudgets.periods import Period

_HOUR = 3600
_BILLION = 1_000_000_000


class Crossed(NamedTuple):
    """A threshold that the spend has passed."""

    basis: str
    threshold: float


def due(cloud: Cloud, name: str, moment: float) -> None:
    """Compares a budget; also in the period in which it was due, if that has ended since."""
    budget = cloud.store.get(API, name)
    if budget is None:
        return
    cloud.usage.flush()
    now = cloud.clock.now()
    for when in dict.fromkeys(
        periods.containing(budget["budgetFilter"], one) for one in (datetime.fromtimestamp(moment, UTC), now)
    ):
        if when is not None:
            _compare(cloud, name, budget, when)
    cloud.due.at(API, COMPARE, name, (now.timestamp() // _HOUR + 1) * _HOUR)


def charge(cloud: Cloud, sent: Body) -> Body:
    """Adds a made-up charge at this moment, to try what budgets do; answers what each of them says of it at once."""
    spending.charge(cloud, sent)
    cloud.usage.flush()
    messages = []
    for name in cloud.store.sql("SELECT name FROM resources WHERE service = ? AND collection = 'budgets'", API):
        budget = cloud.store.get(API, name[0]) or {}
        period = periods.containing(budget["budgetFilter"], cloud.clock.now())
        messages.append(_compare(cloud, name[0], budget, period) if period is not None else "")
    return {"notices": [one for one in messages if one]}


def _compare(cloud: Cloud, name: str, budget: Body, period: Period) -> str:
    """What a new e-mail about the period says; "" if there is none."""
    spend = _spend(cloud, budget, period)
    if spend is None:
        return ""
    passed = [Crossed(rule["spendBasis"], rule["thresholdPercent"]) for rule in _passed(budget, spend)]
    begun = period.start.isoformat()
    new = [
        one
        for one in dict.fromkeys(passed)
        if cloud.store.changed("INSERT OR IGNORE INTO budget_notices VALUES (?, ?, ?, ?)", name, begun, *one)
    ]
    message = notices.mail(cloud, name, budget, spend, max(new, key=lambda one: one.threshold)) if new else ""
    row = cloud.store.row("SELECT period, cost FROM budget_messages WHERE budget = ?", name)
    if new or row != (begun, spend.cost):
        cloud.store.sql("INSERT OR REPLACE INTO budget_messages VALUES (?, ?, ?)", name, begun, spend.cost)
        highest = dict(sorted(passed, key=itemgetter(1)))
        notices.publish(cloud, name, budget, spend, highest)
    return message


def _spend(cloud: Cloud, budget: Body, period: Period) -> Spend | None:
    """What was spent, and the amount to compare it with; None in a currency that it is not known in."""
    cost, projects = spending.spent(cloud, budget["budgetFilter"], period)
    money = budget["amount"].get("specifiedAmount")
    if money is None:
        last = periods.before(budget["budgetFilter"], period)
        amount, currency = (spending.spent(cloud, budget["budgetFilter"], last)[0] if last else 0.0), "USD"
    else:
        amount, currency = int(money.get("units", 0)) + int(money.get("nanos", 0)) / _BILLION, money["currencyCode"]
    return Spend(cost, _forecast(cloud, cost, period), amount, period, projects) if currency == "USD" else None


def _forecast(cloud: Cloud, cost: float, period: Period) -> float:
    """The spend at the end of the period if it goes on as until now: a simple stand-in for Google's forecast."""
    if period.end is None:
        return cost
    elapsed = (min(cloud.clock.now(), period.end) - period.start) / (period.end - period.start)
    return cost / elapsed if elapsed > 0 else cost


def _passed(budget: Body, spend: Spend) -> list[Body]:
    """The rules whose part of the amount is spent, or forecast to be; a spend of nothing passes none."""
    return [
        rule
        for rule in budget.get("thresholdRules", [])
        for value in [spend.forecast if rule["spendBasis"] == "FORECASTED_SPEND" else spend.cost]
        if value > 0 and value >= rule["thresholdPercent"] * spend.amount
    ]
