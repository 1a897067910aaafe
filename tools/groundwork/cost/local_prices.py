"""Google's list prices for the local cloud, which knows none: it compares its usage with budgets at them."""

from __future__ import annotations

from groundwork.cost import catalogue
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.google import local


def tell(environment: Environment, checkout: Checkout) -> None:
    """Sends the catalogue to the local cloud of an environment that has a budget there. Raises GroundworkError."""
    if not environment.local or environment.budget is None or not environment.budget.billing_account:
        return
    rows = catalogue.read().rows.values()
    local.keep_prices(
        checkout, [{"sku": row.key, "region": row.region, "price": float(row.price / row.per)} for row in rows]
    )
