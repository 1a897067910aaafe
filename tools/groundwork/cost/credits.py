"""How long the credits last: what is left of each grant, and the range of days in which it runs out.

There is no API for a credit balance (Cloud Billing v1 has none), so what is left is what was entered less what the
export shows as used. It is not an official balance, and the newest costs are not in the export yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from groundwork.cost.amounts import ZERO, exact, total
from groundwork.cost.billing.ledger import Ledger, Line
from groundwork.cost.grants import CreditGrant
from groundwork.cost.report import member_names

WINDOW_DAYS = 28
SMOOTHED_DAYS = 7
FEWEST_DAYS = 7
LOW, HIGH = Decimal("0.1"), Decimal("0.9")
FURTHEST_DAYS = 3650
HOW = (
    f"Left = what was entered less the promotional credits in the export. The day on which credits run out assumes the mean daily cost "
    f"before promotional credits of the last {WINDOW_DAYS} complete days; the range comes from the {SMOOTHED_DAYS}-day means among them "
    f"(10th to 90th percentile). This is not an official balance: only the console has that."
)


@dataclass(frozen=True, slots=True)
class BurnRate:
    """Daily cost before promotional credits: the mean, and the 10th and 90th percentile of the 7-day means.

    All three are None where fewer than seven complete days are known.
    """

    mean: Decimal | None
    slow: Decimal | None
    fast: Decimal | None
    days: int


@dataclass(frozen=True, slots=True)
class PredictedDay:
    """A predicted day: by the mean burn, the soonest by the fast one, the latest by the slow one; None where there is no prediction."""

    likely: date | None
    soonest: date | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class GrantBalance:
    """The state of a grant on a day: what was `used` since `grant.counted_from`, what is `left`, and when it will be `empty`.

    In `empty`, None means not before it expires, or that no rate is known. `lost` is what will be unused when it expires, at the mean burn.
    """

    grant: CreditGrant
    used: Decimal
    left: Decimal
    empty: PredictedDay
    lost: Decimal

    def expired(self, today: date) -> bool:
        """Whether it no longer pays."""
        return self.grant.expires <= today


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """The grants that pay for the same costs, those of one billing account or member; they are used up in order of expiry.

    `over` is what was used beyond all of them, so that a grant must be missing. `end` is the day from which none pays any
    more, because all are empty or expired.
    """

    name: str
    standings: tuple[GrantBalance, ...]
    burn: BurnRate
    over: Decimal
    currency: str
    end: PredictedDay

    @property
    def whose(self) -> str:
        """The members whose grants these are, with the billing account that they pay for, if any."""
        members = ", ".join(dict.fromkeys(standing.grant.member for standing in self.standings))
        return f"{members} ({self.name})" if self.standings[0].grant.account else members

    @property
    def left(self) -> Decimal:
        """The sum that is left of its grants."""
        return total(standing.left for standing in self.standings)


def balances(grants: Sequence[CreditGrant], ledger: Ledger, today: date) -> list[CreditBalance]:
    """Every credit balance on `today`, from the costs in `ledger`."""
    ordered = sorted(grants, key=lambda grant: (_balance_key(grant), grant.expires, grant.start))
    return [_balance(key, list(held), ledger, today) for key, held in groupby(ordered, _balance_key)]


def left_on(balance: CreditBalance, ledger: Ledger, day: date) -> Decimal:
    """What was left of a balance at the end of a day, according to the costs known now."""
    grants = [standing.grant for standing in balance.standings if standing.grant.counted_from <= day]
    if not grants:
        return ZERO
    lines = [line for line in ledger.lines if line.span[1] <= day and _pays(grants[0])(line)]
    used, _ = _used(grants, lines)
    return total(_remainder(grant, spent, day) for grant, spent in zip(grants, used, strict=True))


def _balance_key(grant: CreditGrant) -> tuple[str, str]:
    """Grants without an account pay for what carries the member's label."""
    return (grant.account or f"label {grant.member}", grant.currency)


def _balance(key: tuple[str, str], grants: list[CreditGrant], ledger: Ledger, today: date) -> CreditBalance:
    lines = [line for line in ledger.lines if _pays(grants[0])(line)]
    used, over = _used(grants, lines)
    left = [_remainder(grant, spent, today) for grant, spent in zip(grants, used, strict=True)]
    burn = _burn(lines, ledger, today)
    begin = min(ledger.as_of.date(), today) if ledger.as_of else today
    likely, soonest, latest = (_ends(grants, left, pace, begin) for pace in (burn.mean, burn.fast, burn.slow))
    standings = [
        GrantBalance(
            grant, used[n], left[n], PredictedDay(likely.days[n], soonest.days[n], latest.days[n]), likely.spare[n]
        )
        for n, grant in enumerate(grants)
    ]
    end = (
        PredictedDay(*(ends.last(grants) for ends in (likely, soonest, latest)))
        if burn.mean
        else PredictedDay(None, None, None)
    )
    return CreditBalance(key[0], tuple(standings), burn, over, key[1], end)


def _pays(grant: CreditGrant) -> Callable[[Line], bool]:
    if grant.account:
        return lambda line: line.account == grant.account and line.currency == grant.currency
    names = member_names([grant.member])
    return lambda line: names.get(line.member, line.member) == grant.member and line.currency == grant.currency


