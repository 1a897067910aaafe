"""The estimated cost of a saved plan: components, free tiers, totals before and after, and a one-line summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from groundwork.cost import catalogue as prices
from groundwork.cost.amounts import ZERO, as_money, total
from groundwork.cost.assumptions import Assumptions
from groundwork.cost.catalogue import Catalogue, Price
from groundwork.cost.plan import ResourceChange, as_plans, changes
from groundwork.cost.resources import priced, why_free
from groundwork.resources.needs import HOURS_A_MONTH, Need, Planned, UnknownYet

Kind = Literal["fixed", "usage", "free", "unpriced"]
KINDS: tuple[Kind, ...] = ("fixed", "usage", "free", "unpriced")


@dataclass(frozen=True, slots=True)
class Component:
    """One item that a resource is charged for: `monthly` US dollars at list price, before any free tier.

    `why` says why a component is free or unpriced; an unpriced one has `monthly` 0 and makes its side a lower bound.
    """

    address: str
    part: str
    kind: Kind
    monthly: Decimal = ZERO
    quantity: Decimal = ZERO
    price: Price | None = None
    assumed: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class FreeTier:
    """What the free units of a pool save, in US dollars a month."""

    pool: str
    off: Decimal


@dataclass(frozen=True, slots=True)
class Side:
    """Everything that is charged for before the plan, or after it."""

    components: tuple[Component, ...]
    free_tiers: tuple[FreeTier, ...]

    @property
    def listed(self) -> Decimal:
        """US dollars a month at list prices."""
        return total(component.monthly for component in self.components)

    @property
    def monthly(self) -> Decimal:
        """US dollars a month after free tiers: a lower bound where `bounded`."""
        return self.listed - total(tier.off for tier in self.free_tiers)

    @property
    def hourly(self) -> Decimal:
        """US dollars an hour; a month has 730 hours."""
        return self.monthly / HOURS_A_MONTH

    @property
    def bounded(self) -> bool:
        """Whether something is unpriced, so that the figures are lower bounds."""
        return any(component.kind == "unpriced" for component in self.components)

    def of(self, kind: Kind) -> list[Component]:
        """The components of one kind."""
        return [component for component in self.components if component.kind == kind]


@dataclass(frozen=True, slots=True)
class PricedResource:
    """A resource and its planned action; US dollars a month at list prices before and after, None where it does not exist."""

    address: str
    action: str
    before: Decimal | None
    after: Decimal | None

    @property
    def delta(self) -> Decimal:
        """US dollars a month that the plan adds, at list prices."""
        return (self.after or ZERO) - (self.before or ZERO)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of one plan or of several that share a billing account."""

    before: Side
    after: Side
    rows: tuple[PricedResource, ...]
    assumptions: Assumptions

    @property
    def delta(self) -> Decimal:
        """US dollars a month that the plan adds, after free tiers."""
        return self.after.monthly - self.before.monthly

    @property
    def used(self) -> list[Price]:
        """The catalogue's rows behind the figures."""
        both = (*self.before.components, *self.after.components)
        return sorted({c.price for c in both if c.price}, key=lambda price: (price.key, price.region))

    @property
    def assumed(self) -> list[str]:
        """The names of the assumptions behind the figures."""
        both = (*self.before.components, *self.after.components)
        return sorted({name for component in both for name in component.assumed})


def estimate(
    plan: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    assumptions: Assumptions | None = None,
) -> Estimate:
    """What `plan` costs: the object that `terraform show -json` prints, or one per layer.

    Several plans share their free tiers, as everything on one billing account does.
    Raises UsageProblem when `plan` is not a plan.
    """
    numbers, rows = assumptions or Assumptions(), prices.read()
    found = [change for one in as_plans(plan) for change in changes(one)]
    before = [(change, list(_components(change.before, numbers, rows))) for change in found]
    after = [(change, list(_components(change.after, numbers, rows))) for change in found]
    return Estimate(
        before=_side((c for _, parts in before for c in parts), numbers, rows),
        after=_side((c for _, parts in after for c in parts), numbers, rows),
        rows=tuple(_row(change, b, a) for (change, b), (_, a) in zip(before, after, strict=True)),
        assumptions=numbers,
    )


