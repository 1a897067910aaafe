"""The ledger of charges: the lines that the query returns, in the same form for every kind of export."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from groundwork.cost.amounts import total
from groundwork.cost.billing.query import COLUMNS

SIMULATED_ACCOUNT = "SIMULATED"
"""Prefix of simulated billing accounts; whatever shows their costs says "simulated"."""


MADE_UP = "Simulated: these costs are invented."
NO_SERVICE = "(no service)"
"""The service of usage that names none. Taxes, rounding and adjustments name none either; they go by their cost type."""


@dataclass(frozen=True, slots=True)
class Line:
    """Everything charged on a Pacific day for one account, invoice, project, service, member and component.

    Where `daily` is False, the line covers a whole invoice, and `day` is only the first day of possible use.
    `gross` is before credits; `promotion` and `other_credits` are negative. Amounts are exact, in `currency`.
    `member` and `component` are "" without a label; `project` is "" for taxes and support.
    """

    day: date
    invoice_month: str
    account: str
    currency: str
    cost_type: str
    service_id: str
    service: str
    project: str
    member: str
    component: str
    gross: Decimal
    promotion: Decimal
    other_credits: Decimal
    line_count: int
    exported: datetime | None
    daily: bool = True

    @property
    def before_promotion(self) -> Decimal:
        """The cost after discounts and free tier, before promotional credits."""
        return total((self.gross, self.other_credits))

    @property
    def span(self) -> tuple[date, date]:
        """The first and the last possible day of use: its day, or its invoice's whole month."""
        if self.daily:
            return self.day, self.day
        year, month = int(self.invoice_month[:4]), int(self.invoice_month[4:])
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])

    @property
    def late(self) -> bool:
        """Whether it was billed on a later month's invoice than the day it was used."""
        return self.daily and self.invoice_month > f"{self.day:%Y%m}"


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A file that a ledger was read from: its layout, its number of lines, and whether they have days."""

    file: str
    layout: str
    line_count: int
    daily: bool = True


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of one export, or of several.

    `origin` says where they came from, `parts` lists the files; `notes` are sentences about what the export lacks;
    `daily` is False if any line has no day; `simulation` is the sentence shown when some of it is simulated.
    """

    lines: tuple[Line, ...]
    origin: str
    notes: tuple[str, ...] = ()
    daily: bool = True
    parts: tuple[LedgerFile, ...] = ()
    simulation: str = MADE_UP

    @property
    def as_of(self) -> datetime | None:
        """When the newest line was exported; None where the layout does not say."""
        return max((line.exported for line in self.lines if line.exported), default=None)

    @property
    def simulated(self) -> bool:
        """Whether any of it is invented, or was used on the local cloud, which bills nothing."""
        return any(line.account.startswith(SIMULATED_ACCOUNT) for line in self.lines)


def merged(ledgers: Sequence[Ledger], notes: Sequence[str] = ()) -> Ledger:
    """Several exports as one, with `notes` about them together."""
    return Ledger(
        lines=tuple(line for ledger in ledgers for line in ledger.lines),
        origin=", ".join(ledger.origin for ledger in ledgers),
        notes=tuple(dict.fromkeys([*(note for ledger in ledgers for note in ledger.notes), *notes])),
        daily=all(ledger.daily for ledger in ledgers),
        parts=tuple(part for ledger in ledgers for part in ledger.parts),
    )


def lines_of(answer: Iterable[Sequence[Any]]) -> tuple[Line, ...]:
    """The lines in the result of a query by either engine, sorted by day; a row has the columns query.COLUMNS."""
    return tuple(sorted((_line(dict(zip(COLUMNS, row, strict=True))) for row in answer), key=_place))


def _place(line: Line) -> tuple[str, ...]:
    where = (line.invoice_month, line.account, line.currency, line.cost_type, line.service_id, line.project)
    return (line.day.isoformat(), *where, line.member, line.component)


def _line(row: dict[str, Any]) -> Line:
    kind = row["cost_type"] or "regular"
    promotion = _amount(row["promotion"])
    nameless = NO_SERVICE if kind == "regular" else kind.replace("_", " ").capitalize()
    return Line(
        day=row["day"],
        invoice_month=row["invoice_month"] or "",
        account=row["billing_account_id"] or "",
        currency=row["currency"],
        cost_type=kind,
        service_id=row["service_id"] or row["service"] or nameless,
        service=row["service"] or row["service_id"] or nameless,
        project=row["project"] or "",
        member=row["member"] or "",
        component=row["component"] or "",
        gross=_amount(row["gross"]),
        promotion=promotion,
        other_credits=total((_amount(row["credits"]), -promotion)),
        line_count=int(row["line_count"]),
        exported=datetime.fromisoformat(row["exported"]) if row["exported"] else None,
    )


def _amount(value: Any) -> Decimal:
    """An exact amount; a list holds the parts of one, each of which may be null."""
    return total(Decimal(part) for part in value if part) if isinstance(value, list) else Decimal(value)
