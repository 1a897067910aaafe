"""An estimate as a tree: the total, each component with what it is charged for, and a line with the assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from groundwork.cost.amounts import ZERO, as_money, as_quantity, total
from groundwork.cost.estimate import Component, Estimate, sentence
from groundwork.resources.words import component


@dataclass(frozen=True, slots=True)
class Branch:
    """A component in the team's words and what it is charged for, most expensive first."""

    name: str
    parts: tuple[Component, ...]

    @property
    def monthly(self) -> Decimal:
        """US dollars a month at list prices."""
        return total(part.monthly for part in self.parts)


def branches(parts: Iterable[Component]) -> list[Branch]:
    """Everything priced or unpriced, by component; the most expensive first."""
    found: dict[str, list[Component]] = {}
    for part in parts:
        if part.kind != "free":
            found.setdefault(component(part.address), []).append(part)
    made = [Branch(name, tuple(sorted(own, key=lambda part: -part.monthly))) for name, own in found.items()]
    return sorted(made, key=lambda branch: (-branch.monthly, branch.name))


def of_estimate(estimate: Estimate, today: date) -> Iterator[Table | Text]:
    """The total, the tree, and the assumptions and prices behind it."""
    yield Text(sentence(estimate, today))
    if tree := branches(estimate.after.components):
        yield _tree(estimate, tree)
    free = len({part.address for part in estimate.after.of("free")})
    if free:
        yield Text(f"{free} more resources are free; --details says why, and lists every address.")
    if estimate.assumed:
        values = ", ".join(f"{name} {estimate.assumptions.value(name):f}" for name in estimate.assumed)
        yield Text(f"Assumed: {values}. To change these, set cost.assumptions in the environment file.")
    if read := sorted({price.read for price in estimate.used}):
        yield Text(
            f"{len(estimate.used)} list prices in US dollars, read {read[0]} to {read[-1]}; --json gives the source of each. A month has 730 hours."
        )


def _tree(estimate: Estimate, tree: Iterable[Branch]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("what", overflow="fold")
    table.add_column("quantity", justify="right", overflow="fold", style="dim")
    table.add_column("a month", justify="right", no_wrap=True)
    for branch in tree:
        table.add_row(branch.name, "", as_money(branch.monthly), style="bold")
        for number, part in enumerate(branch.parts):
            joint = "└" if number == len(branch.parts) - 1 else "├"
            table.add_row(f"{joint} {part.part}", *_charge(part))
    if free := total((ZERO, *(tier.off for tier in estimate.after.free_tiers))):
        table.add_row("free tiers, once for the whole billing account", "", as_money(-free), style="bold")
    return table


def _charge(part: Component) -> tuple[str, str]:
    if part.kind == "unpriced":
        return part.why, "?"
    return as_quantity(part.quantity, part.price.unit if part.price else ""), as_money(part.monthly)
