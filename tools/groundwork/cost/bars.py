"""The bar chart of each member's remaining credits, with the day on which they run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from groundwork.cost.amounts import as_money, exact, total
from groundwork.cost.credits import CreditBalance, GrantBalance

_WIDE = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """A member's unexpired grants in one currency: the sums granted and left, and the day on which the last of them ends.

    With `foreseen` they are expected to be used up on that day; otherwise they expire on it.
    """

    member: str
    granted: Decimal
    left: Decimal
    currency: str
    end: date
    foreseen: bool

    @property
    def drawn(self) -> str:
        """The bar, twenty characters wide; at least one is filled where anything is left."""
        full = int(_WIDE * self.left / self.granted) if self.granted else 0
        full = max(full, 1) if self.left > 0 else 0
        return "█" * full + "░" * (_WIDE - full)

    @property
    def words(self) -> str:
        """What is left, out of how much, and until when."""
        ends = f"used up on {self.end}" if self.foreseen else f"expires on {self.end}"
        return f"{as_money(self.left, self.currency)} of {as_money(self.granted, self.currency)} left, {ends if self.left else 'used up'}"


def bars(balances: Sequence[CreditBalance], today: date) -> list[Bar]:
    """A bar for each member and currency that has an unexpired grant, sorted by member."""
    grants: dict[tuple[str, str], list[GrantBalance]] = {}
    for balance in balances:
        for standing in balance.standings:
            if not standing.expired(today):
                grants.setdefault((standing.grant.member, balance.currency), []).append(standing)
    return [_bar(*key, standings) for key, standings in sorted(grants.items())]


def _bar(member: str, currency: str, standings: Sequence[GrantBalance]) -> Bar:
    last = max(standings, key=lambda standing: standing.empty.likely or standing.grant.expires)
    return Bar(
        member,
        total(standing.grant.amount for standing in standings),
        total(standing.left for standing in standings),
        currency,
        last.empty.likely or last.grant.expires,
        last.empty.likely is not None,
    )


def lines(found: Sequence[Bar]) -> list[str]:
    """The bars as aligned lines of text."""
    wide = max((len(bar.member) for bar in found), default=0)
    return [f"{bar.member:<{wide}}  {bar.drawn}  {bar.words}" for bar in found]


def as_data(bar: Bar) -> dict[str, Any]:
    """A bar as `status --json` prints it: amounts are exact decimals in strings."""
    return {
        "member": bar.member,
        "currency": bar.currency,
        "granted": exact(bar.granted),
        "left": exact(bar.left),
        "ends": bar.end.isoformat(),
        "used_up_then": bar.foreseen,
    }