def _row(change: ResourceChange, before: list[Component], after: list[Component]) -> PricedResource:
    return PricedResource(
        address=change.address,
        action=change.action,
        before=total(c.monthly for c in before) if change.before else None,
        after=total(c.monthly for c in after) if change.after else None,
    )


def _components(resource: Planned | None, assumptions: Assumptions, catalogue: Catalogue) -> Iterator[Component]:
    if resource is None:
        return
    planner = priced().get(resource.type)
    if planner is None:
        why = why_free(resource.type)
        kind: Kind = "free" if why else "unpriced"
        yield Component(resource.address, "all of it", kind, why=why or f"no price is known for {resource.type}")
        return
    try:
        for need in planner(resource, assumptions):
            yield _priced(resource, need, catalogue)
    except UnknownYet as unknown:
        yield Component(
            resource.address, "the rest", "unpriced", why=f"its {unknown.attribute} is known only after apply"
        )
    except (InvalidOperation, ValueError, TypeError):
        yield Component(resource.address, "the rest", "unpriced", why="one of its sizes is not a valid number")


def _priced(resource: Planned, need: Need, catalogue: Catalogue) -> Component:
    price = catalogue.find(need.key, need.region)
    if price is None:
        why = f"no price for {need.key} in {need.region.lower()} in the catalogue"
        return Component(resource.address, need.part, "unpriced", quantity=need.quantity, assumed=need.assumed, why=why)
    return Component(
        resource.address, need.part, need.kind, price.cost(need.quantity), need.quantity, price, need.assumed
    )


def _side(components: Iterable[Component], assumptions: Assumptions, catalogue: Catalogue) -> Side:
    parts = tuple(components)
    spent: dict[str, Decimal] = {}
    for component in parts:
        if component.price and component.price.pool:
            pool = component.price.pool
            spent[pool] = spent.get(pool, ZERO) + component.monthly
    share = assumptions.value("free_tier_share")
    tiers = [FreeTier(pool, min(amount, catalogue.free_tier(pool) * share)) for pool, amount in sorted(spent.items())]
    return Side(parts, tuple(tier for tier in tiers if tier.off))


def sentence(found: Estimate, today: date) -> str:
    """An estimate in one line, with a warning of prices that are older than 180 days."""
    after = found.after
    parts = [
        f"fixed {as_money(total(c.monthly for c in after.of('fixed')))}",
        f"by usage {as_money(total(c.monthly for c in after.of('usage')))}",
    ]
    free = total(tier.off for tier in after.free_tiers)
    parts += [f"free tier {as_money(-free)}"] if free else []
    unpriced = len({c.address for c in after.of("unpriced")})
    parts += [f"{unpriced} unpriced"] if unpriced else []
    bound = "≥ " if after.bounded else ""
    hourly = f"${after.hourly:.4f}" if ZERO < after.hourly < 1 else as_money(after.hourly)
    text = f"Cost: {a_month(found)} ({bound}{hourly} an hour): {', '.join(parts)}. This plan: {as_money(found.delta, signed=True)} a month."
    return text + stale_note(found, today)


def a_month(found: Estimate) -> str:
    """The total as text: "$12.40 a month", or "≥ $12.40 a month" where something is unpriced."""
    return f"{'≥ ' if found.after.bounded else ''}{as_money(found.after.monthly)} a month"


def stale_note(found: Estimate, today: date) -> str:
    """A warning where a price behind the figures is older than 180 days, else ""."""
    old = prices.stale(found.used, today)
    if not old:
        return ""
    were = "was" if len(old) == 1 else "were"
    return f" Warning: {len(old)} of the prices used {were} read more than {prices.STALE_AFTER_DAYS} days ago, the oldest ({old[0].key}) on {old[0].read}."
