"""The generated tables of assumptions, priced types, free types and prices in docs/cost.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from groundwork.cost import catalogue
from groundwork.cost.assumptions import DEFAULTS
from groundwork.cost.catalogue import Price
from groundwork.cost.resources import free, priced
from groundwork.docs import Generated, table

PAGE = Path("docs") / "cost.md"


def cost_tables(root: Path) -> Iterator[Generated]:
    """Every assumption with its default, every priced or free type, every price with its source and date."""
    assumptions = [[f"`{name}`", f"{one.value:f} {one.unit}", f"{one.meaning}."] for name, one in DEFAULTS.items()]
    yield Generated(root / PAGE, "assumptions", table(["Name", "Default", "What it is"], assumptions))
    yield Generated(root / PAGE, "types", table(["Type", "Cost"], list(_types())))
    columns = ["Price", "Region", "US dollars", "Free a month", "Read", "Known how", "Page"]
    rows = sorted(catalogue.read().rows.values(), key=lambda price: (price.key, price.region))
    yield Generated(root / PAGE, "prices", table(columns, [_price(price) for price in rows]))


def _types() -> Iterator[list[str]]:
    for name, planner in priced().items():
        sentence = " ".join((planner.__doc__ or "").split("\n\n", 1)[0].split())
        yield [f"`{name}`", sentence]
    for name, why in free().items():
        yield [f"`{name}`", f"Free: {why}."]
    yield ["`google_*_iam_member`, `_binding`, `_policy`", "Free: access rules are free."]


def _price(price: Price) -> list[str]:
    per = f"{price.per:f} {price.unit}" if price.per != 1 else price.unit
    above = "".join(f"; {amount:f} from {start:f}" for start, amount in price.tiers)
    page = price.source.removeprefix("https://cloud.google.com/")
    return [
        f"`{price.key}`",
        "anywhere" if price.region == catalogue.ANYWHERE else price.region,
        f"{price.price:f} per {per}{above}",
        f"{price.free:f}" if price.free else "-",
        price.read.isoformat(),
        price.confidence + (f": {price.note}" if price.note else ""),
        f"[{page}]({price.source})",
    ]
