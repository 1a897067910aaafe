"""What was used on the local cloud, at Google's list prices: its rows are those of the billing export, but for the costs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from groundwork.cost import catalogue, files
from groundwork.cost.ledger import Ledger
from groundwork.cost.loading import Labels
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google import local

_NOTE = "The local cloud bills nothing: its use is shown at list prices, before free tiers and tiers (simulated)."


def ledger(environment: Environment, labels: Labels) -> Ledger:
    """The ledger of what was used on the local cloud. Raises UsageProblem where nothing was."""
    rows = list(_priced(local.usage(Checkout(environment.path.parents[1]))))
    if not rows:
        raise UsageProblem(
            "Nothing that costs was used on the local cloud yet: stored bytes count from the next full hour. Give --file EXPORT to read "
            "an export, or --demo for a simulated one."
        )
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        path = Path(folder, "used.ndjson")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        found = files.read([path], labels)
    return Ledger(found.lines, "the local cloud", (*found.notes, _NOTE))


def _priced(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with a cost, what the catalogue has no price for left out."""
    prices = catalogue.read()
    for row in rows:
        price = prices.find(row["sku"]["id"], row["location"]["region"])
        if price is not None:
            quantity = Decimal(str(row["usage"]["amount_in_pricing_units"]))
            yield row | {"cost": f"{quantity / price.per * price.price:.12f}"}
