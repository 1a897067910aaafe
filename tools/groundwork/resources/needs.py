"""The expected monthly usage of a planned resource, from which the price catalogue gives an estimate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

Manner = Literal["fixed", "usage"]
HOURS_A_MONTH = Decimal(730)
"""A month as in Google's pricing calculator: 365 days of 24 hours, divided by 12."""
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
_KEY = re.compile(r'\["([^"]+)"\]')


class UnknownYet(Exception):
    """An attribute that a price depends on is only known after apply."""

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Planned:
    """One side of a change: `values` in Terraform's form, `unknown` true where they are not known yet."""

    address: str
    type: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The team's name for it: the last for_each key in the address, else the address."""
        keys = _KEY.findall(self.address)
        return str(keys[-1]) if keys else self.address

    def get(self, attribute: str, default: Any = None) -> Any:
        """The value, `default` when it is null or empty. Raises UnknownYet if it is only known after apply."""
        value = self.values.get(attribute)
        if value not in (None, "", [], {}):
            return value
        if self.unknown.get(attribute) and default is None:
            raise UnknownYet(attribute)
        return default

    def block(self, name: str) -> Planned:
        """The first block called `name`, as a resource of its own; empty when there is none."""
        values, unknown = self.values.get(name) or [{}], self.unknown.get(name) or [{}]
        first = unknown[0] if isinstance(unknown, list) else {}
        return Planned(self.address, self.type, values[0] or {}, first if isinstance(first, dict) else {})

    def blocks(self, name: str) -> list[Planned]:
        """Every block called `name`."""
        count = len(self.values.get(name) or [])
        unknown = self.unknown.get(name)
        marks = unknown if isinstance(unknown, list) and len(unknown) == count else [{}] * count
        return [
            Planned(self.address, self.type, values or {}, mark if isinstance(mark, dict) else {})
            for values, mark in zip(self.values.get(name) or [], marks, strict=True)
        ]


class Assumed(Protocol):
    """Usage that is not in a plan, such as stored bytes and requests."""

    def value(self, assumption: str, name: str = "") -> Decimal:
        """The number for the resource called `name`."""
        ...


@dataclass(frozen=True, slots=True)
class Need:
    """`quantity` of the catalogue's `key` in `region` every month; `assumed` names the assumptions behind the quantity.

    `fixed` needs exist as long as the resource does; `usage` needs come from assumptions.
    """

    part: str
    key: str
    region: str
    quantity: Decimal
    kind: Manner
    assumed: tuple[str, ...] = ()


Planner = Callable[[Planned, Assumed], Iterator[Need]]


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity computed from assumptions for one resource, with their names."""

    quantity: Decimal
    names: tuple[str, ...]

    def times(self, factor: Decimal | int) -> Amount:
        """The amount multiplied by `factor`, with the same assumptions."""
        return Amount(self.quantity * factor, self.names)


def assume(assumptions: Assumed, resource: Planned, *names: str) -> Amount:
    """The product of the named assumptions for `resource`."""
    product = Decimal(1)
    for name in names:
        product *= assumptions.value(name, resource.name)
    return Amount(product, names)


def usage(part: str, key: str, region: str, amount: Amount) -> Need:
    """A need that depends on usage."""
    return Need(part, key, region, amount.quantity, "usage", amount.names)


def fixed(part: str, key: str, region: str, quantity: Decimal, assumed: tuple[str, ...] = ()) -> Need:
    """A need that exists as long as the resource does."""
    return Need(part, key, region, quantity, "fixed", assumed)
