"""What was spent: metered usage at prices that local tools set, and made-up charges with credits.

The local cloud bills nothing, and knows no price by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.billingbudgets.periods import Period

TABLES = """
CREATE TABLE IF NOT EXISTS budget_prices (sku TEXT NOT NULL, region TEXT NOT NULL, price REAL NOT NULL, PRIMARY KEY (sku, region)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS budget_charges (
  moment REAL NOT NULL, project TEXT NOT NULL, service TEXT NOT NULL, labels TEXT NOT NULL, cost REAL NOT NULL, credits TEXT NOT NULL);
"""
_EVERYWHERE = "*"
_PRICES = 'Send {"prices": [{"sku": "storage.standard", "region": "*", "price": 0.02}]}: US dollars per pricing unit.'
_CHARGE = (
    'Send {"project": "my-project", "cost": 30, "credits": {"PROMOTION": 10}, "service": "6F81-5844-456A", "labels": {"team": "a"}}; '
    "only project and cost are needed, both credits and cost in US dollars."
)


class Charge(NamedTuple):
    """A cost before credits, in US dollars, and the credits (by type, positive) that pay for part of it."""

    moment: datetime
    project: str
    service: str
    labels: Mapping[str, str]
    cost: float
    credits: Mapping[str, float]


def spent(cloud: Cloud, budget_filter: Body, period: Period) -> tuple[float, list[str]]:
    """What counts for a budget in a period, in US dollars, and the projects that spent it."""
    counted = [one for one in _charges(cloud, period) if _counts(cloud, budget_filter, one)]
    treatment, types = budget_filter["creditTypesTreatment"], budget_filter.get("creditTypes", [])
    total = sum(one.cost for one in counted)
    if treatment != "EXCLUDE_ALL_CREDITS":
        total -= sum(
            amount
            for one in counted
            for kind, amount in one.credits.items()
            if treatment == "INCLUDE_ALL_CREDITS" or kind in types
        )
    return round(total, 6), sorted({one.project for one in counted})


def keep_prices(cloud: Cloud, sent: Body) -> Body:
    """Replaces the prices that metered usage is counted at."""
    prices = sent.get("prices")
    rows = []
    for row in prices if isinstance(prices, list) else [None]:
        if not isinstance(row, dict) or not isinstance(row.get("sku"), str) or not _amount(row.get("price")):
            raise invalid(_PRICES)
        rows.append((row["sku"], str(row.get("region", _EVERYWHERE)), float(row["price"])))
    cloud.store.sql("DELETE FROM budget_prices")
    for one in rows:
        cloud.store.sql("INSERT OR REPLACE INTO budget_prices VALUES (?, ?, ?)", *one)
    return {"prices": len(rows)}


def charge(cloud: Cloud, sent: Body) -> None:
    """Adds a made-up charge at this moment."""
    project, paid, labels = str(sent.get("project", "")), sent.get("credits", {}), sent.get("labels", {})
    well = (
        _amount(sent.get("cost"))
        and isinstance(paid, dict)
        and all(map(_amount, paid.values()))
        and isinstance(labels, dict)
        and cloud.projects.find(project) is not None
    )
    if not well:
        raise invalid(_CHARGE)
    row = (project, str(sent.get("service", "")), json.dumps(labels), float(sent["cost"]), json.dumps(paid))
    cloud.store.sql("INSERT INTO budget_charges VALUES (?, ?, ?, ?, ?, ?)", cloud.clock.seconds(), *row)


def _amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _charges(cloud: Cloud, period: Period) -> Iterator[Charge]:
    until = period.end or datetime.max.replace(tzinfo=period.start.tzinfo)
    prices = {(sku, region): price for sku, region, price in cloud.store.sql("SELECT * FROM budget_prices")}
    for row in cloud.usage.rows("") if prices else ():
        sku, region = row["sku"]["id"], row["location"]["region"].lower()
        price = prices.get((sku, region), prices.get((sku, _EVERYWHERE), 0.0))
        moment = datetime.fromisoformat(row["usage_start_time"])
        if price and period.start <= moment < until:
            labels = {label["key"]: label["value"] for label in row["labels"]}
            cost = row["usage"]["amount_in_pricing_units"] * price
            yield Charge(moment, row["project"]["id"], row["service"]["id"], labels, cost, {})
    for moment, project, service, labels, cost, paid in cloud.store.sql(
        "SELECT * FROM budget_charges WHERE moment >= ? AND moment < ?", period.start.timestamp(), until.timestamp()
    ):
        when = datetime.fromtimestamp(moment, period.start.tzinfo)
        yield Charge(when, project, service, json.loads(labels), cost, json.loads(paid))


def _counts(cloud: Cloud, budget_filter: Body, one: Charge) -> bool:
    """Whether a charge passes a budget's filter; here, no project is in a folder or an organization."""
    projects, services = budget_filter.get("projects"), budget_filter.get("services")
    labels = budget_filter.get("labels", {})
    return (
        "resourceAncestors" not in budget_filter
        and (projects is None or f"projects/{cloud.projects.number(one.project)}" in projects)
        and (services is None or f"services/{one.service}" in services)
        and all(one.labels.get(key) in values for key, values in labels.items())
    )
