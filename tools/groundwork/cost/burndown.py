"""The burn-down chart of a credit balance, from its first grant to the range of days in which it will run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from groundwork.cost import axes
from groundwork.cost.amounts import as_money, exact
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.credits import CreditBalance, left_on

_POINTS = 60
_AHEAD = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Burndown:
    """A balance, and what was left of it on some days up to today."""

    balance: CreditBalance
    points: Sequence[tuple[date, Decimal]]

    @property
    def top(self) -> Decimal:
        """The most that was left on any day."""
        return max(amount for _, amount in self.points)


def burndown(balance: CreditBalance, ledger: Ledger, today: date) -> Burndown:
    """What was left since counting began, on at most sixty evenly spaced days."""
    first = min(standing.grant.counted_from for standing in balance.standings)
    lines = [line.day for line in ledger.lines]
    first = min(max(first, min(lines, default=today) - timedelta(days=1)), today)
    step = max(1, -(-(today - first).days // _POINTS))
    days = [first + timedelta(days=n) for n in range(0, (today - first).days, step)]
    return Burndown(balance, (*((day, left_on(balance, ledger, day)) for day in days), (today, balance.left)))


def as_data(found: Burndown) -> list[dict[str, Any]]:
    """The points as `cost credits --json` prints them."""
    return [{"day": day.isoformat(), "left": exact(amount)} for day, amount in found.points]


def drawn(found: Burndown, today: date, sentence: str, name: str) -> str:
    """The chart with its caption, as HTML."""
    end = found.balance.end
    last = min(max(filter(None, (end.latest, end.likely, today + timedelta(days=14)))), today + _AHEAD)
    begin = found.points[0][0]
    span, top = max((last - begin).days, 1), axes.marks(found.top)[-1]

    def at(day: date, amount: Decimal) -> str:
        x = axes.LEFT + min((day - begin).days / span, 1) * (axes.WIDTH - axes.LEFT)
        return f"{x:.1f},{axes.GROUND - axes.share(amount, top, axes.HIGH):.1f}"

    line = " ".join(at(day, amount) for day, amount in found.points)
    now = at(today, found.balance.left)
    nothing = Decimal(0)
    cone = (
        f'<polygon class="cone" points="{now} {at(end.soonest, nothing)} {at(end.latest, nothing)}"/>'
        if end.soonest and end.latest and found.balance.left
        else ""
    )
    likely = (
        f'<polyline class="ahead" points="{now} {at(end.likely, nothing)}"/>'
        if end.likely and found.balance.left
        else ""
    )
    marks = {begin: "start", today: "middle" if today < last else "end", last: "end"}
    texts = "".join(
        f'<text x="{at(day, nothing).partition(",")[0]}" y="{axes.HEIGHT - 8}" text-anchor="{anchor}">{day}</text>'
        for day, anchor in marks.items()
    )
    return (
        f'<figure><div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}"><svg class="days" viewBox="0 0 {axes.WIDTH} {axes.HEIGHT}" role="img" aria-label="{escape(f"{name}, from {as_money(found.top, found.balance.currency)} on {begin}. {sentence}")}">'
        f'{axes.scale(top, found.balance.currency)}{cone}{likely}<polyline class="left" points="{line}"/>{texts}</svg></div>'
        f"<figcaption>{escape(sentence)}</figcaption></figure>"
    )
