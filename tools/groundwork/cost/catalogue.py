"""The price catalogue: prices.csv has one row, with date and source, for everything that is charged for."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from groundwork.cost.amounts import ZERO, decimal
from groundwork.errors import GroundworkError

PRICES = Path(__file__).with_name("prices.csv")
STALE_AFTER_DAYS = 180
ANYWHERE = "*"
CONFIDENCES = {
    "page": "read on Google's price page",
    "catalogue": "from the public SKU catalogue",
    "derived": "worked out from another row",
    "reported": "from bills or price tables that others published",
}


class CatalogueProblem(GroundworkError):
    """A row of prices.csv is not a valid price."""


@dataclass(frozen=True, slots=True)
class Price:
    """A row of the catalogue: what `per` units cost in US dollars, and the tiers above the first.

    `tiers` are (start quantity, price per `per`). Everything in `pool` shares `free` free units a month, once per
    billing account. `read` is the day on which the price was looked up.
    """

    key: str
    region: str
    unit: str
    per: Decimal
    price: Decimal
    tiers: tuple[tuple[Decimal, Decimal], ...]
    free: Decimal
    pool: str
    source: str
    read: date
    confidence: str
    note: str

    def cost(self, quantity: Decimal) -> Decimal:
        """US dollars for `quantity` units in a month, before any free tier."""
        starts = [(ZERO, self.price), *self.tiers]
        ends = [start for start, _ in self.tiers] + [None]
        spent = ZERO
        for (start, price), end in zip(starts, ends, strict=True):
            top = quantity if end is None else min(quantity, end)
            spent += max(top - start, ZERO) / self.per * price
        return spent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every row by (key, region)."""

    rows: Mapping[tuple[str, str], Price]

    def find(self, key: str, region: str) -> Price | None:
        """The row for a region, else the one for any region, else None; never another region's price."""
        return self.rows.get((key, region.lower())) or self.rows.get((key, ANYWHERE))

    def free_tier(self, pool: str) -> Decimal:
        """US dollars a month that a pool's free units are worth, at its lowest price.

        Source for the lowest price: Cloud Run's page, where the free tier is a discount on spending at tier 1 prices;
        every other pool has one price.
        """
        return min(row.cost(row.free) for row in self.rows.values() if row.pool == pool)


def stale(prices: Iterable[Price], today: date) -> list[Price]:
    """The rows among `prices` that were read more than 180 days before `today`, oldest first."""
    old = {price for price in prices if (today - price.read).days > STALE_AFTER_DAYS}
    return sorted(old, key=lambda price: (price.read, price.key, price.region))


@cache
def read(path: Path = PRICES) -> Catalogue:
    """The catalogue in `path`. Raises CatalogueProblem naming the line that is not a valid price."""
    rows: dict[tuple[str, str], Price] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for line, fields in enumerate(csv.DictReader(file), start=2):
            price = _price(fields, f"{path.name}:{line}")
            if (price.key, price.region) in rows:
                raise CatalogueProblem(
                    f"{path.name}:{line}: {price.key} in {price.region} appears twice; keep one row."
                )
            rows[price.key, price.region] = price
    return Catalogue(rows)


def _price(fields: Mapping[str, str], where: str) -> Price:
    try:
        return Price(
            key=_filled(fields, "key"), region=_filled(fields, "region"), unit=_filled(fields, "unit"),
            per=_number(fields, "per"), price=_number(fields, "price"), tiers=_tiers(fields["tiers"]),
            free=_number(fields, "free") if fields["free"] else ZERO, pool=fields["pool"],
            source=_filled(fields, "source"), read=date.fromisoformat(fields["read"]),
            confidence=_confidence(fields), note=fields["note"],
        )  # fmt: skip
    except (KeyError, ValueError) as problem:
        raise CatalogueProblem(f"{where}: not a price: {problem}; correct this row of the catalogue.") from problem


def _filled(fields: Mapping[str, str], name: str) -> str:
    if not fields[name]:
        raise ValueError(f"{name} is empty")
    return fields[name]


def _confidence(fields: Mapping[str, str]) -> str:
    if fields["confidence"] not in CONFIDENCES:
        raise ValueError(f"confidence is {fields['confidence']!r}, which is none of {', '.join(CONFIDENCES)}")
    return fields["confidence"]


def _number(fields: Mapping[str, str], name: str) -> Decimal:
    number = decimal(fields[name])
    if number is None or number < 0 or (name == "per" and number == 0):
        raise ValueError(f"{name} is {fields[name]!r}")
    return number


def _tiers(text: str) -> tuple[tuple[Decimal, Decimal], ...]:
    pairs = [pair.split(":") for pair in text.split(";") if pair]
    if any(len(pair) != 2 or None in map(decimal, pair) for pair in pairs):
        raise ValueError(f"tiers is {text!r}")
    return tuple((Decimal(start), Decimal(price)) for start, price in pairs)
