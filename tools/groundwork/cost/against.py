"""Compares the estimate for what is up with recent spending, by service: the one grouping that both have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from groundwork.cost.amounts import ZERO, as_money, exact, total
from groundwork.cost.assumptions import Assumptions
from groundwork.cost.estimate import Component, Estimate, estimate
from groundwork.cost.report import CostReport
from groundwork.terraform.state import State
from groundwork.text import counted

DAYS = 30
# Names of services on a bill, by the first part of a price's key, or by the first two; downloads from buckets count as Cloud Storage.
SERVICES = {
    "artifactregistry": "Artifact Registry",
    "build": "Cloud Build",
    "compute": "Compute Engine",
    "logging": "Cloud Logging",
    "monitoring": "Cloud Monitoring",
    "network": "Networking",
    "network.egress": "Cloud Storage",
    "pubsub": "Cloud Pub/Sub",
    "run": "Cloud Run",
    "scheduler": "Cloud Scheduler",
    "secretmanager": "Secret Manager",
    "storage": "Cloud Storage",
    "vertex": "Vertex AI",
}


@dataclass(frozen=True, slots=True)
class SpendComparison:
    """By service: the estimate in US dollars a month at list prices, and what was spent in the `days` up to and including `until`."""

    until: date
    days: int
    services: tuple[tuple[str, Decimal, Decimal], ...]


def of_states(states: Iterable[State], assumptions: Assumptions) -> Estimate:
    """Estimate what is up, as a plan that changes nothing in the resources of the states."""
    entries = [
        {
            "address": one.address,
            "type": one.type,
            "mode": "managed",
            "change": {"actions": ["no-op"], "before": one.attributes, "after": one.attributes},
        }
        for state in states
        for one in state.resources
    ]
    return estimate({"format_version": "1.2", "resource_changes": entries}, assumptions)


def against(report: CostReport, expected: Estimate) -> SpendComparison:
    """Compare the estimate with the last thirty days of costs, or with as many days as there are."""
    last = max(line.day for line in report.lines)
    first = max(last - timedelta(days=DAYS - 1), min(line.day for line in report.lines))
    spent: dict[str, Decimal] = {}
    for line in report.lines:
        if first <= line.day <= last:
            spent[line.service] = total((spent.get(line.service, ZERO), line.before_promotion))
    awaited: dict[str, Decimal] = {}
    for part in expected.after.components:
        if part.price:
            awaited[_service(part)] = total((awaited.get(_service(part), ZERO), part.monthly))
    names = sorted({*spent, *awaited}, key=lambda name: (-spent.get(name, ZERO), -awaited.get(name, ZERO), name))
    return SpendComparison(
        last, (last - first).days + 1, tuple((name, awaited.get(name, ZERO), spent.get(name, ZERO)) for name in names)
    )


def _service(part: Component) -> str:
    """The service that Google bills a component under."""
    if part.price is None:
        return "other"
    first, second, *_ = part.price.key.split(".")
    return SERVICES.get(f"{first}.{second}") or SERVICES[first]


def as_data(found: SpendComparison) -> dict[str, Any]:
    """The comparison as `cost report --json` prints it: amounts are exact decimals in strings."""
    return {
        "until": found.until.isoformat(),
        "days": found.days,
        "by_service": [
            {"service": name, "estimate_a_month": exact(awaited), "spent": exact(spent)}
            for name, awaited, spent in found.services
        ],
    }


def lines(found: SpendComparison, currency: str) -> list[str]:
    """The comparison as lines of text."""
    wide = max((len(name) for name, _, _ in found.services), default=0)
    head = f"Estimate a month at list prices, and spent in {counted(found.days, 'day')} until {found.until}"
    return [
        head,
        *(
            f"  {name:<{wide}}  {as_money(awaited):>10}  {as_money(spent, currency):>10}"
            for name, awaited, spent in found.services
        ),
    ]


def drawn(found: SpendComparison, currency: str, simulated: str) -> str:
    """The comparison as an HTML table."""
    title = f"Estimate and bill{simulated}"
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{escape(as_money(awaited))}</td><td class="number">{escape(as_money(spent, currency))}</td></tr>'
        for name, awaited, spent in (
            *found.services,
            ("all", total(one[1] for one in found.services), total(one[2] for one in found.services)),
        )
    )
    return (
        f'<h2>{title}</h2>\n<p class="soft">Before free tiers; the bill is of {counted(found.days, "day")} until {found.until}, before promotional credits.</p>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>\n<tr><th scope="col">service</th><th scope="col" class="number">estimate a month</th>'
        f'<th scope="col" class="number">spent</th></tr>\n{rows}\n</table></div>'
    )
