"""The local cloud's metered usage as a ledger: at Google's list prices, with members' grants as credits."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from groundwork.cost import catalogue, grants
from groundwork.cost.billing import files
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.billing.loading import Labels
from groundwork.cost.grants import CreditGrant
from groundwork.cost.report import member_names
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local

_ORIGIN = "the local cloud"
_SIMULATED = (
    "Simulated: usage of the local cloud was metered and is shown at Google's list prices, before free tiers and volume "
    "discounts; members' grants pay for what carries their label. Nothing is billed."
)


def ledger(environment: Environment, labels: Labels) -> Ledger:
    """The ledger of the local cloud's usage. Raises UsageProblem where there is none."""
    found = so_far(environment, labels)
    if not found.lines:
        raise UsageProblem(
            "Nothing that is charged for has been used on the local cloud yet: stored bytes count from the next full hour. Give --file "
            "EXPORT to read an export, or --demo for a simulated one."
        )
    return found


def so_far(environment: Environment, labels: Labels) -> Ledger:
    """The ledger of the local cloud's usage, which may be empty."""
    entered = grants.parse(environment.cost.get("grants"))
    usage = local.usage(Checkout(environment.root))
    rows = [_paid(row, entered, environment, labels) for row in _priced(usage)]
    if not rows:
        return Ledger((), _ORIGIN, simulation=_SIMULATED)
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        path = Path(folder, "used.ndjson")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        found = files.read([path], labels)
    return replace(found, origin=_ORIGIN, parts=(), simulation=_SIMULATED)


def _priced(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with their cost, without those that the catalogue has no price for."""
    prices = catalogue.read()
    for row in rows:
        price = prices.find(row["sku"]["id"], row["location"]["region"])
        if price is not None:
            quantity = Decimal(str(row["usage"]["amount_in_pricing_units"]))
            yield row | {"cost": f"{quantity / price.per * price.price:.12f}"}


def _paid(
    row: dict[str, Any], entered: Sequence[CreditGrant], environment: Environment, labels: Labels
) -> Mapping[str, Any]:
    """A row, paid by promotional credits if the member whose label it carries has a valid grant on that day."""
    carried = {label["key"]: label["value"] for label in row["labels"]}
    label = carried.get(labels.member, "")
    member = member_names(environment.members).get(label, label)
    day = row["usage_start_time"][:10]
    paying = [grant for grant in entered if grant.member == member and f"{grant.start}" <= day < f"{grant.expires}"]
    if not paying:
        return row
    credit = {"name": "Grant", "amount": f"-{row['cost']}", "type": "PROMOTION"}
    return row | {"credits": [*row["credits"], credit]}
