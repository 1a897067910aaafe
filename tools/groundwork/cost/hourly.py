"""What an hour of something that runs costs, at list prices."""

from __future__ import annotations

from decimal import Decimal

from groundwork.cost.catalogue import read
from groundwork.resources.item import Item
from groundwork.resources.kind import Pausing
from groundwork.resources.registry import kinds


def hourly(item: Item) -> Decimal | None:
    """US dollars an hour, without what it costs at rest, too; 0 for what only starts others, None where a price is unknown."""
    how = kinds()[item.kind].pausing
    assert isinstance(how, Pausing)
    if how.hourly is None:
        return Decimal(0) if how.free else None
    total = Decimal(0)
    for need in how.hourly(item):
        price = read().find(need.key, need.region)
        if price is None:
            return None
        total += price.price / price.per * need.quantity
    return total
