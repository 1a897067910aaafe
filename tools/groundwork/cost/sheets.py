"""Estimates, reports and credits as JSON and CSV: exact decimals, one fact per cell."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from groundwork.cost import catalogue
from groundwork.cost.amounts import exact
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.budget import BudgetStatus
from groundwork.cost.credits import CreditBalance
from groundwork.cost.credits import as_data as balances_json
from groundwork.cost.estimate import KINDS, Component, Estimate, PricedResource, Side
from groundwork.cost.report import CostReport, groupings
from groundwork.cost.report import as_data as report_json

Cell = str | int | None
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def written(rows: Iterable[Mapping[str, Cell]]) -> str:
    """Rows as CSV text with a header line; "" without rows. No name in a cell is a formula to a spreadsheet."""
    rows = list(rows)
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def _plain(cell: Cell) -> Cell:
    """A cell that spreadsheets take for a number or a text, never for a formula, which could send what else is in the sheet."""
    formula = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if formula else cell


def estimate_json(estimate: Estimate, today: date, *, simulated: bool, budget: BudgetStatus | None) -> dict[str, Any]:
    """An estimate as one JSON object; amounts are exact decimals in strings."""
    return {
        "budget": budget.data if budget else None,
        "simulated": simulated,
        "currency": "USD",
        "hours_a_month": 730,
        "before": _side(estimate.before),
        "after": _side(estimate.after),
        "delta_monthly": exact(estimate.delta),
        "changes": [_change(row) for row in estimate.rows],
        "assumptions": {name: _assumption(estimate, name) for name in estimate.assumed},
        "prices": [_price(price) for price in estimate.used],
        "stale_prices": [f"{price.key} in {price.region}" for price in catalogue.stale(estimate.used, today)],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "monthly": exact(side.monthly),
        "hourly": exact(round(side.hourly, 9)),
        "at_least": side.bounded,
        "list_monthly": exact(side.listed),
        "free_tiers": {tier.pool: exact(tier.off) for tier in side.free_tiers},
        "components": {kind: [_component(part) for part in side.of(kind)] for kind in KINDS},
    }


def _component(part: Component) -> dict[str, Any]:
    return {
        "address": part.address,
        "part": part.part,
        "monthly": None if part.kind == "unpriced" else exact(part.monthly),
        "quantity": exact(part.quantity),
        "unit": part.price.unit if part.price else None,
        "price": part.price.key if part.price else None,
        "assumptions": list(part.assumed),
        "why": part.why,
    }


def _change(row: PricedResource) -> dict[str, Any]:
    return {
        "address": row.address,
        "action": row.action,
        "before": None if row.before is None else exact(row.before),
        "after": None if row.after is None else exact(row.after),
        "delta": exact(row.delta),
    }


def _assumption(estimate: Estimate, name: str) -> dict[str, Any]:
    by_name = {key: exact(number) for key, number, _ in estimate.assumptions.own(name)}
    return {
        "value": exact(estimate.assumptions.value(name)),
        "from": estimate.assumptions.origin(name),
        **({"by_name": by_name} if by_name else {}),
    }


def _price(price: catalogue.Price) -> dict[str, Any]:
    return {
        "key": price.key,
        "region": price.region,
        "price": exact(price.price),
        "per": f"{price.per:f} {price.unit}",
        "read": price.read.isoformat(),
        "confidence": price.confidence,
        "source": price.source,
    }


def estimate_rows(estimate: Estimate) -> list[dict[str, Cell]]:
    """A row per component that exists after the plan, then one per free tier."""
    parts: list[dict[str, Cell]] = [
        {
            "address": part.address, "part": part.part, "kind": part.kind,
            "monthly_usd": None if part.kind == "unpriced" else exact(part.monthly), "why": part.why,
        }
        for part in estimate.after.components
    ]  # fmt: skip
    tiers: list[dict[str, Cell]] = [
        {"address": "", "part": tier.pool, "kind": "free tier", "monthly_usd": exact(-tier.off), "why": "free units"}
        for tier in estimate.after.free_tiers
    ]
    return [*parts, *tiers]


def report_rows(report: CostReport, only: Sequence[str]) -> list[dict[str, Cell]]:
    """A row per group, for the groupings in `only`, or for all."""
    document = report_json(report)
    rows: list[dict[str, Cell]] = []
    for grouping in only or groupings(report):
        name = grouping.replace(" ", "_")
        for group in document[f"by_{name}"]:
            amounts = {key: group[key] for key in group if key not in (name, "name", "complete")}
            rows.append(
                {"by": grouping, "key": group[name], "name": group["name"], "currency": report.currency, **amounts}
            )
    return rows


def credit_rows(balances: Sequence[CreditBalance], ledger: Ledger, today: date) -> list[dict[str, Cell]]:
    """A row per grant."""
    document = balances_json(balances, ledger, today)
    return [
        {
            "name": balance["name"], "member": grant["member"], "currency": balance["currency"], "amount": grant["amount"],
            "start": grant["start"], "expires": grant["expires"], "used": grant["used"], "left": grant["left"],
            "runs_out": grant["runs_out"]["likely"], "soonest": grant["runs_out"]["soonest"],
            "latest": grant["runs_out"]["latest"], "as_of": document["as_of"],
            "simulated": "simulated" if ledger.simulated else "",
        }
        for balance in document["credits"]
        for grant in balance["grants"]
    ]  # fmt: skip
