"""What a resource will use in a month: needs, which the estimate turns into money with the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from groundwork.cost.assumptions import Assumptions
from groundwork.cost.plan import Resource

Kind = Literal["fixed", "usage"]


@dataclass(frozen=True, slots=True)
class Need:
    """`quantity` of the catalogue's `key` in `region` every month; `assumed` names the assumptions behind the quantity.

    `fixed` needs are there while the resource is, whatever it does; `usage` needs come from assumptions.
    """

    part: str
    key: str
    region: str
    quantity: Decimal
    kind: Kind
    assumed: tuple[str, ...] = ()


Planner = Callable[[Resource, Assumptions], Iterator[Need]]


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity worked out from assumptions for one resource, with their names."""

    quantity: Decimal
    names: tuple[str, ...]

    def times(self, factor: Decimal | int) -> Amount:
        """The same assumptions behind `factor` times as much."""
        return Amount(self.quantity * factor, self.names)


def assume(assumptions: Assumptions, resource: Resource, *names: str) -> Amount:
    """The product of the named assumptions for `resource`."""
    product = Decimal(1)
    for name in names:
        product *= assumptions.value(name, resource.name)
    return Amount(product, names)


def usage(part: str, key: str, region: str, amount: Amount) -> Need:
    """A need that depends on use."""
    return Need(part, key, region, amount.quantity, "usage", amount.names)


def fixed(part: str, key: str, region: str, quantity: Decimal, assumed: tuple[str, ...] = ()) -> Need:
    """A need that is there as long as the resource is."""
    return Need(part, key, region, quantity, "fixed", assumed)
