"""The spending report: a ledger limited to a period and one currency, by member, service, component and day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from groundwork.cost.amounts import ZERO, exact, total
from groundwork.cost.billing.ledger import Ledger, Line
from groundwork.errors import UsageProblem

FRESH_HOURS = 24
UNLABELLED = "(no label)"
NO_PROJECT = "(no project)"


@dataclass(frozen=True, slots=True)
class Period:
    """Which lines count: those used from `since` until the day before `until`, or those on the invoice of `month` (202610)."""

    since: date | None = None
    until: date | None = None
    month: str | None = None

    def holds(self, line: Line) -> bool:
        """Whether a line belongs to it."""
        if self.month:
            return line.invoice_month == self.month
        first, last = line.span
        return (self.since is None or last >= self.since) and (self.until is None or first < self.until)

    @property
    def words(self) -> str:
        """The period in words, for a heading."""
        if self.month:
            return f"invoice of {self.month[:4]}-{self.month[4:]}"
        if not (self.since or self.until):
            return "everything in the export"
        last = f" to {self.until - timedelta(days=1)}" if self.until else ""
        return f"days {f'from {self.since}' if self.since else 'up'}{last}"


def period(since: str | None, until: str | None, month: str | None) -> Period:
    """A period from the user's input: days as 2026-10-31 (`until` is the last one), a month as 2026-10.

    Raises UsageProblem for an invalid day or month, for days in the wrong order, and for both days and a month.
    """
    if month and (since or until):
        raise UsageProblem("--month is an invoice, --from and --until are days of use; give one or the other.")
    if month:
        return Period(month=_month(month))
    first, last = _day("--from", since), _day("--until", until)
    if first and last and first > last:
        raise UsageProblem(f"--from {first} is after --until {last}; give the earlier day first.")
    return Period(first, last + timedelta(days=1) if last else None)


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as problem:
        raise UsageProblem(f"{option} {text} is not a day; write it as 2026-10-31.") from problem


def _month(text: str) -> str:
    found = re.fullmatch(r"(\d{4})-?(0[1-9]|1[0-2])", text)
    if not found:
        raise UsageProblem(f"--month {text} is not a month; write it as 2026-10.")
    return found[1] + found[2]


@dataclass(frozen=True, slots=True)
class Sums:
    """Exact sums of lines; credits are negative."""

    gross: Decimal = ZERO
    other_credits: Decimal = ZERO
    promotion: Decimal = ZERO
    line_count: int = 0

    @property
    def before_promotion(self) -> Decimal:
        """After free tier and discounts, before promotional credits; rankings use this."""
        return total((self.gross, self.other_credits))

    @property
    def net(self) -> Decimal:
        """After all credits: what is actually paid."""
        return total((self.before_promotion, self.promotion))


def summed(lines: Iterable[Line]) -> Sums:
    """The sums of `lines`."""
    lines = list(lines)
    return Sums(
        gross=total(line.gross for line in lines),
        other_credits=total(line.other_credits for line in lines),
        promotion=total(line.promotion for line in lines),
        line_count=sum(line.line_count for line in lines),
    )


@dataclass(frozen=True, slots=True)
class CostGroup:
    """The sums of the lines that share a key; `name` is the key for people."""

    key: str
    name: str
    sums: Sums


Key = Callable[[Line], tuple[str, str]]
GROUPINGS: Mapping[str, Key] = {
    "member": lambda line: (line.member, line.member or UNLABELLED),
    "service": lambda line: (line.service_id, line.service),
    "component": lambda line: (line.component, line.component or UNLABELLED),
    "day": lambda line: (line.day.isoformat(), line.day.isoformat()),
    "project": lambda line: (line.project, line.project or NO_PROJECT),
    "account": lambda line: (line.account, line.account),
    "invoice": lambda line: (line.invoice_month, f"{line.invoice_month[:4]}-{line.invoice_month[4:]}"),
    "cost type": lambda line: (line.cost_type, line.cost_type.replace("_", " ")),
}
"""What a report can be grouped by, as key and name of a line. Services go by ID, because Google changes their names."""

IN_ORDER = frozenset({"day", "invoice"})


@dataclass(frozen=True, slots=True)
class CostReport:
    """A ledger's lines of one period in one currency; `age` is the time since the newest line was exported."""

    ledger: Ledger
    lines: tuple[Line, ...]
    period: Period
    currency: str
    age: timedelta | None

    def by(self, grouping: str) -> list[CostGroup]:
        """Groups, the most expensive before promotional credits first; days and invoices in order of time."""
        key, found = GROUPINGS[grouping], dict[str, list[Line]]()
        for line in self.lines:
            found.setdefault(key(line)[0], []).append(line)
        groups = [CostGroup(value, key(lines[-1])[1], summed(lines)) for value, lines in found.items()]
        if grouping in IN_ORDER:
            return sorted(groups, key=lambda group: group.key)
        return sorted(groups, key=lambda group: (-group.sums.before_promotion, group.key))

    @property
    def sums(self) -> Sums:
        """The sums of all lines."""
        return summed(self.lines)

    @property
    def late(self) -> Sums:
        """The sums of lines that were billed on a later invoice than that of their day's month."""
        return summed(line for line in self.lines if line.late)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that a reader must know before relying on the figures."""
        found = [self.ledger.simulation] if self.ledger.simulated else []
        if self.age is not None and self.age > timedelta(hours=FRESH_HOURS):
            hours = int(self.age.total_seconds() // 3600)
            ago = f"{hours} hours" if hours < 2 * FRESH_HOURS else f"{self.age.days} days"
            found.append(f"The newest line was exported {ago} ago: later costs are missing.")
        return (*found, *self.ledger.notes)

    def unfinished(self, day: date) -> bool:
        """Whether lines for `day` may still arrive: Google exports with a lag of up to a day, and guarantees nothing."""
        as_of = self.ledger.as_of
        return as_of is not None and day >= as_of.date() - timedelta(days=1)


def report(ledger: Ledger, wanted: Period, now: datetime, currency: str | None = None) -> CostReport:
    """The report on the period `wanted`, as of `now` (with a time zone).

    Raises UsageProblem when the period has no lines, when it is given in days and some lines have none, and when it has
    several currencies and none is chosen: amounts in different currencies are never added.
    """
    if (wanted.since or wanted.until) and not ledger.daily:
        raise UsageProblem(_without_days(ledger))
    lines = [line for line in ledger.lines if wanted.holds(line)]
    if not lines:
        where = "it" if wanted == Period() else f"the {wanted.words}"
        raise UsageProblem(f"{ledger.origin} has no costs in {where}. {_span(ledger)}")
    currencies = sorted({line.currency for line in lines})
    if currency is None and len(currencies) > 1:
        raise UsageProblem(
            f"{ledger.origin} has costs in {' and '.join(currencies)}, which cannot be added up. Choose one: --currency {currencies[0]}."
        )
    chosen = (currency or currencies[0]).upper()
    if chosen not in currencies:
        raise UsageProblem(f"{ledger.origin} has no costs in {chosen}, only in {' and '.join(currencies)}.")
    age = now - ledger.as_of if ledger.as_of else None
    return CostReport(ledger, tuple(line for line in lines if line.currency == chosen), wanted, chosen, age)


def _without_days(ledger: Ledger) -> str:
    files = ", ".join(part.file for part in ledger.parts if not part.daily) or ledger.origin
    months = sorted({line.invoice_month for line in ledger.lines if not line.daily})
    month = f"{months[-1][:4]}-{months[-1][4:]}" if months else "2026-10"
    return f"{files} has lines for whole invoices and no days, so --from and --until cannot be applied. Choose an invoice: --month {month}."


def _span(ledger: Ledger) -> str:
    if not ledger.lines:
        return "It has no lines at all: wait for the export's first rows, or give another file."
    days, months = (
        [line.day for line in ledger.lines if line.daily],
        sorted({line.invoice_month for line in ledger.lines}),
    )
    return f"It has {f'days {min(days)} to {max(days)} and ' if days else ''}invoices {', '.join(months)}."


def renamed(ledger: Ledger, names: Mapping[str, str]) -> Ledger:
    """The ledger with member labels replaced by `names` (label → e-mail address); other labels stay."""
    return replace(
        ledger, lines=tuple(replace(line, member=names.get(line.member, line.member)) for line in ledger.lines)
    )


def member_names(emails: Iterable[str]) -> dict[str, str]:
    """The label values that stand for members: a label may have no @ and no dot, so alice@example.com is alice or alice-example-com.

    A value that could be two members' is left out.
    """
    names: dict[str, str] = {}
    for email in emails:
        person = re.sub(r"[^a-z0-9_-]", "-", email.split("@")[0].lower())
        for label in (re.sub(r"[^a-z0-9_-]", "-", email.lower()), re.sub(r"[^a-z0-9_-]", "_", email.lower()), person):
            names[label] = "" if label in names and names[label] != email else email
    return {label: email for label, email in names.items() if email}


def as_data(found: CostReport) -> dict[str, Any]:
    """The report as one JSON object; amounts are exact decimals in strings."""
    as_of = found.ledger.as_of
    return {
        "source": found.ledger.origin,
        "files": [{"file": part.file, "layout": part.layout, "lines": part.line_count} for part in found.ledger.parts],
        "simulated": found.ledger.simulated,
        "currency": found.currency,
        "period": {
            "from": _iso(found.period.since),
            "before": _iso(found.period.until),
            "invoice_month": found.period.month,
        },
        "as_of": as_of.isoformat() if as_of else None,
        "warnings": list(found.warnings),
        "total": _sums(found.sums),
        "late": _sums(found.late),
        **{f"by_{grouping.replace(' ', '_')}": _groups(found, grouping) for grouping in groupings(found)},
    }


def groupings(found: CostReport) -> list[str]:
    """What this report can be grouped by: everything, but not by day where the export has one line a month."""
    return [grouping for grouping in GROUPINGS if grouping != "day" or found.ledger.daily]


def _groups(found: CostReport, grouping: str) -> list[dict[str, Any]]:
    name = grouping.replace(" ", "_")
    rows: list[dict[str, Any]] = []
    for group in found.by(grouping):
        extra = {"complete": not found.unfinished(date.fromisoformat(group.key))} if grouping == "day" else {}
        rows.append({name: group.key, "name": group.name, **_sums(group.sums), **extra})
    return rows


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "gross": exact(sums.gross),
        "other_credits": exact(sums.other_credits),
        "before_promotional_credits": exact(sums.before_promotion),
        "promotional_credits": exact(sums.promotion),
        "net": exact(sums.net),
        "lines": sums.line_count,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