def _used(grants: Sequence[CreditGrant], lines: Iterable[Line]) -> tuple[list[Decimal], Decimal]:
    """What each grant paid, charged by day and in order of expiry, and what no grant can have paid."""
    used, over = [ZERO] * len(grants), ZERO
    for (first, last), spent in sorted(_promotion_by_span(lines).items()):
        rest = spent
        for index, grant in enumerate(grants):
            if grant.counted_from <= last and first < grant.expires:
                part = min(rest, grant.opening - used[index])
                used[index], rest = used[index] + part, rest - part
        if any(grant.counted_from <= last for grant in grants):
            over += max(rest, ZERO)
    return used, over


def _promotion_by_span(lines: Iterable[Line]) -> dict[tuple[date, date], Decimal]:
    spans: dict[tuple[date, date], Decimal] = {}
    for line in lines:
        spans[line.span] = spans.get(line.span, ZERO) - line.promotion
    return spans


def _remainder(grant: CreditGrant, used: Decimal, today: date) -> Decimal:
    return ZERO if grant.expires <= today else grant.opening - used


def _burn(lines: Sequence[Line], ledger: Ledger, today: date) -> BurnRate:
    """The daily cost over the complete days, which are those more than a day older than the newest export; at most the last 28."""
    if not ledger.daily or not lines:
        return BurnRate(None, None, None, 0)
    newest = ledger.as_of.date() if ledger.as_of else today
    last = min(newest, today) - timedelta(days=2)
    first = max(min(line.day for line in ledger.lines), last - timedelta(days=WINDOW_DAYS - 1))
    spent: dict[date, Decimal] = {}
    for line in lines:
        spent[line.day] = spent.get(line.day, ZERO) + line.before_promotion
    days = [spent.get(first + timedelta(days=n), ZERO) for n in range((last - first).days + 1)]
    if len(days) < FEWEST_DAYS:
        return BurnRate(None, None, None, len(days))
    means = sorted(total(days[n : n + SMOOTHED_DAYS]) / SMOOTHED_DAYS for n in range(len(days) - SMOOTHED_DAYS + 1))
    return BurnRate(total(days) / len(days), _quantile(means, LOW), _quantile(means, HIGH), len(days))


def _quantile(ordered: Sequence[Decimal], part: Decimal) -> Decimal:
    """The quantile `part` (0 to 1) of sorted values, by linear interpolation."""
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True, slots=True)
class _Ends:
    """For each grant, the day on which it is empty (None: not before it expires), and what is unused when it expires."""

    days: list[date | None]
    spare: list[Decimal]

    def last(self, grants: Sequence[CreditGrant]) -> date:
        """The day from which no grant pays."""
        return max(day or grant.expires for day, grant in zip(self.days, grants, strict=True))


def _ends(grants: Sequence[CreditGrant], left: Sequence[Decimal], pace: Decimal | None, begin: date) -> _Ends:
    """Spend `pace` a day from `begin` on, from the grant that expires first."""
    rest = list(left)
    days = [begin if grant.expires > begin and not rest[n] else None for n, grant in enumerate(grants)]
    if pace is None or pace <= 0:
        return _Ends(days, rest)
    day = begin
    while day < begin + timedelta(days=FURTHEST_DAYS) and any(_alive(grants, rest, day)):
        due = pace
        for index in [i for i, alive in enumerate(_alive(grants, rest, day)) if alive and grants[i].start <= day]:
            part = min(due, rest[index])
            rest[index], due = rest[index] - part, due - part
            if not rest[index]:
                days[index] = day
        day += timedelta(days=1)
    return _Ends(days, rest)


def _alive(grants: Sequence[CreditGrant], rest: Sequence[Decimal], day: date) -> list[bool]:
    return [amount > 0 and day < grant.expires for grant, amount in zip(grants, rest, strict=True)]


def as_data(
    found: Sequence[CreditBalance],
    ledger: Ledger,
    today: date,
    history: Callable[[CreditBalance], list[dict[str, Any]]] = lambda _balance: [],
) -> dict[str, Any]:
    """Balances as one JSON object: amounts are exact decimals in strings; `history` gives what was left on which day."""
    as_of = ledger.as_of
    return {
        "today": today.isoformat(),
        "as_of": as_of.isoformat() if as_of else None,
        "source": ledger.origin,
        "simulated": ledger.simulated,
        "official": False,
        "how": HOW,
        "credits": [_balance_json(balance, today) | {"history": history(balance)} for balance in found],
    }


def _balance_json(balance: CreditBalance, today: date) -> dict[str, Any]:
    burn = balance.burn
    return {
        "name": balance.name,
        "currency": balance.currency,
        "left": exact(balance.left),
        "used_beyond_grants": exact(balance.over),
        "ends": _spread(balance.end),
        "cost_a_day": {
            "mean": _exact(burn.mean),
            "slow": _exact(burn.slow),
            "fast": _exact(burn.fast),
            "days": burn.days,
        },
        "grants": [_standing_json(standing, today) for standing in balance.standings],
    }


def _standing_json(standing: GrantBalance, today: date) -> dict[str, Any]:
    grant = standing.grant
    return {
        "member": grant.member,
        "amount": exact(grant.amount),
        "start": grant.start.isoformat(),
        "expires": grant.expires.isoformat(),
        "expired": standing.expired(today),
        "counted_from": grant.counted_from.isoformat(),
        "used": exact(standing.used),
        "left": exact(standing.left),
        "runs_out": _spread(standing.empty),
        "unused_at_expiry": exact(standing.lost),
    }


def _spread(spread: PredictedDay) -> dict[str, str | None]:
    days = {"likely": spread.likely, "soonest": spread.soonest, "latest": spread.latest}
    return {name: day.isoformat() if day else None for name, day in days.items()}


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else exact(value)
